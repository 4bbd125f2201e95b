#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "isa/generate/dice.h"
#include "isa/generate/random_program.h"
#include "isa/text/parse.h"

namespace cim::isa {

namespace {

constexpr int most_slots = 8;
constexpr Index cores = 4;
constexpr Index crossbars = 3;

// Templates. An item's slot in a ring of r slots is (its number mod r) slots of `bytes` from the ring's start. `have` counts items in the
// ring read, `took` those taken out of it; `put` and `room` the same for the ring written. `n` items an input.
//
// The head is what a producer with a fault has different: {last} the loop's end, {credit} the wait for room, {off} bytes too far.
constexpr const char* head =
    "template {name}({params}) {{\n"
    "  for b in 0..batch {{\n"
    "    for i in 0..{last} {{\n";
constexpr const char* tail =
    "    }\n"
    "  }\n"
    "}\n";

/// A ring between a producer and a consumer.
struct Stream {
    int id = 0;
    Index place = chip;  ///< whose local memory holds it
    int slots = 1;
    int bytes = 0;  ///< of a slot
};

class RunnableMaker {
  public:
    RunnableMaker(std::uint64_t seed, const RunnableOptions& options) : dice_(seed), options_(options) {}

    RunnableProgram run() {
        item_ = static_cast<int>(dice_.roll(4, 24));
        items_ = options_.items > 0 ? std::max(options_.items, most_slots + 1) : static_cast<int>(dice_.roll(most_slots + 1, 40));
        for (std::int64_t i = dice_.roll(1, 3); i > 0; --i) {
            source();
        }
        for (int i = 0; i < options_.steps; ++i) {
            step();
        }
        while (!open_.empty()) {
            sink(take_any());
        }
        return finish();
    }

  private:
    // ---- streams ----

    Stream stream(Index place, int bytes) {
        const Stream s{streams_++, place, static_cast<int>(dice_.roll(1, most_slots)), bytes};
        std::int64_t& top = place == chip ? l0_ : l1_[place];
        top += dice_.roll(0, 3);
        fmt::format_to(std::back_inserter(buffers_), "buffer ring{} {} {} {}\n", s.id, place == chip ? "l0" : fmt::format("l1[{}]", place),
                       top, s.slots * bytes);
        top += std::int64_t{s.slots} * bytes;
        const std::string at = place_text(place);
        fmt::format_to(std::back_inserter(counters_), "counter have{0}[1] {1} data\ncounter took{0}[1] {1} space\n", s.id, at);
        return s;
    }

    Stream take_any() {
        const auto at = open_.begin() + dice_.roll(0, static_cast<std::int64_t>(open_.size()) - 1);
        const Stream s = *at;
        open_.erase(at);
        return s;
    }

    static std::string place_text(Index place) { return place == chip ? "chip" : fmt::format("core[{}]", place); }
    static std::string slot(const char* ring, const Stream& s) { return fmt::format("{} + (b*n + i) mod {}*{}", ring, s.slots, s.bytes); }

    // ---- flows ----

    /// A flow that moves items: `inputs` are awaited and, when `frees`, given back; `op` writes to `outputs`, which are signalled unless
    /// the operator does it.
    struct Work {
        Index place = chip;
        std::string_view engine;
        std::vector<Stream> inputs;
        std::vector<Stream> outputs;
        std::vector<Stream> freed;
        bool signals = true;
        std::vector<std::string> ops;  ///< with {dst} for the first output's slot, and so on in `destinations`
        std::string more_params;       ///< ", p" ...
        std::string more_args;         ///< ", @p" ...
    };

    void flow(const Work& work) {
        const int id = flows_count_++;
        producers_.push_back({});
        Producer& producer = producers_.back();
        producer.has_output = !work.outputs.empty();
        producer.is_crossbar = work.engine == "crossbar";
        std::string params = "n";
        std::string args = std::to_string(items_);
        const auto pass = [&](const char* name, int number, const std::string& arg) {
            params += fmt::format(", {}{}", name, number);
            args += arg;
        };
        for (const Stream& s : work.inputs) {
            pass("in", s.id, fmt::format(", @ring{}", s.id));
            pass("have", s.id, fmt::format(", @have{}", s.id));
            producer.waits += fmt::format("      await have{}[0] >= b*n + i + 1\n", s.id);
        }
        for (const Stream& s : work.freed) {
            pass("took", s.id, fmt::format(", @took{}", s.id));
            producer.signals += fmt::format("      signal took{}[0] += 1\n", s.id);
        }
        for (const Stream& s : work.outputs) {
            pass("out", s.id, fmt::format(", @ring{}", s.id));
            pass("put", s.id, fmt::format(", @have{}", s.id));
            pass("room", s.id, fmt::format(", @took{}", s.id));
            producer.credits.emplace_back(fmt::format("room{}[0] >= b*n + i", s.id), s.slots);
            if (work.signals) {
                producer.signals += fmt::format("      signal put{}[0] += 1\n", s.id);
            }
        }
        for (const std::string& op : work.ops) {
            producer.ops += "      " + op + "\n";
        }
        producer.name = fmt::format("t{}", id);
        producer.params = params + work.more_params;
        fmt::format_to(std::back_inserter(flows_), "flow f{} {} {} op=0 t{}({}{})\n", id, place_text(work.place), work.engine, id, args,
                       work.more_args);
    }

    static std::string in_slot(const Stream& s) { return slot(fmt::format("in{}", s.id).c_str(), s); }
    /// The marker stands where the fault OffByOne adds its byte.
    static std::string out_slot(const Stream& s) { return slot(fmt::format("out{}", s.id).c_str(), s) + "$"; }

    void source() {
        if (dice_.once_in(2)) {
            const Stream s = stream(static_cast<Index>(dice_.roll(0, cores - 1)), item_);
            flow({s.place,
                  "alu",
                  {},
                  {s},
                  {},
                  true,
                  {fmt::format("alu.fill dst={} n={} value={}", out_slot(s), item_, dice_.roll(0, 255))},
                  "",
                  ""});
            open_.push_back(s);
            return;
        }
        const Stream staged = stream(chip, item_);
        const std::string name = fmt::format("image{}", inputs_++);
        flow({chip,
              "move",
              {},
              {staged},
              {},
              true,
              {fmt::format("mov.fetch dst={} src=ext + (b*n + i)*{} n={}", out_slot(staged), item_, item_)},
              ", ext",
              fmt::format(", @{}", name)});
        tensor("input", name);
        const Stream s = stream(static_cast<Index>(dice_.roll(0, cores - 1)), item_);
        flow({s.place,
              "move",
              {staged},
              {s},
              {staged},
              true,
              {fmt::format("mov.load dst={} src={} n={}", out_slot(s), in_slot(staged), item_)},
              "",
              ""});
        open_.push_back(s);
    }

    void tensor(const char* kind, const std::string& name) {
        constexpr int most_batch = 4;
        const std::int64_t size = std::int64_t{items_} * item_;
        fmt::format_to(std::back_inserter(tensors_[kind == std::string_view("output") ? 1 : 0]),
                       "{} \"{}\" 1x{} scale=1 zero=0 ext={} size={}\n", kind, name, size, ext_, size);
        fmt::format_to(std::back_inserter(buffers_), "buffer {} ext {} {}\n", name, ext_, size * most_batch);
        ext_ += size * most_batch;
    }

    void step() {
        const Stream in = take_any();
        switch (dice_.roll(0, options_.branches ? 4 : 2)) {
            case 0: open_.push_back(moved(in, in.place)); return;
            case 1: open_.push_back(moved(in, static_cast<Index>(dice_.roll(0, cores - 1)))); return;
            case 2: open_.push_back(multiplied(in)); return;
            case 3: fork(in); return;
            default: join(in); return;
        }
    }

    Stream moved(const Stream& in, Index to) {
        const Stream out = stream(to, item_);
        const std::string op = to == in.place ? fmt::format("mov.copy dst={} src={} n={}", out_slot(out), in_slot(in), item_)
                                              : fmt::format("mov.send core={} dst={} src={} n={}", to, out_slot(out), in_slot(in), item_);
        flow({in.place, "move", {in}, {out}, {in}, true, {op}, "", ""});
        return out;
    }

    Stream multiplied(const Stream& in) {
        if (used_crossbars_[in.place] == crossbars) {
            return moved(in, in.place);
        }
        const Index xb = used_crossbars_[in.place]++;
        fmt::format_to(std::back_inserter(weights_), "weight w{0} {1}x{1} bits=8 ext={2}\n", weights_count_, item_, ext_);
        fmt::format_to(std::back_inserter(buffers_), "buffer image.w{} ext {} {}\n", weights_count_, ext_, item_ * item_);
        fmt::format_to(std::back_inserter(setup_), "setup flow write{0} core[{1}] crossbar op=0 write({2}, @w{0})\n", weights_count_,
                       in.place, xb);
        ext_ += std::int64_t{item_} * item_;
        ++weights_count_;
        const Stream sums = stream(in.place, 4 * item_);
        // The slot read is given back by who learns that the read is complete.
        flow({in.place,
              "crossbar",
              {in},
              {sums},
              {},
              false,
              {fmt::format("cim.read_xb xb={} src={} n={} dst={} cols={} => put{}[0] += 1", xb, in_slot(in), item_, out_slot(sums), item_,
                           sums.id)},
              "",
              ""});
        const Stream out = stream(in.place, item_);
        flow({in.place,
              "alu",
              {sums},
              {out},
              {sums, in},
              true,
              {fmt::format("alu.requant dst={} src={} n={} param=p", out_slot(out), in_slot(sums), item_)},
              ", p",
              ", @quant"});
        return out;
    }

    void fork(const Stream& in) {
        const Stream a = stream(in.place, item_);
        const Stream b = stream(in.place, item_);
        flow({in.place,
              "move",
              {in},
              {a, b},
              {in},
              true,
              {fmt::format("mov.copy dst={} src={} n={}", out_slot(a), in_slot(in), item_),
               fmt::format("mov.copy dst={} src={} n={}", out_slot(b), in_slot(in), item_)},
              "",
              ""});
        open_.push_back(a);
        open_.push_back(b);
    }

    void join(const Stream& first) {
        if (open_.empty()) {
            fork(first);
            return;
        }
        Stream second = take_any();
        if (second.place != first.place) {
            second = moved(second, first.place);
        }
        const Stream out = stream(first.place, item_);
        flow({first.place,
              "alu",
              {first, second},
              {out},
              {first, second},
              true,
              {fmt::format("alu.add dst={} a={} b={} n={} param=p", out_slot(out), in_slot(first), in_slot(second), item_)},
              ", p",
              ", @sum"});
        open_.push_back(out);
    }

    void sink(const Stream& in) {
        const Stream staged = stream(chip, item_);
        flow({in.place,
              "move",
              {in},
              {staged},
              {in},
              true,
              {fmt::format("mov.store dst={} src={} n={}", out_slot(staged), in_slot(in), item_)},
              "",
              ""});
        const std::string name = fmt::format("result{}", outputs_++);
        flow({chip,
              "move",
              {staged},
              {},
              {staged},
              true,
              {fmt::format("mov.flush dst=ext + (b*n + i)*{} src={} n={}", item_, in_slot(staged), item_)},
              ", ext",
              fmt::format(", @{}", name)});
        tensor("output", name);
    }

    // ---- the whole ----

    struct Producer {
        std::string name;
        std::string params;
        std::string waits;
        std::vector<std::pair<std::string, int>> credits;  ///< "room[0] >= item", slots
        std::string ops;
        std::string signals;
        bool has_output = false;
        bool is_crossbar = false;
    };

    std::string body(const Producer& p, Fault fault) {
        std::string text = fmt::format(head, fmt::arg("name", p.name), fmt::arg("params", p.params),
                                       fmt::arg("last", fault == Fault::ShortCount ? "n - 1" : "n"));
        text += p.waits;
        for (const auto& [credit, slots] : p.credits) {
            if (fault != Fault::MissingCredit) {
                text += fmt::format("      await {} - {}\n", credit, fault == Fault::LooseCredit ? slots : slots - 1);
            }
        }
        for (const char c : p.ops) {
            if (c != '$') {
                text += c;
            } else if (fault == Fault::OffByOne) {
                text += " + 1";
            }
        }
        return text + p.signals + tail;
    }

    /// The slots that a crossbar flow reads are given back by the consumer of its sums, which may limit it as its own credit would.
    bool may_fail(const Producer& p) const {
        const bool credit = options_.fault == Fault::MissingCredit || options_.fault == Fault::LooseCredit;
        return p.has_output && !(p.is_crossbar && credit && !options_.branches);
    }

    RunnableProgram finish() {
        std::size_t faulty = producers_.size();
        while (options_.fault != Fault::None && (faulty == producers_.size() || !may_fail(producers_[faulty]))) {
            faulty = static_cast<std::size_t>(dice_.roll(0, static_cast<std::int64_t>(producers_.size()) - 1));
        }
        std::string text = "mop 1\nprogram \"generated\"\nmachine \"generated\" XBM\ndata \"none\" 0\noperator \"all\" \"Test\"\n";
        text += tensors_[0] + tensors_[1] + buffers_ + counters_ + weights_;
        text += fmt::format("param quant n={} zero=0 lo=0 hi=255\nparam sum n=2 zero=0 lo=0 hi=255\n", item_);
        text += "template write(xb, w) {\n  cim.write_xb xb=xb weight=w\n}\n";
        for (std::size_t i = 0; i < producers_.size(); ++i) {
            text += body(producers_[i], i == faulty ? options_.fault : Fault::None);
        }
        text += setup_ + flows_;
        RunnableProgram out;
        out.program = parse_text(text, "generated");
        values(out.program);
        out.limits.cores = cores;
        out.limits.crossbars_per_core = crossbars;
        out.limits.rows = 32;
        out.limits.cols = 256;
        out.limits.parallel_row = 32;
        out.limits.mode = Mode::XBM;
        return out;
    }

    void values(Program& program) {
        for (Weight& w : program.weights) {
            for (std::int64_t i = std::int64_t{w.rows} * w.cols; i > 0; --i) {
                w.values.push_back(static_cast<std::int16_t>(dice_.roll(-128, 127)));
            }
        }
        for (std::int32_t& bias : program.params[0].bias) {
            bias = static_cast<std::int32_t>(dice_.roll(-1000, 1000));
        }
        std::fill(program.params[0].scale.begin(), program.params[0].scale.end(), 1.0F / 256);
        program.params[1].scale = {0.5F, 0.5F, 1.0F};
    }

    Dice dice_;
    const RunnableOptions& options_;
    int item_ = 0;   ///< bytes
    int items_ = 0;  ///< an input
    std::vector<Stream> open_;
    std::vector<Producer> producers_;
    std::string buffers_;
    std::string counters_;
    std::string weights_;
    std::string setup_;
    std::string flows_;
    std::string tensors_[2];
    std::int64_t l0_ = 0;
    std::int64_t l1_[cores] = {};
    std::int64_t ext_ = 0;
    Index used_crossbars_[cores] = {};
    int streams_ = 0;
    int flows_count_ = 0;
    int inputs_ = 0;
    int outputs_ = 0;
    int weights_count_ = 0;
};

}  // namespace

RunnableProgram random_runnable(std::uint64_t seed, const RunnableOptions& options) {
    return RunnableMaker(seed, options).run();
}

}  // namespace cim::isa

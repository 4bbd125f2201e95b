#include "isa/generate/stream_program.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "isa/text/parse.h"
#include "isa/text/print.h"

namespace cim::isa {

namespace {

// An item's slot in a ring of r slots is (its number mod r) slots from the ring's start. `have` counts items in the ring read, `took` those
// taken out of it; `put` and `room` the same for the ring written.
//
// The head is what a producer with a fault has different: {last} the loop's end; and it waits for less room, or writes a byte too far.
constexpr const char* head =
    "template {name}({params}) {{\n"
    "  for b in 0..batch {{\n"
    "    for i in 0..{last} {{\n";
constexpr const char* tail =
    "    }\n"
    "  }\n"
    "}\n";
constexpr char off_by_one = '$';  ///< stands where that fault adds its byte

std::string slot(const char* ring, const Stream& s) {
    return fmt::format("{}{} + (b*n + i) mod {}*{}", ring, s.id, s.slots, s.item.slot());
}

template <typename... Args>
void add(std::string& text, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
}

}  // namespace

std::string in_slot(const Stream& s) {
    return slot("in", s);
}

std::string out_slot(const Stream& s) {
    return slot("out", s) + off_by_one;
}

Stream StreamProgram::stream(Index place, const Layout& item) {
    const Stream s{streams_count_++, place, static_cast<int>(dice_.roll(1, most_slots)), item};
    std::int64_t& top = tops_[place];
    top += dice_.roll(0, 3);
    const std::int64_t bytes = std::int64_t{s.slots} * item.slot();
    add(buffers_, "buffer ring{} {} {} {}\n", s.id, place == chip ? "l0" : fmt::format("l1[{}]", place), top, bytes);
    top += bytes;
    add(counters_, "counter have{0}[1] {1} data\ncounter took{0}[1] {1} space\n", s.id, place_text(place));
    return s;
}

void StreamProgram::flow(const Work& work) {
    const std::size_t id = producers_.size();
    Producer producer;
    producer.name = fmt::format("t{}", id);
    producer.has_output = !work.outputs.empty();
    producer.is_crossbar = work.engine == "crossbar";
    producer.params = "n";
    std::string args = std::to_string(items_);
    const auto pass = [&](const char* name, const Stream& s, const char* what) {
        add(producer.params, ", {}{}", name, s.id);
        add(args, ", @{}{}", what, s.id);
    };
    for (const Stream& s : work.inputs) {
        pass("in", s, "ring");
        pass("have", s, "have");
        add(producer.waits, "      await have{}[0] >= b*n + i + 1\n", s.id);
    }
    for (const Stream& s : work.freed) {
        pass("took", s, "took");
        add(producer.signals, "      signal took{}[0] += 1\n", s.id);
    }
    for (const Stream& s : work.outputs) {
        pass("out", s, "ring");
        pass("put", s, "have");
        pass("room", s, "took");
        producer.credits.emplace_back(fmt::format("room{}[0] >= b*n + i", s.id), s.slots);
        if (work.signals) {
            add(producer.signals, "      signal put{}[0] += 1\n", s.id);
        }
    }
    for (const std::string& symbol : work.symbols) {
        add(producer.params, ", {}", symbol);
        add(args, ", @{}", symbol);
    }
    for (const std::string& op : work.ops) {
        add(producer.ops, "      {}\n", op);
    }
    add(flows_, "flow f{} {} {} op=0 {}({})\n", id, place_text(work.place), work.engine, producer.name, args);
    producers_.push_back(std::move(producer));
}

std::string StreamProgram::tensor(bool output) {
    constexpr int most_batch = 4;
    const std::int64_t size = std::int64_t{items_} * item_;
    const std::string name = fmt::format("{}{}", output ? "result" : "image", tensors_count_++);
    add(output ? outputs_ : inputs_, "{} \"{}\" 1x{} scale=1 zero=0 ext={} size={}\n", output ? "output" : "input", name, size, ext_, size);
    add(buffers_, "buffer {} ext {} {}\n", name, ext_, size * most_batch);
    ext_ += size * most_batch;
    return name;
}

void StreamProgram::weight(Index core, Index xb) {
    const std::int64_t bytes = std::int64_t{item_} * item_;
    add(weights_, "weight w{0} {1}x{1} bits=8 ext={2}\n", weights_count_, item_, ext_);
    add(buffers_, "buffer image.w{} ext {} {}\n", weights_count_, ext_, bytes);
    add(setup_, "setup flow write{0} core[{1}] crossbar op=0 write({2}, @w{0})\n", weights_count_, core, xb);
    ext_ += bytes;
    ++weights_count_;
}

std::string StreamProgram::body(const Producer& p, Fault fault) {
    std::string text = fmt::format(head, fmt::arg("name", p.name), fmt::arg("params", p.params),
                                   fmt::arg("last", fault == Fault::ShortCount ? "n - 1" : "n"));
    text += p.waits;
    for (const auto& [credit, slots] : p.credits) {
        if (fault != Fault::MissingCredit) {
            add(text, "      await {} - {}\n", credit, fault == Fault::LooseCredit ? slots : slots - 1);
        }
    }
    for (const char c : p.ops) {
        if (c != off_by_one) {
            text += c;
        } else if (fault == Fault::OffByOne) {
            text += " + 1";
        }
    }
    return text + p.signals + tail;
}

std::string StreamProgram::params() const {
    std::string text;
    for (const auto& [name, constants] :
         {std::pair("quant", item_), std::pair("sum", 2), std::pair("product", 2), std::pair("slope", 1), std::pair("mean", 1)}) {
        add(text, "param {} n={} zero=0 lo=0 hi=255\n", name, constants);
    }
    return text;
}

void StreamProgram::fill_constants(Program& program) {
    for (Weight& w : program.weights) {
        for (std::int64_t i = std::int64_t{w.rows} * w.cols; i > 0; --i) {
            w.values.push_back(static_cast<std::int16_t>(dice_.roll(-128, 127)));
        }
    }
    const auto channels = static_cast<std::size_t>(item_);
    Param& quant = program.params[0];
    for (std::int32_t& bias : quant.bias) {
        bias = static_cast<std::int32_t>(dice_.roll(-1000, 1000));
    }
    quant.scale.assign(channels, 1.0F / 256);
    if (dice_.once_in(2)) {
        quant.negative_scale.assign(channels, -1.0F / 512);
    }
    program.params[1].scale = {0.5F, 0.5F, 1.0F};
    program.params[2].bias = {10, 100};
    program.params[2].scale = {1.0F / 64};
    program.params[3].bias = {100};
    program.params[3].scale.clear();
    for (std::size_t c = 0; c < channels; ++c) {
        program.params[3].scale.push_back(static_cast<float>(dice_.roll(1, 40)) / 16);
        program.params[3].negative_scale.push_back(static_cast<float>(dice_.roll(-40, -1)) / 16);
    }
    program.params[4].scale = {3.0F};
}

Program StreamProgram::finish(Fault fault, bool branches) {
    const bool credit = fault == Fault::MissingCredit || fault == Fault::LooseCredit;
    const auto may_fail = [&](const Producer& p) { return p.has_output && !(p.is_crossbar && credit && !branches); };
    std::size_t faulty = producers_.size();
    while (fault != Fault::None && (faulty == producers_.size() || !may_fail(producers_[faulty]))) {
        faulty = static_cast<std::size_t>(dice_.roll(0, static_cast<std::int64_t>(producers_.size()) - 1));
    }
    std::string text = "mop 1\nprogram \"generated\"\nmachine \"generated\" XBM\ndata \"none\" 0\noperator \"all\" \"Test\"\n";
    text += inputs_ + outputs_ + buffers_ + counters_ + weights_ + params();
    text += "template write(xb, w) {\n  cim.write_xb xb=xb weight=w\n}\n";
    for (std::size_t i = 0; i < producers_.size(); ++i) {
        text += body(producers_[i], i == faulty ? fault : Fault::None);
    }
    Program program = parse_text(text + setup_ + flows_, "generated");
    fill_constants(program);
    return program;
}

}  // namespace cim::isa

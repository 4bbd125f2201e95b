#include <algorithm>

#include <fmt/format.h>

#include "isa/generate/random_program.h"
#include "isa/generate/stream_program.h"

namespace cim::isa {

namespace {

constexpr Index cores = 4;
constexpr Index crossbars = 3;

/// Puts sources, operators and sinks together as the dice fall. Streams that wait for their consumer lie in cores, each item in one piece.
class RunnableMaker {
  public:
    RunnableMaker(std::uint64_t seed, const RunnableOptions& options)
        : dice_(seed),
          options_(options),
          pieces_(static_cast<int>(dice_.roll(2, 4))),
          item_(pieces_ * static_cast<int>(dice_.roll(2, 6))),
          program_(dice_, item_,
                   options.items > 0 ? std::max(options.items, most_slots + 1) : static_cast<int>(dice_.roll(most_slots + 1, 40))) {}

    RunnableProgram run() {
        for (std::int64_t i = dice_.roll(1, 3); i > 0; --i) {
            source();
        }
        for (int i = 0; i < options_.steps; ++i) {
            step();
        }
        while (!open_.empty()) {
            sink(take_any());
        }
        RunnableProgram out;
        out.program = program_.finish(options_.fault, options_.branches);
        out.limits.cores = cores;
        out.limits.crossbars_per_core = crossbars;
        out.limits.rows = 32;
        out.limits.cols = 256;
        out.limits.parallel_row = 32;
        out.limits.mode = Mode::XBM;
        return out;
    }

  private:
    // ---- streams ----

    Stream stream(Index place) { return program_.stream(place, {item_}); }
    Stream stream_of_some_layout(Index place) {
        if (dice_.once_in(2)) {
            return stream(place);
        }
        const int piece = item_ / pieces_;
        return program_.stream(place, {piece, pieces_, piece + static_cast<int>(dice_.roll(0, 3))});
    }

    Stream take_any() {
        const auto at = open_.begin() + dice_.roll(0, static_cast<std::int64_t>(open_.size()) - 1);
        const Stream s = *at;
        open_.erase(at);
        return s;
    }

    Index any_core() { return static_cast<Index>(dice_.roll(0, cores - 1)); }

    /// An item as the operand of mov.load or mov.copy.
    std::string window(const Stream& s) const {
        return s.item.pieces == 1
                   ? fmt::format("src={} n={}", in_slot(s), item_)
                   : fmt::format("src={} ring={} pitch={} tap={} n={}", in_slot(s), s.item.pieces, s.item.pitch, s.item.bytes, item_);
    }

    /// The fields n to src_pitch of a transfer; an end without a pitch is in line.
    std::string pieces(const std::string& dst_pitch, const std::string& src_pitch) const {
        if (dst_pitch.empty() && src_pitch.empty()) {
            return fmt::format("n={}", item_);
        }
        const std::string in_line = std::to_string(item_ / pieces_);
        return fmt::format("n={} count={} dst_pitch={} src_pitch={}", in_line, pieces_, dst_pitch.empty() ? in_line : dst_pitch,
                           src_pitch.empty() ? in_line : src_pitch);
    }
    static std::string pitch(const Stream& s) { return s.item.pieces == 1 ? "" : std::to_string(s.item.pitch); }

    /// Where the present item lies in external memory, and its pitch there: items in line, or, `by_pieces`, the first pieces of all items
    /// of an input before the second ones.
    std::string external(const std::string& tensor, bool by_pieces) const {
        return by_pieces ? fmt::format("{} + b*n*{} + i*{}", tensor, item_, item_ / pieces_)
                         : fmt::format("{} + (b*n + i)*{}", tensor, item_);
    }
    std::string external_pitch(bool by_pieces) const { return by_pieces ? fmt::format("n*{}", item_ / pieces_) : ""; }

    // ---- flows ----

    void source() {
        if (dice_.once_in(2)) {
            const Stream s = stream(any_core());
            const std::string op = fmt::format("alu.fill dst={} n={} value={}", out_slot(s), item_, dice_.roll(0, 255));
            program_.flow({s.place, "alu", {}, {s}, {}, {op}, {}});
            open_.push_back(s);
            return;
        }
        const Stream staged = stream_of_some_layout(chip);
        const bool by_pieces = dice_.once_in(2);
        const std::string name = program_.tensor(false);
        program_.flow({chip,
                       "move",
                       {},
                       {staged},
                       {},
                       {fmt::format("mov.fetch dst={} src={} {}", out_slot(staged), external(name, by_pieces),
                                    pieces(pitch(staged), external_pitch(by_pieces)))},
                       {name}});
        const Stream s = stream(any_core());
        program_.flow({s.place, "move", {staged}, {s}, {staged}, {fmt::format("mov.load dst={} {}", out_slot(s), window(staged))}, {}});
        open_.push_back(s);
    }

    void step() {
        const Stream in = take_any();
        switch (dice_.roll(0, options_.branches ? 5 : 3)) {
            case 0: open_.push_back(moved(in, in.place)); return;
            case 1: open_.push_back(moved(in, any_core())); return;
            case 2: open_.push_back(multiplied(in)); return;
            case 3: open_.push_back(scaled(in)); return;
            case 4: fork(in); return;
            default: join(in); return;
        }
    }

    Stream moved(const Stream& in, Index to) {
        if (to == in.place) {
            const Stream out = stream(to);
            program_.flow({to, "move", {in}, {out}, {in}, {fmt::format("mov.copy dst={} {}", out_slot(out), window(in))}, {}});
            return out;
        }
        const Stream out = stream_of_some_layout(to);
        const std::string op = fmt::format("mov.send core={} dst={} src={} {}", to, out_slot(out), in_slot(in), pieces(pitch(out), ""));
        program_.flow({in.place, "move", {in}, {out}, {in}, {op}, {}});
        return out.item.pieces == 1 ? out : moved(out, to);
    }

    Stream multiplied(const Stream& in) {
        if (used_crossbars_[in.place] == crossbars) {
            return moved(in, in.place);
        }
        const Index xb = used_crossbars_[in.place]++;
        program_.weight(in.place, xb);
        const Stream sums = program_.stream(in.place, {4 * item_});
        const std::string read = fmt::format("cim.read_xb xb={} src={} n={} dst={} cols={} => put{}[0] += 1", xb, in_slot(in), item_,
                                             out_slot(sums), item_, sums.id);
        // The slot read is given back by who learns that the read is complete.
        program_.flow({in.place, "crossbar", {in}, {sums}, {}, {read}, {}, false});
        const Stream out = stream(in.place);
        const std::string requant =
            fmt::format("alu.requant dst={} src={} n={} param=quant count={}", out_slot(out), in_slot(sums), item_, dice_.roll(1, 3));
        program_.flow({in.place, "alu", {sums}, {out}, {sums, in}, {requant}, {"quant"}});
        return out;
    }

    /// A slope, and in place of the first bytes, sometimes, the average of all pieces.
    Stream scaled(const Stream& in) {
        const Stream out = stream(in.place);
        Work work{in.place, "alu", {in}, {out}, {in}, {}, {"slope"}};
        work.ops.push_back(fmt::format("alu.prelu dst={} src={} n={} param=slope", out_slot(out), in_slot(in), item_));
        if (dice_.once_in(2)) {
            const int piece = item_ / pieces_;
            work.ops.push_back(fmt::format("alu.average src={} ring={} pitch={} tap={} n={} dst={} param=mean rows={} cols={}", in_slot(in),
                                           pieces_, piece, piece, item_, out_slot(out), pieces_, dice_.roll(1, 3)));
            work.symbols.emplace_back("mean");
        }
        if (dice_.once_in(3)) {
            // Of one piece, whose sums have room.
            const int piece = std::max(1, item_ / 4);
            work.ops.push_back(fmt::format("alu.total src={} tap={} n={} dst={}", in_slot(in), piece, piece, out_slot(out)));
        }
        program_.flow(work);
        return out;
    }

    void fork(const Stream& in) {
        const Stream a = stream(in.place);
        const Stream b = stream(in.place);
        program_.flow(
            {in.place,
             "move",
             {in},
             {a, b},
             {in},
             {fmt::format("mov.copy dst={} {}", out_slot(a), window(in)), fmt::format("mov.copy dst={} {}", out_slot(b), window(in))},
             {}});
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
        const Stream out = stream(first.place);
        const std::string param = dice_.once_in(2) ? "sum" : "product";
        const std::string op = fmt::format("{} dst={} a={} b={} n={} param={}", param == "sum" ? "alu.add" : "alu.mul", out_slot(out),
                                           in_slot(first), in_slot(second), item_, param);
        program_.flow({first.place, "alu", {first, second}, {out}, {first, second}, {op}, {param}});
        open_.push_back(out);
    }

    void sink(const Stream& in) {
        const Stream staged = stream_of_some_layout(chip);
        const std::string store = fmt::format("mov.store dst={} src={} {}", out_slot(staged), in_slot(in), pieces(pitch(staged), ""));
        program_.flow({in.place, "move", {in}, {staged}, {in}, {store}, {}});
        const bool by_pieces = dice_.once_in(2);
        const std::string name = program_.tensor(true);
        const std::string flush = fmt::format("mov.flush dst={} src={} {}", external(name, by_pieces), in_slot(staged),
                                              pieces(external_pitch(by_pieces), pitch(staged)));
        program_.flow({chip, "move", {staged}, {}, {staged}, {flush}, {name}});
    }

    Dice dice_;
    const RunnableOptions& options_;
    int pieces_;  ///< of an item that lies in pieces
    int item_;    ///< bytes
    StreamProgram program_;
    std::vector<Stream> open_;
    Index used_crossbars_[cores] = {};
};

}  // namespace

RunnableProgram random_runnable(std::uint64_t seed, const RunnableOptions& options) {
    return RunnableMaker(seed, options).run();
}

}  // namespace cim::isa

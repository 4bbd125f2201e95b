#include "isa/text/unroll.h"

#include <iterator>

#include <fmt/format.h>

#include "isa/text/print.h"

namespace cim::isa {

namespace {

class Unroller {
  public:
    Unroller(std::ostream& out, const Program& program, std::int64_t most_lines) : out_(out), program_(program), left_(most_lines) {
        for (const CounterArray& array : program.counters) {
            for (Index i = 0; i < array.size; ++i) {
                counters_.push_back(fmt::format("{}[{}]", array.name, i));
            }
        }
    }

    bool flow(const Flow& flow, const ResolvedFlow& resolved) {
        put("{}flow {} {} {} {{", segment_prefix(flow.segment), flow.name,
            flow.place == chip ? "chip" : fmt::format("core[{}]", flow.place), to_string(flow.engine));
        FlowRun run(resolved);
        // Loops around nothing print nothing: let them turn for a bounded time only.
        constexpr std::int64_t turns_a_line = 1000;
        while (end_line()) {
            run.allow_turns(turns_a_line * (left_ + turns_a_line));
            const Step& step = run.next();
            if (step.kind == Step::Kind::End) {
                put("}}");
                return end_line();
            }
            if (!print(step)) {
                return false;
            }
        }
        return false;
    }

    void flush() {
        out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
        text_.clear();
    }

  private:
    template <typename... Args>
    void put(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    }

    /// Ends the line; false when it was the last one allowed.
    bool end_line() {
        put("\n");
        constexpr std::size_t chunk = 1 << 16;
        if (text_.size() > chunk) {
            flush();
        }
        if (--left_ > 0) {
            return true;
        }
        put("# ... cut here: the limit of lines is reached\n");
        return false;
    }

    std::string counter(Index number) const {
        return number >= 0 && number < static_cast<Index>(counters_.size()) ? counters_[static_cast<std::size_t>(number)]
                                                                            : fmt::format("counter {}", number);
    }

    /// All but the last line end.
    bool print(const Step& step) {
        switch (step.kind) {
            case Step::Kind::Await:
                put("  await {}", counter(step.counter));
                if (step.count != 1) {
                    put(" and the next {}", step.count - 1);
                }
                put(" >= {}", step.value);
                return true;
            case Step::Kind::Signal: put("  signal {} += {}", counter(step.counter), step.value); return true;
            case Step::Kind::Ops: return ops(step);
            case Step::Kind::End: break;
        }
        return true;
    }

    bool ops(const Step& step) {
        const bool together = step.op_count > 1;
        if (together) {
            put("  parallel {{");
            if (!end_line()) {
                return false;
            }
        }
        for (Index i = 0; i < step.op_count; ++i) {
            const OpInstance& op = step.ops[i];
            put("{}", together ? "    " : "  ");
            print_op(text_, program_, op);
            if (op.signal >= 0) {
                put(" => {} += {}", counter(op.signal), op.amount);
            }
            if (together && !end_line()) {
                return false;
            }
        }
        if (together) {
            put("  }}");
        }
        return true;
    }

    std::ostream& out_;
    const Program& program_;
    std::int64_t left_;
    std::vector<std::string> counters_;
    fmt::memory_buffer text_;
};

}  // namespace

bool print_unrolled(std::ostream& out, const Program& program, std::int64_t batch, std::int64_t most_lines) {
    Unroller unroller(out, program, most_lines);
    bool whole = true;
    for (std::size_t i = 0; i < program.flows.size() && whole; ++i) {
        whole = unroller.flow(program.flows[i], resolve(program, static_cast<Index>(i), batch));
    }
    unroller.flush();
    return whole;
}

}  // namespace cim::isa

// The untimed run: every flow is walked once, in an order of its own; what is concluded holds for every timing (ADR-0001).

#include <deque>
#include <set>

#include <fmt/format.h>

#include "isa/bounds.h"
#include "isa/semantics/accesses.h"
#include "isa/text/print.h"
#include "isa/verifier/counters.h"
#include "isa/verifier/crossbars.h"
#include "isa/verifier/deadlock.h"
#include "isa/verifier/memories.h"
#include "isa/verifier/tensors.h"

namespace cim::isa {

namespace {

class UntimedRun {
  public:
    UntimedRun(const Program& program, const Limits& limits, std::vector<ResolvedFlow> resolved, std::int64_t batch,
               RunStatistics& statistics)
        : program_(program),
          limits_(limits),
          resolved_(std::move(resolved)),
          statistics_(statistics),
          findings_(limits.most_findings),
          counters_(program, resolved_),
          memories_(buffers_of_run(program, batch), limits.cores),
          crossbars_(program, limits),
          finished_(program.flows.size(), false),
          component_of_(program.flows.size(), -1),
          left_(std::min(limits.most_work, most_events)),
          prune_at_(limits.spare_history_bytes) {
        flows_.reserve(resolved_.size());
        for (const ResolvedFlow& flow : resolved_) {
            flows_.emplace_back(flow);
        }
    }

    std::vector<Diagnostic> run() {
        try {
            bool ended = walk_segment(setup);
            const auto segments = static_cast<Index>(by_segment_.size()) + setup;
            for (Index segment = 0; ended && segment < segments; ++segment) {
                // Whatever was done before is past for all that follows.
                memories_.enter(segment);
                crossbars_.forget_order();
                counters_.forget();
                ended = walk_segment(segment);
            }
        } catch (const RunTooLong&) {
            const std::string what =
                !starved_
                    ? fmt::format("the run takes more than the {} steps and accesses that the verifier may walk", limits_.most_work)
                    : fmt::format("the run needs more than the {} bytes of history that the verifier may hold", limits_.most_history_bytes);
            findings_.add("run-length", fmt::format("{}: {}", where(program_, walking_, 0), what));
        }
        statistics_.history_bytes = std::max(statistics_.history_bytes, causality_.bytes() + counters_.bytes());
        statistics_.searched = causality_.work();
        return findings_.take();
    }

  private:
    static constexpr std::int64_t searched_a_step = 16;         ///< entries that take as long
    static constexpr std::int64_t most_events = 2'000'000'000;  ///< so that times fit 32 bits

    struct State {
        explicit State(const ResolvedFlow& flow) : run(flow) {}
        FlowRun run;
        std::int32_t time = 1;       ///< of the flow's own component: signals so far + 1
        const Step* step = nullptr;  ///< the await that is not satisfied yet
        Index satisfied = 0;         ///< counters of it that are
    };

    /// Walks all flows of a segment. False if they do not all end.
    bool walk_segment(Index segment) {
        const std::vector<Index>& flows = by_segment_[static_cast<std::size_t>(segment - setup)];
        ready_.assign(flows.begin(), flows.end());
        component_flows_ = flows;
        causality_.begin(flows.size());
        for (std::size_t i = 0; i < flows.size(); ++i) {
            component_of_[static_cast<std::size_t>(flows[i])] = static_cast<std::int32_t>(i);
        }
        while (!ready_.empty()) {
            walking_ = ready_.front();
            ready_.pop_front();
            walk(walking_);
            if (findings_.full()) {
                return false;
            }
        }
        statistics_.components = std::max<std::int64_t>(statistics_.components, causality_.count());
        statistics_.history_bytes = std::max(statistics_.history_bytes, causality_.bytes() + counters_.bytes());
        return report_deadlock(segment);
    }

    bool report_deadlock(Index segment) {
        std::vector<BlockedFlow> blocked;
        for (const Index i : by_segment_[static_cast<std::size_t>(segment - setup)]) {
            const State& state = flows_[static_cast<std::size_t>(i)];
            if (!finished_[static_cast<std::size_t>(i)]) {
                blocked.push_back({i, state.step->counter + state.satisfied, state.step->value, state.step->line});
            }
        }
        for (std::string& message : explain_deadlock(program_, counters_, finished_, blocked)) {
            findings_.add("deadlock", std::move(message));
        }
        return blocked.empty();
    }

    std::int32_t component_of(Index flow) const { return component_of_[static_cast<std::size_t>(flow)]; }

    static bool good_amount(std::int64_t amount) { return amount >= 0 && amount <= max_number; }

    void spend(std::int64_t work) {
        left_ -= work;
        if (left_ < 0) {
            throw RunTooLong();
        }
    }

    void walk(Index index) {
        State& state = flows_[static_cast<std::size_t>(index)];
        if (state.step != nullptr && !await(index, state)) {
            return;
        }
        while (!findings_.full()) {
            state.run.allow_turns(left_);
            const Step& step = state.run.next();
            left_ = state.run.turns_left();
            spend(1);
            switch (step.kind) {
                case Step::Kind::End: finished_[static_cast<std::size_t>(index)] = true; return;
                case Step::Kind::Await:
                    if (!counters_.in_array(state.run.base(), step.counter, step.count)) {
                        bad_counter(index, step.line, state.run.base(), step.counter, step.count);
                        break;
                    }
                    state.step = &step;
                    state.satisfied = 0;
                    if (!await(index, state)) {
                        return;
                    }
                    break;
                case Step::Kind::Signal: signal(index, state, state.run.base(), step.counter, step.value, step.line, false); break;
                case Step::Kind::Ops: ops(index, state, step); break;
            }
        }
    }

    /// Goes on with the await of `state`; false if it still has to wait.
    bool await(Index index, State& state) {
        const Step& step = *state.step;
        for (; state.satisfied < step.count; ++state.satisfied) {
            const Index counter = step.counter + state.satisfied;
            spend(1);
            if (counters_.value(counter) < step.value) {
                counters_.block(counter, index);
                return false;
            }
            const Index signaller = counters_.signaller(counter);
            const Counters::Waiter waiter{index, component_of(index), state.time};
            statistics_.learnt +=
                counters_.learn(counter, step.value, waiter, signaller < 0 ? -1 : component_of(signaller), causality_) ? 1 : 0;
        }
        state.step = nullptr;
        watch_history();
        return true;
    }

    void watch_history() {
        const std::int64_t had = causality_.bytes() + counters_.bytes();
        if (had <= prune_at_) {
            return;
        }
        statistics_.history_bytes = std::max(statistics_.history_bytes, had);
        counters_.prune(finished_);
        const std::int64_t held = causality_.bytes() + counters_.bytes();
        prune_at_ = std::max(limits_.spare_history_bytes, 2 * held);
        if (held > limits_.most_history_bytes) {
            starved_ = true;
            throw RunTooLong();
        }
    }

    void bad_counter(Index flow, int line, Index base, Index counter, std::int64_t count) {
        const std::string array = counter_text(program_, base);
        const std::string name = array.substr(0, array.find('['));
        const std::string index = counter == no_counter ? "an impossible index" : std::to_string(std::int64_t{counter} - base);
        findings_.add("counter", fmt::format("{}: {}[{}]{} is outside of the array", where(program_, flow, line), name, index,
                                             count == 1 ? "" : fmt::format(" and {} counters in all", count)));
    }

    /// A signal of `index`, by a statement or by the completion of an asynchronous operator; the number of the signal on its counter, or 0
    /// if it is none.
    void signal(Index index, State& state, Index base, Index counter, std::int64_t amount, int line, bool at_completion) {
        if (!counters_.in_array(base, counter, 1)) {
            bad_counter(index, line, base, counter, 1);
            return;
        }
        if (!good_amount(amount)) {
            findings_.add("amount", fmt::format("{}: {} += {}; a signal adds 0 to {}", where(program_, index, line),
                                                counter_text(program_, counter), amount, max_number));
            return;
        }
        const Index signaller = counters_.signaller(counter);
        if (signaller >= 0 && signaller != index) {
            if (reported_counters_.insert(counter).second) {
                findings_.add("one-signaller",
                              fmt::format("{}: {} is signalled here and by flow '{}'", where(program_, index, line),
                                          counter_text(program_, counter), program_.flows[static_cast<std::size_t>(signaller)].name));
            }
        } else {
            counters_.set_signaller(counter, index);
        }
        if (at_completion && counters_.lane(counter) < 0) {
            counters_.set_lane(counter, causality_.add());
            component_flows_.push_back(index);
        }
        counters_.signal(counter, amount, state.time++);
        for (const Index waiting : counters_.unblock(counter)) {
            ready_.push_back(waiting);
        }
    }

    void ops(Index index, State& state, const Step& step) {
        held_.clear();
        for (Index i = 0; i < step.op_count; ++i) {
            const OpInstance& op = step.ops[i];
            ++statistics_.operators;
            OperandFault fault = check_operands(program_, limits_, op);
            if (!fault.rule.empty()) {
                report(fault, index, op);
            } else {
                if (step.op_count > 1) {
                    own_crossbars(index, op);
                }
                execute(index, state, op);
            }
            if (op.signal >= 0) {
                signal(index, state, op.base, op.signal, op.amount, op.line, true);
            }
        }
    }

    void own_crossbars(Index index, const OpInstance& op) {
        for_each_crossbar(program_, op, [&](Index xb) {
            if (std::find(held_.begin(), held_.end(), xb) != held_.end()) {
                report({"parallel", fmt::format("crossbar {} is used twice in one parallel block", xb)}, index, op);
            }
            held_.push_back(xb);
        });
    }

    void report(const OperandFault& fault, Index index, const OpInstance& op) {
        // One finding a rule and statement: the next turns of a loop have the same cause.
        if (reported_.emplace(std::string(fault.rule), index, op.line, static_cast<int>(op.opcode)).second) {
            findings_.add(fault.rule, fmt::format("{}: {}: {}", where(program_, index, op.line), op_text(program_, op), fault.what));
        }
    }

    /// The epoch at which an operator's accesses are over.
    Epoch epoch_of(Index index, const State& state, const OpInstance& op) {
        Epoch epoch{component_of(index), state.time, make_tag(op.opcode, op.line)};
        if (op_info(op.opcode).timing == Timing::Sync) {
            return epoch;
        }
        if (op.signal < 0 || !counters_.in_array(op.base, op.signal, 1) || !good_amount(op.amount)) {
            epoch.component = -2 - index;
            epoch.time = ++unsignalled_;
            return epoch;
        }
        const std::int32_t lane = counters_.lane(op.signal);
        // signal(), which follows, gives the counter its lane if it has none yet: the next free one.
        epoch.component = lane >= 0 ? lane : causality_.count();
        epoch.time = counters_.signals(op.signal) + 1;
        return epoch;
    }

    void execute(Index index, State& state, const OpInstance& op) {
        const bool told = !reported_.empty() && reported_.count({"race", index, op.line, static_cast<int>(op.opcode)}) != 0;
        const Viewpoint view{&causality_, component_of(index), told};
        const std::int64_t searched = causality_.work();
        const Index place = program_.flows[static_cast<std::size_t>(index)].place;
        if (op_info(op.opcode).engine == Engine::Crossbar) {
            Epoch other;
            OperandFault fault =
                crossbars_.execute(place, op, {component_of(index), state.time, make_tag(op.opcode, op.line)}, view, other);
            if (!fault.rule.empty()) {
                if (other.is_event()) {
                    fault.what += " " + unordered(other);
                }
                report(fault, index, op);
            }
        }
        const Epoch epoch = epoch_of(index, state, op);
        std::int64_t visits = 0;
        for_each_access(program_, place, op, [&](const Access& access) {
            ++statistics_.accesses;
            Epoch other;
            visits = 1;
            if (!memories_.access(access, epoch, view, other, visits)) {
                report({"range", memories_.misses(access)}, index, op);
                return false;
            }
            statistics_.cells += visits - 1;
            spend(visits);
            if (other.is_event()) {
                report({"race", fmt::format("{} {} {}", access.write ? "writes" : "reads", memories_.shown(access), unordered(other))},
                       index, op);
                return !findings_.full();
            }
            return true;
        });
        spend(causality_.work() / searched_a_step - searched / searched_a_step);
    }

    std::string unordered(const Epoch& other) const {
        const Index flow = other.component < 0 ? -2 - other.component : component_flows_[static_cast<std::size_t>(other.component)];
        const auto opcode = static_cast<Opcode>(other.tag & ((1U << tag_opcode_bits) - 1));
        const auto line = static_cast<int>(other.tag >> tag_opcode_bits);
        return fmt::format("not ordered after {} of {}", op_info(opcode).text, where(program_, flow, line));
    }

    const Program& program_;
    const Limits& limits_;
    std::vector<ResolvedFlow> resolved_;
    RunStatistics& statistics_;
    Findings findings_;
    Causality causality_;
    Counters counters_;
    Memories memories_;
    Crossbars crossbars_;
    std::vector<State> flows_;
    std::vector<bool> finished_;
    std::vector<std::int32_t> component_of_;                                    ///< by flow, in its segment
    std::vector<std::vector<Index>> by_segment_ = program_.flows_by_segment();  ///< setup first
    std::deque<Index> ready_;
    Index walking_ = 0;
    std::int64_t left_;
    std::int64_t prune_at_;
    bool starved_ = false;  ///< of memory for the history

    // Components of a segment: its flows, then lanes in the order of their first signal.
    std::vector<Index> component_flows_;
    std::int32_t unsignalled_ = 0;  ///< asynchronous operators whose completion nobody learns of

    std::vector<Index> held_;
    std::set<Index> reported_counters_;
    std::set<std::tuple<std::string, Index, int, int>> reported_;
};

}  // namespace

std::vector<Diagnostic> verify_run(const Program& program, const Limits& limits, std::int64_t batch, RunStatistics& statistics) {
    if (batch < 1 || batch > max_number) {
        return {{"operand", fmt::format("a run over {} inputs; there must be 1 to {}", batch, max_number)}};
    }
    if (batch > program.batch_limit.value_or(batch)) {
        return {{"batch", fmt::format("a run over {} inputs; its buffers have room for {}: compile it for as many (--batch)", batch,
                                      *program.batch_limit)}};
    }
    Findings findings(limits.most_findings);
    if (!check_tensors(program, limits, batch, findings)) {
        return findings.take();
    }
    std::vector<ResolvedFlow> flows;
    try {
        flows = resolve_all(program, batch);
    } catch (const ProgramError& error) {
        return {{"divisor", error.what()}};
    }
    return UntimedRun(program, limits, std::move(flows), batch, statistics).run();
}

std::vector<Diagnostic> verify_run(const Program& program, const Limits& limits, std::int64_t batch) {
    RunStatistics statistics;
    return verify_run(program, limits, batch, statistics);
}

}  // namespace cim::isa

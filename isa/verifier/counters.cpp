#include "isa/verifier/counters.h"

#include <algorithm>

namespace cim::isa {

Counters::Counters(const Program& program, const std::vector<ResolvedFlow>& flows)
    : waiters_(program.counters.size()), signallers_(program.counters.size()) {
    for (std::size_t array = 0; array < program.counters.size(); ++array) {
        arrays_.insert(arrays_.end(), static_cast<std::size_t>(program.counters[array].size), static_cast<Index>(array));
    }
    state_.resize(arrays_.size());
    const auto note = [&](std::vector<std::vector<Index>>& lists, const FoldedExpr& base, Index flow) {
        if (base.constant >= 0 && base.constant < count()) {
            std::vector<Index>& list = lists[array_of(static_cast<Index>(base.constant))];
            if (list.empty() || list.back() != flow) {
                list.push_back(flow);
            }
        }
    };
    for (const ResolvedFlow& flow : flows) {
        for (const Instruction& instruction : flow.code) {
            const FoldedExpr* exprs = flow.exprs.data() + instruction.first;
            if (instruction.kind == Instruction::Kind::Await) {
                note(waiters_, exprs[0], flow.id);
            } else if (instruction.kind == Instruction::Kind::Signal) {
                note(signallers_, exprs[0], flow.id);
            }
        }
        for (const ResolvedOp& op : flow.ops) {
            if (op.signals) {
                note(signallers_, flow.exprs[static_cast<std::size_t>(op.first) + op_info(op.fixed.opcode).fields.size()], flow.id);
            }
        }
    }
}

bool Counters::in_array(Index base, Index counter, std::int64_t length) const {
    return base >= 0 && base < count() && counter >= 0 && counter < count() && length >= 1 && length <= count() - counter &&
           array_of(base) == array_of(counter) && array_of(base) == array_of(static_cast<Index>(counter + length - 1));
}

void Counters::signal(Index counter, std::int64_t amount, ClockStore& store, ClockStore::Id clock, Point now) {
    State& state = at(counter);
    state.value += amount;
    ++state.signals;
    if (!waiters_[array_of(counter)].empty()) {
        state.history.push_back({state.value, store.hold(clock), now, state.signals});
        ++snapshots_;
    }
}

bool Counters::learn(Index counter, std::int64_t n, Index flow, ClockStore& store, ClockStore::Id& clock) {
    State& state = at(counter);
    if (n <= state.floor) {
        return false;
    }
    const auto known = std::find_if(state.passed.begin(), state.passed.end(), [&](const auto& p) { return p.first == flow; });
    if (known == state.passed.end()) {
        state.passed.emplace_back(flow, n);
    } else if (known->second >= n) {
        return false;
    } else {
        known->second = n;
    }
    const auto snapshot = std::lower_bound(state.history.begin(), state.history.end(), n,
                                           [](const Snapshot& s, std::int64_t wanted) { return s.reached < wanted; });
    if (snapshot == state.history.end()) {
        return false;
    }
    bool joined = false;
    const Point& then = snapshot->now;
    if (flow != state.signaller && store.time(clock, then.component) < then.time) {
        store.join(clock, snapshot->clock);
        store.raise(clock, then.component, then.time);
        joined = true;
    }
    if (state.lane >= 0) {
        store.raise(clock, state.lane, snapshot->number);
    }
    return joined;
}

void Counters::prune(const std::vector<bool>& finished, ClockStore& store) {
    for (std::size_t c = 0; c < state_.size(); ++c) {
        State& state = state_[c];
        if (state.history.empty()) {
            continue;
        }
        std::int64_t least = state.value;
        for (const Index waiter : waiters_[static_cast<std::size_t>(arrays_[c])]) {
            if (!finished[static_cast<std::size_t>(waiter)]) {
                const auto at = std::find_if(state.passed.begin(), state.passed.end(), [&](const auto& p) { return p.first == waiter; });
                least = std::min(least, at == state.passed.end() ? 0 : at->second);
            }
        }
        // The signal that reached `least` first is known to all, and with it all before.
        auto end = state.history.begin();
        while (end != state.history.end() && end->reached <= least) {
            store.release(end->clock);
            --snapshots_;
            state.floor = end->reached;
            ++end;
        }
        state.history.erase(state.history.begin(), end);
    }
}

void Counters::forget(ClockStore& store) {
    for (State& state : state_) {
        for (const Snapshot& snapshot : state.history) {
            store.release(snapshot.clock);
        }
        snapshots_ -= static_cast<std::int64_t>(state.history.size());
        state.history.clear();
        state.floor = state.value;
        state.lane = -1;
    }
}

}  // namespace cim::isa

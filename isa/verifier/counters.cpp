#include "isa/verifier/counters.h"

#include <algorithm>

namespace cim::isa {

Counters::Counters(const Program& program, const std::vector<ResolvedFlow>& flows)
    : waiters_(program.counters.size()), signallers_(program.counters.size()) {
    for (std::size_t array = 0; array < program.counters.size(); ++array) {
        arrays_.insert(arrays_.end(), static_cast<std::size_t>(program.counters[array].size), static_cast<Index>(array));
    }
    state_.resize(arrays_.size());
    const auto note = [&](std::vector<std::vector<Index>>& lists, std::int64_t base, Index flow) {
        if (base >= 0 && base < count()) {
            std::vector<Index>& list = lists[array_of(static_cast<Index>(base))];
            if (list.empty() || list.back() != flow) {
                list.push_back(flow);
            }
        }
    };
    for (const ResolvedFlow& flow : flows) {
        for (const Instruction& instruction : flow.body->code) {
            if (instruction.kind == Instruction::Kind::Await) {
                note(waiters_, flow.value(instruction.base), flow.id);
            } else if (instruction.kind == Instruction::Kind::Signal) {
                note(signallers_, flow.value(instruction.base), flow.id);
            }
        }
        for (std::size_t i = 0; i < flow.ops.size(); ++i) {
            if (flow.body->ops[i].signals) {
                note(signallers_, flow.ops[i].base, flow.id);
            }
        }
    }
}

bool Counters::in_array(Index base, Index counter, std::int64_t length) const {
    return base >= 0 && base < count() && counter >= 0 && counter < count() && length >= 1 && length <= count() - counter &&
           array_of(base) == array_of(counter) && array_of(base) == array_of(static_cast<Index>(counter + length - 1));
}

void Counters::signal(Index counter, std::int64_t amount, std::int32_t now) {
    State& state = at(counter);
    state.value += amount;
    ++state.signals;
    if (!waiters_[array_of(counter)].empty()) {
        if (state.history.empty()) {
            with_history_.push_back(counter);
        }
        state.history.push_back({state.value, now, state.signals});
        ++signals_;
    }
}

std::size_t Counters::State::place_of(Index flow) const {
    const auto place = std::lower_bound(passed.begin(), passed.end(), flow, [](const auto& p, Index wanted) { return p.first < wanted; });
    return static_cast<std::size_t>(place - passed.begin());
}

bool Counters::learn(Index counter, std::int64_t n, const Waiter& waiter, std::int32_t signaller, Causality& causality) {
    State& state = at(counter);
    if (n <= state.floor) {
        return false;
    }
    const auto known = state.passed.begin() + static_cast<std::ptrdiff_t>(state.place_of(waiter.flow));
    if (known == state.passed.end() || known->first != waiter.flow) {
        state.passed.emplace(known, waiter.flow, n);
    } else if (known->second >= n) {
        return false;
    } else {
        known->second = n;
    }
    const auto signal = std::lower_bound(state.history.begin(), state.history.end(), n,
                                         [](const Signal& s, std::int64_t wanted) { return s.reached < wanted; });
    if (signal == state.history.end()) {
        return false;
    }
    if (waiter.flow != state.signaller) {
        causality.learn(waiter.component, waiter.now, signaller, signal->now);
    }
    if (state.lane >= 0) {
        causality.learn(waiter.component, waiter.now, state.lane, signal->number);
    }
    return true;
}

std::int64_t Counters::least_passed(Index counter, const std::vector<bool>& finished) const {
    const State& state = at(counter);
    std::int64_t least = state.value;
    for (const Index waiter : waiters_[array_of(counter)]) {
        if (!finished[static_cast<std::size_t>(waiter)]) {
            const std::size_t place = state.place_of(waiter);
            const bool passed = place < state.passed.size() && state.passed[place].first == waiter;
            least = std::min(least, passed ? state.passed[place].second : 0);
        }
    }
    return least;
}

void Counters::drop(State& state, std::vector<Signal>::iterator end) {
    if (end != state.history.begin()) {
        state.floor = std::prev(end)->reached;
    }
    signals_ -= end - state.history.begin();
    state.history.erase(state.history.begin(), end);
}

void Counters::prune(const std::vector<bool>& finished) {
    std::size_t kept = 0;
    for (const Index counter : with_history_) {
        State& state = at(counter);
        // The signal that reached `least` first is known to all, and with it all before.
        const std::int64_t least = least_passed(counter, finished);
        drop(state, std::find_if(state.history.begin(), state.history.end(), [&](const Signal& s) { return s.reached > least; }));
        if (!state.history.empty()) {
            with_history_[kept++] = counter;
        }
    }
    with_history_.resize(kept);
}

void Counters::forget() {
    for (const Index counter : with_history_) {
        drop(at(counter), at(counter).history.end());
    }
    with_history_.clear();
    for (const Index counter : lanes_) {
        at(counter).lane = -1;
    }
    lanes_.clear();
}

}  // namespace cim::isa

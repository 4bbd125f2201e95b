#pragma once
// Counters of the untimed run: values, signallers, and what each signal lets its waiters know.

#include <cstdint>
#include <utility>
#include <vector>

#include "isa/interpreter/resolved.h"
#include "isa/verifier/causality.h"

namespace cim::isa {

class Counters {
  public:
    /// `flows` tells who may wait on and signal what.
    Counters(const Program& program, const std::vector<ResolvedFlow>& flows);

    Index count() const { return static_cast<Index>(state_.size()); }
    /// Whether `counter` and the `length - 1` after it are in the array that begins at `base`.
    bool in_array(Index base, Index counter, std::int64_t length) const;
    std::int64_t value(Index counter) const { return at(counter).value; }
    /// Flow that has signalled it, or -1.
    Index signaller(Index counter) const { return at(counter).signaller; }
    void set_signaller(Index counter, Index flow) { at(counter).signaller = flow; }
    /// Flows whose statements signal the array that `counter` is in.
    const std::vector<Index>& possible_signallers(Index counter) const { return signallers_[array_of(counter)]; }

    /// The component for completions that signal `counter`, or -1 as long as there is none.
    std::int32_t lane(Index counter) const { return at(counter).lane; }
    void set_lane(Index counter, std::int32_t lane) {
        at(counter).lane = lane;
        lanes_.push_back(counter);
    }
    /// How many signals there have been.
    std::int32_t signals(Index counter) const { return at(counter).signals; }

    /// Adds to a counter at the time `now` of its signaller's component.
    void signal(Index counter, std::int64_t amount, std::int32_t now);

    struct Waiter {
        Index flow = -1;
        std::int32_t component = -1;
        std::int32_t now = 0;
    };
    /// A flow has waited for `counter` >= n: it learns what the signals up to n tell. `signaller`: component of the flow that signals the
    /// counter. Returns whether there was something to learn.
    bool learn(Index counter, std::int64_t n, const Waiter& waiter, std::int32_t signaller, Causality& causality);

    void block(Index counter, Index flow) { at(counter).blocked.push_back(flow); }
    /// Flows blocked on `counter`, which is thereby emptied.
    std::vector<Index> unblock(Index counter) { return std::exchange(at(counter).blocked, {}); }

    /// Bytes of the signals that are kept.
    std::int64_t bytes() const { return signals_ * static_cast<std::int64_t>(sizeof(Signal)); }
    /// Lets go of signals that no unfinished flow can ask for.
    void prune(const std::vector<bool>& finished);
    /// Lets go of all signals and lanes: what has been signalled so far is past for everybody.
    void forget();

  private:
    struct Signal {
        std::int64_t reached = 0;  ///< value after it
        std::int32_t now = 0;      ///< time of the signaller
        std::int32_t number = 0;
    };
    struct State {
        /// Where `passed` has the flow, or would have it.
        std::size_t place_of(Index flow) const;

        std::int64_t value = 0;
        std::int64_t floor = 0;  ///< signals up to here are not in `history` any more and tell nothing new
        Index signaller = -1;
        std::int32_t lane = -1;
        std::int32_t signals = 0;
        std::vector<Signal> history;
        std::vector<std::pair<Index, std::int64_t>> passed;  ///< by flow, greatest value it has waited for
        std::vector<Index> blocked;
    };

    /// The least value that each unfinished waiter has waited for.
    std::int64_t least_passed(Index counter, const std::vector<bool>& finished) const;
    /// Lets go of the signals before `end`.
    void drop(State& state, std::vector<Signal>::iterator end);

    State& at(Index counter) { return state_[static_cast<std::size_t>(counter)]; }
    const State& at(Index counter) const { return state_[static_cast<std::size_t>(counter)]; }
    std::size_t array_of(Index counter) const { return static_cast<std::size_t>(arrays_[static_cast<std::size_t>(counter)]); }

    std::vector<State> state_;
    std::vector<Index> with_history_;
    std::vector<Index> lanes_;                 ///< counters that have one
    std::int64_t signals_ = 0;                 ///< kept
    std::vector<Index> arrays_;                ///< of each counter
    std::vector<std::vector<Index>> waiters_;  ///< of each array
    std::vector<std::vector<Index>> signallers_;
};

}  // namespace cim::isa

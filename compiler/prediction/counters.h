#pragma once
// The counters of a program as a prediction runs it: values, who waits, and asynchronous signals in the order of their issue (ADR-0001).

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "isa/program.h"

namespace cim::compiler {

class Counters {
  public:
    explicit Counters(const isa::Program& program);

    std::int64_t value(isa::Index counter) const { return at(counter).value; }
    /// Core at which its value is known at once, or isa::chip; elsewhere signals arrive later.
    isa::Index place(isa::Index counter) const { return at(counter).place; }
    /// `flow` goes on when the counter has reached `value`, which it has not.
    void wait(isa::Index counter, std::int64_t value, isa::Index flow) { at(counter).waiters.emplace_back(value, flow); }
    /// Adds to the counter; appends the flows that go on.
    void add(isa::Index counter, std::int64_t amount, std::vector<isa::Index>& go_on);

    /// A signal of a statement: whether it may be delivered now. Else it waits for asynchronous ones before it.
    bool may_signal(isa::Index counter, std::int64_t amount);
    /// An asynchronous operator that will signal is issued; its ticket.
    std::uint64_t issue(isa::Index counter, std::int64_t amount);
    /// It has completed: calls deliver(amount) for all signals that wait for no other now.
    template <typename Deliver>
    void complete(isa::Index counter, std::uint64_t ticket, const Deliver& deliver) {
        Counter& c = at(counter);
        c.pending[ticket - c.first].done = true;
        std::size_t done = 0;
        for (; done < c.pending.size() && c.pending[done].done; ++done) {
            deliver(c.pending[done].amount);
        }
        c.pending.erase(c.pending.begin(), c.pending.begin() + static_cast<std::ptrdiff_t>(done));
        c.first += done;
    }

  private:
    struct Pending {
        std::int64_t amount = 0;
        bool done = false;
    };
    struct Counter {
        std::int64_t value = 0;
        isa::Index place = isa::chip;
        std::vector<std::pair<std::int64_t, isa::Index>> waiters;  ///< value, flow
        std::vector<Pending> pending;                              ///< in issue order; a few
        std::uint64_t first = 0;                                   ///< ticket of the oldest
    };

    Counter& at(isa::Index counter) { return counters_[static_cast<std::size_t>(counter)]; }
    const Counter& at(isa::Index counter) const { return counters_[static_cast<std::size_t>(counter)]; }

    std::vector<Counter> counters_;
};

}  // namespace cim::compiler

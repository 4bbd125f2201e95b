#pragma once
// The counters of a program: values as their own place sees them, who waits for which, and asynchronous signals in issue order.

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "isa/program.h"
#include "platform/kernel/agenda.h"

namespace cim::platform {

using isa::Index;

class CounterFile final : public Actor {
  public:
    CounterFile(const isa::Program& program, const hw::Machine& machine, Agenda& agenda);

    std::int64_t value(Index counter) const { return at(counter).value; }
    isa::CounterRole role(Index counter) const { return at(counter).role; }
    /// `name[i]`, for messages.
    std::string name(Index counter) const;
    Index count() const { return static_cast<Index>(counters_.size()); }

    /// A signal statement of a flow at `from`, in order after the asynchronous signals of that flow on this counter.
    void signal(Index counter, std::int64_t amount, Index from);
    /// Lets the processor fetch what a signal to come needs.
    void fetch_ahead(Index counter) const { __builtin_prefetch(&at(counter)); }

    /// A signal that has its place in the order of a counter's signals.
    struct Pending {
        std::int64_t amount = 0;
        Pending* next = nullptr;  ///< issued after it
        Index from = 0;
        bool done = false;  ///< may be delivered when those before it have been
    };
    /// Takes a place in the order of signals for an asynchronous operator being issued; what it returns goes to complete_signal().
    Pending& reserve(Index counter, std::int64_t amount, Index from);
    void complete_signal(Index counter, Pending& pending);

    /// Puts `waiter` on the agenda as soon as the counter has reached `value` (which it has not yet).
    void wait(Index counter, std::int64_t value, Runnable& waiter);

    /// Called with (counter, value) at each change, if set.
    std::function<void(Index, std::int64_t)> on_change;

    void complete(std::uint64_t what) override;

  private:
    static constexpr std::int64_t nobody = INT64_MAX;
    struct alignas(64) Counter {  // a line of the cache
        std::int64_t value = 0;
        std::int64_t awaited = nobody;  ///< the least value that one of
        Runnable* waiters = nullptr;    ///< waits for
        Pending* oldest = nullptr;      ///< of its signals that have to wait, in the order of their issue
        Pending* newest = nullptr;
        Index place = isa::chip;
        isa::CounterRole role = isa::CounterRole::Data;
    };
    struct Late {
        Index counter;
        std::int64_t amount;
    };

    Pending& append(Counter& counter, std::int64_t amount, Index from, bool done);
    void deliver(Index counter, std::int64_t amount, Index from);
    void add(Index counter, std::int64_t amount);
    Counter& at(Index counter) { return counters_[static_cast<std::size_t>(counter)]; }
    const Counter& at(Index counter) const { return counters_[static_cast<std::size_t>(counter)]; }

    const isa::Program& program_;
    Agenda& agenda_;
    Ticks sync_ticks_;
    std::vector<Counter> counters_;
    std::deque<Pending> pending_;
    Pending* unused_pending_ = nullptr;
    std::vector<Late> late_;
    std::vector<std::uint32_t> unused_late_;
};

}  // namespace cim::platform

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

    std::int64_t value(Index counter) const { return values_[static_cast<std::size_t>(counter)]; }
    isa::CounterRole role(Index counter) const { return roles_[static_cast<std::size_t>(counter)]; }
    /// `name[i]`, for messages.
    std::string name(Index counter) const;
    Index count() const { return static_cast<Index>(values_.size()); }

    /// A signal statement of a flow at `from`, in order after the asynchronous signals of that flow on this counter.
    void signal(Index counter, std::int64_t amount, Index from);
    /// Takes a place in the order of signals for an asynchronous operator being issued; the ticket goes to complete_signal().
    std::uint64_t reserve(Index counter, std::int64_t amount, Index from);
    void complete_signal(Index counter, std::uint64_t ticket);

    /// Puts `waiter` on the agenda as soon as the counter has reached `value` (which it has not yet).
    void wait(Index counter, std::int64_t value, Runnable& waiter);

    /// Called with (counter, value) at each change, if set.
    std::function<void(Index, std::int64_t)> on_change;

    void complete(std::uint64_t what) override;

  private:
    struct Waiter {
        std::int64_t value;
        Runnable* runnable;
    };
    struct Pending {
        std::uint64_t ticket;
        std::int64_t amount;
        Index from;
        bool done;
    };
    struct Late {
        Index counter;
        std::int64_t amount;
    };

    void deliver(Index counter, std::int64_t amount, Index from);
    void add(Index counter, std::int64_t amount);
    void retire(Index counter);

    const isa::Program& program_;
    Agenda& agenda_;
    Ticks sync_ticks_;
    std::vector<std::int64_t> values_;
    std::vector<isa::CounterRole> roles_;
    std::vector<Index> places_;
    std::vector<std::vector<Waiter>> waiters_;
    std::vector<std::deque<Pending>> pending_;
    std::vector<Late> late_;
    std::vector<std::uint32_t> unused_late_;
    std::uint64_t next_ticket_ = 0;
};

}  // namespace cim::platform

#include "platform/kernel/counters.h"

namespace cim::platform {

CounterFile::CounterFile(const isa::Program& program, const hw::Machine& machine, Agenda& agenda)
    : program_(program), agenda_(agenda), sync_ticks_(machine.chip.sync_latency * machine.chip_clock.ticks_per_cycle) {
    for (const isa::CounterArray& array : program.counters) {
        for (Index i = 0; i < array.size; ++i) {
            roles_.push_back(array.role);
            places_.push_back(array.place);
        }
    }
    values_.assign(roles_.size(), 0);
    waiters_.resize(roles_.size());
    pending_.resize(roles_.size());
}

std::string CounterFile::name(Index counter) const {
    for (const isa::CounterArray& array : program_.counters) {
        if (counter < array.size) {
            return array.name + "[" + std::to_string(counter) + "]";
        }
        counter -= array.size;
    }
    return "?";
}

void CounterFile::signal(Index counter, std::int64_t amount, Index from) {
    std::deque<Pending>& queue = pending_[static_cast<std::size_t>(counter)];
    if (queue.empty()) {
        deliver(counter, amount, from);
    } else {
        queue.push_back({next_ticket_++, amount, from, true});
    }
}

std::uint64_t CounterFile::reserve(Index counter, std::int64_t amount, Index from) {
    pending_[static_cast<std::size_t>(counter)].push_back({next_ticket_, amount, from, false});
    return next_ticket_++;
}

void CounterFile::complete_signal(Index counter, std::uint64_t ticket) {
    for (Pending& pending : pending_[static_cast<std::size_t>(counter)]) {
        if (pending.ticket == ticket) {
            pending.done = true;
            break;
        }
    }
    retire(counter);
}

void CounterFile::retire(Index counter) {
    std::deque<Pending>& queue = pending_[static_cast<std::size_t>(counter)];
    while (!queue.empty() && queue.front().done) {
        const Pending first = queue.front();
        queue.pop_front();
        deliver(counter, first.amount, first.from);
    }
}

void CounterFile::deliver(Index counter, std::int64_t amount, Index from) {
    if (sync_ticks_ == 0 || places_[static_cast<std::size_t>(counter)] == from) {
        add(counter, amount);
        return;
    }
    std::uint32_t slot = 0;
    if (unused_late_.empty()) {
        slot = static_cast<std::uint32_t>(late_.size());
        late_.push_back({counter, amount});
    } else {
        slot = unused_late_.back();
        unused_late_.pop_back();
        late_[slot] = {counter, amount};
    }
    agenda_.complete_at(agenda_.now() + sync_ticks_, *this, slot);
}

void CounterFile::complete(std::uint64_t what) {
    const Late late = late_[what];
    unused_late_.push_back(static_cast<std::uint32_t>(what));
    add(late.counter, late.amount);
}

void CounterFile::add(Index counter, std::int64_t amount) {
    const auto c = static_cast<std::size_t>(counter);
    values_[c] += amount;
    if (on_change) {
        on_change(counter, values_[c]);
    }
    std::vector<Waiter>& waiters = waiters_[c];
    for (std::size_t i = 0; i < waiters.size();) {
        if (waiters[i].value <= values_[c]) {
            agenda_.run_now(*waiters[i].runnable);
            waiters[i] = waiters.back();
            waiters.pop_back();
        } else {
            ++i;
        }
    }
}

void CounterFile::wait(Index counter, std::int64_t value, Runnable& waiter) {
    waiters_[static_cast<std::size_t>(counter)].push_back({value, &waiter});
}

}  // namespace cim::platform

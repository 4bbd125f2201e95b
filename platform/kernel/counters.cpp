#include "platform/kernel/counters.h"

#include <algorithm>
#include <utility>

namespace cim::platform {

CounterFile::CounterFile(const isa::Program& program, const hw::Machine& machine, Agenda& agenda)
    : program_(program), agenda_(agenda), sync_ticks_(machine.chip.sync_latency * machine.chip_clock.ticks_per_cycle) {
    for (const isa::CounterArray& array : program.counters) {
        for (Index i = 0; i < array.size; ++i) {
            counters_.emplace_back();
            counters_.back().place = array.place;
            counters_.back().role = array.role;
        }
    }
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

inline void CounterFile::add(Index counter, std::int64_t amount) {
    Counter& c = at(counter);
    c.value += amount;
    if (on_change) {
        on_change(counter, c.value);
    }
    if (c.value < c.awaited) {
        return;
    }
    c.awaited = nobody;
    for (Runnable** at = &c.waiters; *at != nullptr;) {
        Runnable& waiter = **at;
        if (waiter.waits_until_ <= c.value) {
            *at = waiter.next_waiter_;
            agenda_.run_now(waiter);
        } else {
            c.awaited = std::min(c.awaited, waiter.waits_until_);
            at = &waiter.next_waiter_;
        }
    }
}

CounterFile::Pending& CounterFile::append(Counter& counter, std::int64_t amount, Index from, bool done) {
    Pending* fresh = unused_pending_;
    if (fresh != nullptr) {
        unused_pending_ = fresh->next;
    } else {
        fresh = &pending_.emplace_back();
    }
    *fresh = {amount, nullptr, from, done};
    (counter.oldest == nullptr ? counter.oldest : counter.newest->next) = fresh;
    counter.newest = fresh;
    return *fresh;
}

void CounterFile::signal(Index counter, std::int64_t amount, Index from) {
    if (Counter& c = at(counter); c.oldest != nullptr) {
        append(c, amount, from, true);
    } else {
        deliver(counter, amount, from);
    }
}

CounterFile::Pending& CounterFile::reserve(Index counter, std::int64_t amount, Index from) {
    return append(at(counter), amount, from, false);
}

void CounterFile::complete_signal(Index counter, Pending& pending) {
    pending.done = true;
    Counter& c = at(counter);
    while (c.oldest != nullptr && c.oldest->done) {
        Pending& oldest = *c.oldest;
        c.oldest = oldest.next;
        deliver(counter, oldest.amount, oldest.from);
        oldest.next = unused_pending_;
        unused_pending_ = &oldest;
    }
}

void CounterFile::deliver(Index counter, std::int64_t amount, Index from) {
    if (sync_ticks_ == 0 || at(counter).place == from) {
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

void CounterFile::wait(Index counter, std::int64_t value, Runnable& waiter) {
    waiter.waits_until_ = value;
    waiter.next_waiter_ = at(counter).waiters;
    at(counter).waiters = &waiter;
    at(counter).awaited = std::min(at(counter).awaited, value);
}

}  // namespace cim::platform

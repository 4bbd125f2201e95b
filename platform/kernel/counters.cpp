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

std::uint64_t CounterFile::Queue::add(std::int64_t amount, Index from, bool done) {
    if (end - first == ring.size()) {
        std::vector<Pending> larger(std::max<std::size_t>(4, 2 * ring.size()));
        for (std::uint64_t ticket = first; ticket != end; ++ticket) {
            larger[ticket & (larger.size() - 1)] = at(ticket);
        }
        ring = std::move(larger);
    }
    Pending& pending = at(end);
    pending.amount = amount;
    pending.from = from;
    pending.done = done;
    return end++;
}

void CounterFile::signal(Index counter, std::int64_t amount, Index from) {
    const std::int32_t queue = at(counter).queue;
    if (queue < 0 || queues_[static_cast<std::size_t>(queue)].empty()) {
        deliver(counter, amount, from);
    } else {
        queues_[static_cast<std::size_t>(queue)].add(amount, from, true);
    }
}

std::uint64_t CounterFile::reserve(Index counter, std::int64_t amount, Index from) {
    Counter& c = at(counter);
    if (c.queue < 0) {
        c.queue = static_cast<std::int32_t>(queues_.size());
        queues_.emplace_back();
    }
    return queues_[static_cast<std::size_t>(c.queue)].add(amount, from, false);
}

void CounterFile::complete_signal(Index counter, std::uint64_t ticket) {
    Queue& queue = queues_[static_cast<std::size_t>(at(counter).queue)];
    queue.at(ticket).done = true;
    while (!queue.empty() && queue.at(queue.first).done) {
        const Pending& oldest = queue.at(queue.first++);
        deliver(counter, oldest.amount, oldest.from);
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

void CounterFile::add(Index counter, std::int64_t amount) {
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

void CounterFile::wait(Index counter, std::int64_t value, Runnable& waiter) {
    waiter.waits_until_ = value;
    waiter.next_waiter_ = at(counter).waiters;
    at(counter).waiters = &waiter;
    at(counter).awaited = std::min(at(counter).awaited, value);
}

}  // namespace cim::platform

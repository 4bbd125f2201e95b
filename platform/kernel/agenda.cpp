#include "platform/kernel/agenda.h"

#include <algorithm>
#include <cassert>
#include <tlm>
#include <utility>

namespace cim::platform {

namespace {
constexpr std::int64_t femtoseconds_per_second = 1'000'000'000'000'000;  // the resolution that simulate() sets
}

Agenda::Agenda(const sc_core::sc_module_name& name, const hw::Machine& machine)
    : sc_module(name),
      ticks_per_second_(machine.ticks_per_second),
      femtoseconds_per_tick_(femtoseconds_per_second % machine.ticks_per_second == 0 ? femtoseconds_per_second / machine.ticks_per_second
                                                                                     : 0),
      quantum_(tlm::tlm_global_quantum::instance().get()) {
    SC_HAS_PROCESS(Agenda);
    SC_METHOD(run);
    sensitive << wake_;
    dont_initialize();
    for (Ticks tick = 0; tick < short_times; ++tick) {
        short_times_[static_cast<std::size_t>(tick)] = long_time_of(tick);
    }
}

sc_core::sc_time Agenda::long_time_of(Ticks tick) const {
    if (femtoseconds_per_tick_ > 0) {
        return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(tick * femtoseconds_per_tick_));
    }
    // Not a whole number of femtoseconds: rounded down for each tick, not added up.
    __extension__ using Wide = unsigned __int128;
    const Wide femtoseconds = static_cast<Wide>(tick) * static_cast<Wide>(femtoseconds_per_second) / static_cast<Wide>(ticks_per_second_);
    return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(femtoseconds));
}

void Agenda::advance_all() {
    // Advancing one flow may make others runnable: the list grows while it is walked.
    for (std::size_t i = 0; i < runnable_.size(); ++i) {
        runnable_[i]->advance();
    }
    runnable_.clear();
}

void Agenda::fetch_ahead(const Due* due) {
    if (due == nullptr) {
        return;
    }
    // Most belong to an operation, of which these lines are needed; for the others this does nothing.
    const char* const line = reinterpret_cast<const char*>(due);
    __builtin_prefetch(line);
    __builtin_prefetch(line + 64);
    __builtin_prefetch(line + 192);
}

Due& Agenda::lend() {
    if (unused_ == nullptr) {
        Due& fresh = lent_.emplace_back();
        fresh.lent = true;
        return fresh;
    }
    return *std::exchange(unused_, unused_->next);
}

Ticks Agenda::horizon() const {
    const sc_dt::uint64 others = sc_core::sc_time_to_pending_activity().value();  // the largest time if there are none
    if (others == 0) {
        return 0;
    }
    __extension__ using Wide = unsigned __int128;
    const Wide end = Wide{sc_core::sc_time_stamp().value()} + std::min(quantum_.value(), others - 1);
    // Rounded down like the times of ticks, of which the last that begins by then is meant.
    return static_cast<Ticks>(((end + 1) * static_cast<Wide>(ticks_per_second_) - 1) / static_cast<Wide>(femtoseconds_per_second));
}

void Agenda::run() {
    if (processed_ > 0 && next_ == Wheel<Due>::none) {
        return;  // the kernel has come to the last tick
    }
    ahead_ = sc_core::SC_ZERO_TIME;
    const Ticks last = horizon();
    do {
        process_tick();
        next_ = due_.next();
        if (next_ == Wheel<Due>::none) {
            break;
        }
        ahead_ = delay_to(next_);
        assert(next_ > last || next_ <= horizon());  // nobody notified an event for a time within the turn
    } while (next_ <= last);
    if (ahead_ > sc_core::SC_ZERO_TIME) {
        wake_.notify(ahead_);
    }
}

void Agenda::process_tick() {
    ++processed_;
    if (next_ != Wheel<Due>::none) {
        now_ = next_;
        due_.take(now_, [this](Due& due, const Due* following) {
            fetch_ahead(following);
            Actor& actor = *due.actor;
            const std::uint64_t what = due.what;
            if (due.lent) {
                due.next = std::exchange(unused_, &due);
            }
            actor.complete(what);
        });
    }
    if (!runnable_.empty()) {
        advance_all();
    }
    for (std::size_t i = 0; i < dispatch_.size(); ++i) {
        dispatch_[i]->dispatch_due_ = false;
        dispatch_[i]->dispatch();
    }
    dispatch_.clear();
    if (on_dispatched) {
        on_dispatched();
    }
    for (std::size_t i = 0; i < arbitrate_.size(); ++i) {
        arbitrate_[i]->arbitrate_due_ = false;
        arbitrate_[i]->arbitrate();
    }
    arbitrate_.clear();
}

}  // namespace cim::platform

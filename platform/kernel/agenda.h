#pragma once
// Keeps the three phases of a tick (ADR-0001): what completes, then what is dispatched, then what is arbitrated. Modules put themselves
// on the agenda; one SystemC event wakes it at the next tick that has anything to do. Nothing in a tick depends on process order. While
// nobody else has anything to do in SystemC it runs ahead of the kernel, up to the global quantum (temporal decoupling of TLM-2.0).

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <systemc>
#include <vector>

#include "hw_models/spec/machine.h"
#include "platform/kernel/wheel.h"

namespace cim::platform {

using hw::Ticks;

/// Something that has turns in a tick. The argument tells an actor with several concerns which one is meant.
class Actor {
  public:
    virtual ~Actor() = default;
    virtual void complete(std::uint64_t what) = 0;
    virtual void dispatch() {}
    virtual void arbitrate() {}

  private:
    friend class Agenda;
    bool dispatch_due_ = false;
    bool arbitrate_due_ = false;
};

/// A turn of an actor at a tick to come. Belongs to whoever asks for it, and is not to be used again before.
struct Due {
    Due* next = nullptr;
    Actor* actor = nullptr;
    std::uint64_t what = 0;
    bool lent = false;  ///< by the agenda
};

/// Something that moves on in the completing phase as soon as it can (a flow whose counter was reached).
class Runnable {
  public:
    virtual ~Runnable() = default;
    virtual void advance() = 0;

  private:
    friend class CounterFile;
    Runnable* next_waiter_ = nullptr;  ///< on the same counter
    std::int64_t waits_until_ = 0;     ///< value of it
};

class Agenda final : public sc_core::sc_module {
  public:
    Agenda(const sc_core::sc_module_name& name, const hw::Machine& machine);

    Ticks now() const { return now_; }
    /// SystemC time of a tick, rounded down to its resolution.
    sc_core::sc_time time_of(Ticks tick) const {
        return tick < short_times ? short_times_[static_cast<std::size_t>(tick)] : long_time_of(tick);
    }
    /// From where the kernel stands to now, and to a tick to come: what TLM-2.0 calls the delay of a call. Nothing that is called in a turn
    /// may notify an event of SystemC for a time within it.
    const sc_core::sc_time& delay() const { return ahead_; }
    sc_core::sc_time delay_to(Ticks tick) const {
        return femtoseconds_per_tick_ > 0 ? ahead_ + time_of(tick - now_) : time_of(tick) - sc_core::sc_time_stamp();
    }

    /// Calls actor.complete(what) in the completing phase of tick `when`, later than now.
    void complete_at(Ticks when, Actor& actor, std::uint64_t what = 0) {
        Due& due = lend();
        due.actor = &actor;
        due.what = what;
        due_.add(when, due);
    }
    /// The same with the caller's own `due`.
    void complete_at(Ticks when, Due& due) { due_.add(when, due); }
    /// Calls actor.dispatch() / arbitrate() once, in that phase of this tick.
    void dispatch_now(Actor& actor) {
        if (!actor.dispatch_due_) {
            actor.dispatch_due_ = true;
            dispatch_.push_back(&actor);
        }
    }
    void arbitrate_now(Actor& actor) {
        if (!actor.arbitrate_due_) {
            actor.arbitrate_due_ = true;
            arbitrate_.push_back(&actor);
        }
    }
    /// Called at the end of each tick's dispatching phase, if set: who may begin of those that had to ask.
    std::function<void()> on_dispatched;
    /// Lets `runnable` advance in this tick's completing phase.
    void run_now(Runnable& runnable) { runnable_.push_back(&runnable); }
    /// Processes tick 0 when the simulation begins.
    void start() { wake_.notify(sc_core::SC_ZERO_TIME); }
    std::uint64_t ticks_processed() const { return processed_; }

  private:
    static constexpr Ticks short_times = 1024;

    sc_core::sc_time long_time_of(Ticks tick) const;
    /// The last tick that may be processed before the kernel has to move.
    Ticks horizon() const;
    void run();
    void process_tick();
    /// Lets the processor fetch what lies around `due`, while something else is done.
    static void fetch_ahead(const Due* due);
    Due& lend();
    void advance_all();

    std::int64_t ticks_per_second_;
    std::int64_t femtoseconds_per_tick_;                     ///< 0: not a whole number
    std::array<sc_core::sc_time, short_times> short_times_;  ///< times of the first ticks
    Ticks now_ = 0;
    Ticks next_ = Wheel<Due>::none;  ///< tick that comes next
    sc_core::sc_time ahead_;         ///< of the kernel
    sc_core::sc_time quantum_;
    std::uint64_t processed_ = 0;
    Wheel<Due> due_;
    std::deque<Due> lent_;
    Due* unused_ = nullptr;  ///< of those that can be lent
    std::vector<Runnable*> runnable_;
    std::vector<Actor*> dispatch_;
    std::vector<Actor*> arbitrate_;
    sc_core::sc_event wake_;
};

}  // namespace cim::platform

#pragma once
// The port of a shared memory (L0, L1, external) as a state machine, free of SystemC: one transfer at a time, first come first served.
// Requests of one tick are put to it in order of their key (ADR-0001, phase 3).

#include <algorithm>

#include "hw_models/spec/machine.h"

namespace cim::hw {

/// Single port: reads and writes share it.
class SinglePort {
  public:
    /// Takes a request of `service` ticks that came at `now`; the tick in which its service begins. Requests come in order of service.
    Ticks grant(Ticks now, Ticks service) {
        const Ticks begin = std::max(now, free_at_);
        free_at_ = begin + service;
        return begin;
    }

    /// When all that was granted has been served.
    Ticks free_at() const { return free_at_; }

  private:
    Ticks free_at_ = 0;
};

}  // namespace cim::hw

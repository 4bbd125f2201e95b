#pragma once
// Typed trace records. The platform calls the observer, if there is one, at each change; sinks (VCD, Perfetto) implement it.

#include <cstdint>

#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::platform {

class Observer {
  public:
    virtual ~Observer() = default;
    /// Engine of a place (core index, or number of cores for the chip) begins an operation of operator `op`, or idles (op < 0).
    virtual void engine(hw::Ticks at, int place, isa::Engine engine, int op) = 0;
    /// Crossbars of a core that work, and wordlines active in them.
    virtual void crossbars(hw::Ticks at, int core, int active, int rows) = 0;
    /// One crossbar of a core works for operator `op`, or idles (op < 0).
    virtual void crossbar(hw::Ticks at, int core, int xb, int op) = 0;
    /// Port of an L1 (core index), the L0 (number of cores) or external memory (number of cores + 1).
    virtual void port(hw::Ticks at, int memory, bool busy) = 0;
    virtual void link(hw::Ticks at, int link, bool busy) = 0;
    virtual void counter(hw::Ticks at, isa::Index counter, std::int64_t value) = 0;
};

}  // namespace cim::platform

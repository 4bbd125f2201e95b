#pragma once
// How long a program holds the resources of the machine, counted from its loops without running them. What is held longest bounds the time
// from below, contention included: a measure for choosing between programs, found in a time that does not grow with the number of windows.

#include <cstdint>
#include <vector>

#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

struct Occupancy {
    /// That the busiest engine, crossbar, port, memory or node of the network is held, summed over the segments. A segment that writes
    /// takes no less than all its writing and then what the crossbar written last has to do.
    hw::Ticks busiest = 0;
    std::int64_t operations = 0;       ///< executed, setup included
    double picojoules = 0;             ///< of its events, setup and leakage left out
    std::vector<hw::Ticks> working{};  ///< as `busiest`, by segment, writing left out
};

Occupancy occupancy_of(const isa::Program& program, const hw::Machine& machine, std::int64_t batch);

}  // namespace cim::compiler

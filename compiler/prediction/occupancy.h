#pragma once
// How long a program holds the resources of the machine, counted from its loops without running them. What is held longest bounds the time
// from below, contention included: a measure for choosing between programs, found in a time that does not grow with the number of windows.

#include <cstdint>

#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

struct Occupancy {
    hw::Ticks busiest = 0;  ///< that the busiest engine, crossbar, port, memory or node of the network is held, summed over the segments
    std::int64_t operations = 0;  ///< executed, setup included
    double picojoules = 0;        ///< of its events, setup and leakage left out
};

Occupancy occupancy_of(const isa::Program& program, const hw::Machine& machine, std::int64_t batch);

}  // namespace cim::compiler

#pragma once
// How long a program holds the resources of the machine, counted from its loops without running them. What is held longest bounds the time
// from below, contention included: a measure for choosing between programs, found in a time that does not grow with the number of windows.

#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

/// Ticks that the busiest engine, crossbar, port, memory or node of the network is held, summed over the segments (without setup).
hw::Ticks busiest_ticks(const isa::Program& program, const hw::Machine& machine, std::int64_t batch);

}  // namespace cim::compiler

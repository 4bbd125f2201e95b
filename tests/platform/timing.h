#pragma once
// Small programs whose timing can be said in one line.

#include <string>
#include <vector>

#include "tests/platform/support.h"

namespace cim::test {

/// 2x2 cores of four crossbars, one tick a cycle, nothing takes time but issuing (1) and the network if it is asked to.
hw::Machine bare_machine();

/// Tables that most programs of the tests need: buffers in_ l1/l0/ext, counters `done` (chip), `c` on each core; weights, params.
std::string preamble();

/// A program of templates and flows behind preamble().
isa::Program timing_program(const std::string& body);

/// Ticks after the end of setup at which counter `name[index]` grew.
std::vector<Ticks> growth(const Outcome& outcome, const isa::Program& program, const std::string& name, int index = 0);

/// When the single operator `op` on an engine of a place completes: it is checked that one cycle before it has not.
Ticks time_of_one(const hw::Machine& machine, const std::string& place, const std::string& engine, const std::string& op);

}  // namespace cim::test

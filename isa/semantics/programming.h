#pragma once
// Which crossbars a program programs.

#include <vector>

#include "isa/program.h"

namespace cim::isa {

/// Whether an operator writes a crossbar, as a whole or in part.
bool writes_crossbar(Opcode opcode);

/// A crossbar written by a flow, as a whole or in part.
struct CrossbarWrite {
    Index flow = 0;
    Index core = 0;
    Index xb = 0;
    Index weight = 0;
};

/// All writes of one run, flow by flow, in order.
std::vector<CrossbarWrite> crossbar_writes(const Program& program);

}  // namespace cim::isa

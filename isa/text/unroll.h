#pragma once
// The flat execution of a program: what `--unroll` prints.

#include <cstdint>
#include <ostream>

#include "isa/program.h"

namespace cim::isa {

/// Prints each flow without loops: every wait, signal and operator in the order in which the flow executes them, with numbers in place of
/// expressions. Stops after `most_lines` lines with a line that says so and returns false; true if all was printed. The program must be
/// well-formed. Throws ProgramError like resolve().
bool print_unrolled(std::ostream& out, const Program& program, std::int64_t batch, std::int64_t most_lines);

}  // namespace cim::isa

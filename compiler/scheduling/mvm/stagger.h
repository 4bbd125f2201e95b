#pragma once
// Staggered activation: crossbars of a core begin one after the other.

#include "isa/program.h"

namespace cim::compiler {

/// Operators that begin in the same cycle (`parallel`) become operators in a row, in the order in which they stand.
void stagger(isa::Program& program);

}  // namespace cim::compiler

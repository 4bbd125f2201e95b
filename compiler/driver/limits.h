#pragma once

#include "hw_models/spec/machine.h"
#include "isa/verifier/verify.h"

namespace cim::compiler {

/// The same computing mode in the words of programs.
isa::Mode mode_as_isa(hw::ComputingMode mode);

/// What the verifier must know of a machine.
isa::Limits limits_of(const hw::Machine& machine);

}  // namespace cim::compiler

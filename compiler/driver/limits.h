#pragma once

#include "hw_models/spec/machine.h"
#include "isa/verifier/verify.h"

namespace cim::compiler {

/// What the verifier must know of a machine.
isa::Limits limits_of(const hw::Machine& machine);

}  // namespace cim::compiler

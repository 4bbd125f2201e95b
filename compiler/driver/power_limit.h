#pragma once
// A program that keeps the peak power of the chip below a limit.

#include <cstdint>

#include "compiler/driver/objective.h"
#include "compiler/prediction/predict.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

/// The least limit that a program with one can be run with on the machine: what its dearest operation draws, and the machine at rest.
std::int64_t least_power_limit_uw(const Prediction& prediction, const hw::Machine& machine);

/// Gives the program the power limit, `limit_uw` or less, with which it is best for `images` inputs (ADR-0007): a higher limit is never
/// worse. InputError if the limit is below what one operation draws. The program's weights need no values.
void limit_power(isa::Program& program, const hw::Machine& machine, std::int64_t limit_uw, Objective objective, std::int64_t images);

}  // namespace cim::compiler

#pragma once
// A program that keeps the peak power of the chip below a limit.

#include <cstdint>
#include <functional>

#include "compiler/driver/objective.h"
#include "compiler/prediction/predict.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

/// The least limit that a program with one can be run with on the machine: what its dearest operation draws, and the machine at rest.
std::int64_t least_power_limit_uw(const Prediction& prediction, const hw::Machine& machine);

/// The flows of a schedule, as generate_flows() gives them with transfers of so many bytes at most.
using FlowsOf = std::function<isa::Program(std::int64_t most_transferred)>;

/// The flows that are best for `images` inputs under a power limit, `limit_uw` or less: with transfers as long as a row, or as short as the
/// limit has them (ADR-0007). A higher limit is never worse. InputError if the limit is below what one operation draws.
isa::Program power_limited(const FlowsOf& flows, const hw::Machine& machine, std::int64_t limit_uw, Objective objective,
                           std::int64_t images);

}  // namespace cim::compiler

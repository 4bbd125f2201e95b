#pragma once
// --peak-power-limit: the option, and programs that carry a limit.

#include <cstdint>
#include <optional>

#include "cli/arguments.h"
#include "compiler/prediction/predict.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::cli {

/// Option of compile and run.
void add_power_option(po::options_description& options);
/// What it says, if it is given. InputError if that is no power.
std::optional<std::int64_t> power_limit_uw(const po::variables_map& values);
/// InputError if the power limit of the program, which has one, is less than what one of its operations draws on the machine.
void check_power_limit(const isa::Program& program, const hw::Machine& machine, const compiler::Prediction& prediction);

}  // namespace cim::cli

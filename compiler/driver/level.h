#pragma once
// At which level a machine is driven (design: cg, mvm and vvm are what the computing modes CM, XBM and WLM each unlock; none is the
// baseline of ADR-0003).

#include <vector>

#include "hw_models/spec/machine.h"
#include "isa/ops.h"

namespace cim::compiler {

/// All levels but `none` that the machine's mode unlocks. The first is the default: of the finer ones mvm, which serves large networks
/// best.
std::vector<isa::Level> levels_of(const hw::Machine& machine);

/// The machine as a program of that level sees it: one of the coarser mode, everything else the same. InputError if the level needs a
/// finer mode than the machine has.
hw::Machine driven_at(const hw::Machine& machine, isa::Level level);

}  // namespace cim::compiler

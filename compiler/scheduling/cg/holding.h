#pragma once
// Which of the maps that one segment leaves to others stay in the L1 of cores in between: cores that then send them to their readers as
// relays do, so that L0's port has nothing to do with them.

#include <cstdint>

#include "compiler/scheduling/cg/passed_maps.h"
#include "hw_models/spec/machine.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// Lets all maps of a schedule stay in L1 that cores give and whose readers have their landings there, and for whose shares
/// (compiler/mapping/relays.h) cores have room beside what its segments use, `batch` images of each. Whatever room is left is for more
/// images. Their landings in L0 are gone.
void hold_in_l1(Schedule& schedule, const hw::Machine& machine, const hw::PriceList& prices, std::int64_t batch);

}  // namespace cim::compiler

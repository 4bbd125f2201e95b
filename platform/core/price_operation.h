#pragma once

#include "hw_models/timing/price.h"
#include "isa/interpreter/resolved.h"
#include "platform/crossbar/crossbar_array.h"

namespace cim::platform {

/// What an operator executed at `place` (a core, or isa::chip) costs, with the tiles that the core's crossbars hold (null for the chip).
hw::OpCost price_operation(const hw::PriceList& prices, const isa::Program& program, const isa::OpInstance& op, isa::Index place,
                           const CrossbarArray* crossbars);

}  // namespace cim::platform

#pragma once
// The price of a meta-operator: its operands read as what hw_models/timing wants to know. The one place where programs and prices meet,
// used by the predictor and by the platform.

#include "hw_models/timing/price.h"
#include "isa/interpreter/resolved.h"

namespace cim::pricing {

/// What `op` costs when executed at `place` (a core, or isa::chip). `weight`: for a crossbar read, the index of the tile in that crossbar;
/// otherwise unused.
hw::OpCost price_operation(const hw::PriceList& prices, const isa::Program& program, const isa::OpInstance& op, isa::Index place,
                           isa::Index weight);

}  // namespace cim::pricing

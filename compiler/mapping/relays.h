#pragma once
// Cores that take the rows of an input from L0 and send them on, where L0's port would be busy with what the readers of neighbouring
// columns both take.

#include <vector>

#include "compiler/mapping/placement.h"
#include "hw_models/spec/machine.h"

namespace cim::hw {
class PriceList;
}

namespace cim::compiler {

/// The relays of each input of a segment, its rows dealt to them in turn, and if there are too few and it is `banded`, bands of their
/// columns, or of a vector slices of its channels; empty where its readers load them themselves.
std::vector<std::vector<Part>> relays_of(const QuantGraph& graph, const std::vector<NodePlacement>& placement, const hw::Machine& machine,
                                         const hw::PriceList& prices, bool banded);

}  // namespace cim::compiler

#pragma once
// Cores that send the rows of an input to its readers: relays, which take them from L0, where L0's port would be busy with what the readers
// of neighbouring columns both take, and holders, in whose L1 a map stays from one segment to another.

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

/// Nodes of a segment that read a map.
struct MapReader {
    const QuantGraph& graph;
    const std::vector<NodePlacement>& placement;
    TensorId input = 0;  ///< of the graph
};

/// Shares of a map to be held: bands of columns, the rows of each dealt in turn to two, or to more where bands or cores are too few; of a
/// vector slices. As many as send it to its readers in a quarter of the time that the slowest operator of each segment takes for an image,
/// and `least` if there can be. Cores count from 0.
std::vector<Part> holders_of(const std::vector<MapReader>& readers, const hw::Machine& machine, const hw::PriceList& prices, int least);

/// Cores, those first that have least to do.
std::vector<int> idlest_first(const std::vector<NodePlacement>& placement, const QuantGraph& graph, const hw::Machine& machine,
                              const hw::PriceList& prices);

}  // namespace cim::compiler

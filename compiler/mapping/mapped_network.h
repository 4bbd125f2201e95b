#pragma once
// The network as it is mapped onto crossbars: nodes of the quantised network, and pieces of those that are larger than the chip.

#include <vector>

#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Where a node of the mapped network lies in the quantised network.
struct Origin {
    NodeId node = 0;
    // Conv: element (0, 0) of the piece in the node's matrix, and the input channels that the piece sees.
    int row = 0;
    int col = 0;
    int channel = 0;
    int channels = 0;
};

/// Nodes without their matrices, which stay in the network. A Conv with two inputs adds the second, int32 sums, to its own; one whose
/// output has four bytes an element gives its sums as they are.
struct MappedNetwork {
    QuantGraph graph;
    std::vector<Origin> origins;  ///< by node

    /// Cuts node `node` into pieces of columns, `cols` each (the last one what is left), behind a Concat. `cols`: units of tiles.h.
    void split_columns(NodeId node, int cols);
    /// Cuts a Conv of one group into pieces of rows, `rows` each, which pass their sums on.
    void split_rows(NodeId node, int rows);
};

/// The network, each Conv cut into pieces that fit `cores` cores of the machine by themselves.
MappedNetwork map_network(const QuantGraph& network, const hw::Machine& machine, int cores);

/// Makes a piece of the Conv `node` smaller: half its columns, or if they are one unit, half its tile rows. False if it is one tile.
bool halve(MappedNetwork& mapped, NodeId node, const hw::Machine& machine);

/// A range of channels of a tensor that comes from one that is not a Concat.
struct ViewPart {
    TensorId tensor = 0;
    int c0 = 0;  ///< where its channels begin in the whole
};

/// Node that gives each tensor, or -1.
std::vector<NodeId> producers_of(const QuantGraph& graph);

/// What a tensor is made of: itself, or, seen through Concats, the tensors whose channels it is. `producers` as above.
std::vector<ViewPart> view_of(const QuantGraph& graph, const std::vector<NodeId>& producers, TensorId id);

}  // namespace cim::compiler

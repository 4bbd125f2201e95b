#pragma once
// Where each node works: the tiles of weight matrices on crossbars, the channels that each core gives.

#include <vector>

#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Piece of a weight matrix in one crossbar: rows row .. row+rows-1, columns col .. col+cols-1. Bits are bound to adjacent columns.
struct Tile {
    int row = 0, rows = 0;
    int col = 0, cols = 0;
    int core = 0, xb = 0;
};

/// Channels c0 .. c1-1 of a node's output come from `core` (isa::chip: the chip's ALU).
struct Part {
    int core = 0;
    int c0 = 0, c1 = 0;
};

struct NodePlacement {
    std::vector<Tile> tiles;  ///< Conv: by column, then by row
    std::vector<Part> parts;
};

/// Places every node. While cores last, each operator begins on a core of its own and a column of tiles stays on as few cores as it can;
/// otherwise operators are packed crossbar by crossbar.
/// Throws InputError if the crossbars do not suffice.
std::vector<NodePlacement> place(const QuantGraph& graph, const hw::Machine& machine);

}  // namespace cim::compiler

#pragma once
// Where each node of a segment works: the tiles of weight matrices on crossbars, the channels that each core gives.

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/mapping/mapped_network.h"
#include "compiler/mapping/reading.h"
#include "compiler/mapping/tiles.h"
#include "hw_models/spec/machine.h"

namespace cim::hw {
class PriceList;
}

namespace cim::compiler {

/// Channels c0 .. c1-1 of some positions of a node's output come from `core` (isa::chip: the chip's ALU).
struct Part {
    int core = 0;
    int c0 = 0, c1 = 0;
    Grid grid;
    int copy = 0;  ///< Conv: which
};

/// `core` has its input from the core `from` of the same Conv.
struct Forward {
    int core = 0;
    int from = 0;
};

struct NodePlacement {
    std::vector<Grid> copies;       ///< Conv: the positions of each
    std::vector<Tile> tiles;        ///< Conv: by copy, column, row
    std::vector<Part> parts;        ///< by copy, channel; of a Concat none
    std::vector<Forward> forwards;  ///< Conv: by core

    /// Conv: the part that a tile's column belongs to.
    const Part& part_of(const Tile& tile) const;
    /// The core that `core` has its input from, or -1: it comes from those who give it.
    int forwarder_of(int core) const;
};

/// How the copies of a Conv share its output: dx bands of columns, and in each the rows dealt to dy copies in turn. How many rows of the
/// matrix a crossbar holds at most; 0: as many as it has. How many copies, one after the other, have the last rows of the matrix in the
/// same crossbars where these are fewer than in the others.
struct Split {
    int dx = 1;
    int dy = 1;
    int tile_rows = 0;
    int together = 1;
    int copies() const { return dx * dy; }
};

/// How operators are spread over the cores: which crossbars of a core are used while cores last. More cores have more L1, ports and ALUs,
/// and more to send to each other.
enum class Spread : std::uint8_t {
    Balanced,  ///< all of them; copies so that L1 ports have the same to do, where ports matter
    None,      ///< all of them
    Columns,   ///< as many as hold the tallest column of tiles
    Tiles,     ///< one
    Largest,   ///< as Balanced, the largest columns of tiles first: fewer crossbars are left over, and operators lie further apart
    Counted,   ///< as Balanced, with the receivers of a position as the copies have it (compiler/mapping/load.h)
    Copies,    ///< all of them, of cores that work for one copy of one operator (ADR-0003, `poly`)
};

/// Which Convs have cores that pass their input on to each other (compiler/mapping/forwarding.h).
enum class Forwarding : std::uint8_t {
    None,
    Busy,  ///< those to whose cores to send a position takes a quarter of a window
    All,
};

struct Placement {
    std::vector<NodePlacement> nodes;
    hw::Ticks busiest = 0;  ///< balanced: how long a resource of a core is held for an image, at most
};

/// Places every node. While cores last, each operator begins on a core of its own and a column of tiles stays on as few cores as it can;
/// otherwise operators are packed crossbar by crossbar. In CM each copy has cores of its own. A Softmax, and windows that no L1 holds,
/// go to the chip's ALU. Nothing if the crossbars do not suffice. `splits`: by node. `balance`: nothing either if columns cannot be
/// balanced over the cores (compiler/mapping/packing.h).
std::optional<Placement> place(const QuantGraph& graph, const std::vector<Origin>& origins, const hw::Machine& machine,
                               const hw::PriceList& prices, const std::vector<Split>& splits, Spread spread, Forwarding forwarding,
                               bool balance = false);

/// Core i becomes cores[i].
void renumber_cores(std::vector<NodePlacement>& placement, const std::vector<int>& cores);
void renumber_cores(std::vector<Part>& parts, const std::vector<int>& cores);

}  // namespace cim::compiler

#pragma once
// A weight matrix cut into pieces that each fit a crossbar.

#include <vector>

#include "compiler/mapping/mapped_network.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Of a weight as it is stored in crossbars.
constexpr int weight_bits = 8;

/// Piece of a weight matrix in one crossbar: its columns col .. col+cols-1, and rows row .. row+rows-1 of the window over the input
/// channels c0 .. c1-1 (in the order tap, channel). Bits are bound to adjacent columns.
struct Tile {
    int row = 0, rows = 0;
    int col = 0, cols = 0;
    int c0 = 0, c1 = 0;
    int copy = 0;
    int behind = 0;  ///< how many copies before its own the one is in whose crossbar it lies; 0: it has its own
    int core = 0, xb = 0;
    bool has_crossbar() const { return behind == 0; }
};

/// Tiles of a (piece of a) Conv without places, by column, then by row. Full tiles first; groups share a tile as docs/numbers.md says.
/// `most_rows` of a tile, if its crossbar is not to be filled (0).
std::vector<Tile> cut_into_tiles(const QuantNode& node, const Origin& origin, const hw::Machine& machine, int most_rows = 0);

/// Whether a tile has fewer rows than the first of its matrix, and so is read in less time.
inline bool is_short(const Tile& tile, const std::vector<Tile>& tiles) {
    return tile.rows < tiles.front().rows;
}

/// Least number of columns, from the first on, that can be a piece by themselves: a tile's, or those of the groups that share a tile (of
/// one group if it needs several tiles).
int column_unit(const QuantNode& node, const hw::Machine& machine);

}  // namespace cim::compiler

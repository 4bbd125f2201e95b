#pragma once
// CM: how long a core takes for output positions of a Conv, and how many of them one cim.read_core gives.

#include <vector>

#include "compiler/memory/plan.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// Elements row .. row+rows-1 of the window over the channels c0 .. c1-1 (in the order tap, channel): what tiles see of it.
struct TileWindow {
    int c0 = 0, c1 = 0;
    int row = 0, rows = 0;
};

/// What the tiles of a group, or one tile, see.
TileWindow window_of(const Group& group, const NodePlacement& placement);
TileWindow window_of(const Tile& tile);

/// Time of a read of one position, and what each further one adds.
struct CoreTime {
    hw::Ticks first = 0;
    hw::Ticks next = 0;
};

/// Of the core of copy `copy` that takes longest; its groups are read one after the other.
CoreTime slowest_core(const std::vector<Group>& groups, int copy, const NodePlacement& placement, const hw::PriceList& prices);

/// Positions of a row of `cols` that a read should give: so many that filling and draining the core's pipeline does not count, and no
/// more, because the next operator waits for all of them. Divides `cols`.
int grain_of(const CoreTime& time, int cols);

}  // namespace cim::compiler

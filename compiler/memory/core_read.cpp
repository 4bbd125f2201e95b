#include "compiler/memory/core_read.h"

#include <algorithm>
#include <map>

namespace cim::compiler {

TileWindow window_of(const Tile& tile) {
    return {tile.c0, tile.c1, tile.row, tile.rows};
}

TileWindow window_of(const Group& group, const NodePlacement& placement) {
    TileWindow window = window_of(placement.tiles[static_cast<std::size_t>(group.tiles[0])]);
    for (const int t : group.tiles) {
        const Tile& tile = placement.tiles[static_cast<std::size_t>(t)];
        const int end = std::max(window.row + window.rows, tile.row + tile.rows);
        window.row = std::min(window.row, tile.row);
        window.rows = end - window.row;
    }
    return window;
}

CoreTime slowest_core(const std::vector<Group>& groups, int copy, const NodePlacement& placement, const hw::PriceList& prices) {
    std::map<int, CoreTime> cores;
    for (const Group& group : groups) {
        if (group.copy != copy) {
            continue;
        }
        std::vector<hw::PriceList::Tile> tiles;
        for (const int t : group.tiles) {
            const Tile& tile = placement.tiles[static_cast<std::size_t>(t)];
            tiles.push_back({tile.rows, tile.cols, 8});
        }
        const auto read = [&](std::int64_t positions) {
            return prices.read_core(tiles, group.cols, group.own == 0, positions, window_of(group, placement).rows).sync_ticks();
        };
        CoreTime& core = cores[group.core];
        const hw::Ticks first = read(1);
        core.first += first;
        core.next += read(2) - first;
    }
    const auto slowest =
        std::max_element(cores.begin(), cores.end(), [](const auto& a, const auto& b) { return a.second.next < b.second.next; });
    return slowest == cores.end() ? CoreTime{} : slowest->second;
}

int grain_of(const CoreTime& time, int cols) {
    constexpr int share = 20;  // of a read's time may be filling and draining
    const hw::Ticks fill = time.first - time.next;
    for (int grain = 1; grain < cols; ++grain) {
        if (cols % grain == 0 && share * fill <= grain * time.next) {
            return grain;
        }
    }
    return cols;
}

}  // namespace cim::compiler

#include "compiler/mapping/forwarding.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "compiler/ir/index.h"

namespace cim::compiler {

namespace {

constexpr std::size_t fewest = 3;   // cores that are worth a hop more
constexpr std::size_t fan_out = 4;  // cores that one passes on to

/// What a core receives of an input.
struct Received {
    std::set<int> copies;  ///< that it works for
    int c0 = 0, c1 = 0;    ///< channels that its tiles see
    int row = 0, end = 0;  ///< rows of the matrix, if these are channels or the one window's pixels
    bool operator<(const Received& other) const {
        return std::tie(copies, c0, c1, row, end) < std::tie(other.copies, other.c0, other.c1, other.row, other.end);
    }
};

std::map<int, Received> received_by_core(const QuantGraph& graph, const QuantNode& conv, const NodePlacement& placement) {
    const bool rows_are_channels = (conv.kernel_h == 1 && conv.kernel_w == 1) || reading_of(graph, conv).whole();
    std::map<int, Received> by_core;
    for (const Tile& tile : placement.tiles) {
        const int row = rows_are_channels ? tile.row : 0;
        const int end = rows_are_channels ? tile.row + tile.rows : 0;
        Received& own = by_core.try_emplace(tile.core, Received{{}, tile.c0, tile.c1, row, end}).first->second;
        own = {std::move(own.copies), std::min(own.c0, tile.c0), std::max(own.c1, tile.c1), std::min(own.row, row), std::max(own.end, end)};
        own.copies.insert(tile.copy);
    }
    return by_core;
}

}  // namespace

std::vector<Forward> forwards_of(const QuantGraph& graph, const QuantNode& conv, const NodePlacement& placement) {
    std::vector<Forward> forwards;
    const bool apart = reading_of(graph, conv, 0, placement.copies.front()).apart();
    if (apart) {
        return forwards;
    }
    std::map<Received, std::vector<int>> alike;
    for (const auto& [core, received] : received_by_core(graph, conv, placement)) {
        alike[received].push_back(core);
    }
    for (const auto& entry : alike) {
        const std::vector<int>& cores = entry.second;
        for (std::size_t i = 1; cores.size() >= fewest && i < cores.size(); ++i) {
            forwards.push_back({cores[i], cores[(i - 1) / fan_out]});
        }
    }
    std::sort(forwards.begin(), forwards.end(), [](const Forward& a, const Forward& b) { return a.core < b.core; });
    return forwards;
}

bool has_many_receivers(const QuantGraph& graph, const QuantNode& conv, const NodePlacement& placement, const hw::PriceList& prices,
                        hw::Ticks interval) {
    const std::map<int, Received> by_core = received_by_core(graph, conv, placement);
    const int width = reading_of(graph, conv).w;
    std::int64_t cols = 0;  // that the cores take, all together
    for (const auto& entry : by_core) {
        std::int64_t own = 0;
        for (const int copy : entry.second.copies) {
            own += reading_of(graph, conv, 0, placement.copies[at(copy)]).used_cols();
        }
        cols += std::min<std::int64_t>(own, width);
    }
    const Tile& tile = placement.tiles.front();
    const hw::Ticks window = prices.read(0, tile.rows, tile.cols, 8, 8, tile.rows, false).sync_ticks();
    const hw::Ticks send = prices.send(by_core.begin()->first, by_core.rbegin()->first, tile.rows).sync_ticks();
    if (reading_of(graph, conv).whole()) {
        return 2 * static_cast<hw::Ticks>(by_core.size()) * send > interval;
    }
    return 4 * cols * send > window * width;
}

}  // namespace cim::compiler

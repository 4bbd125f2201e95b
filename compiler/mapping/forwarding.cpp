#include "compiler/mapping/forwarding.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "compiler/ir/index.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

constexpr std::size_t fewest = 3;   // cores that are worth a hop more
constexpr std::size_t fan_out = 4;  // cores that one passes on to

/// What a core receives of an input.
struct Received {
    std::set<int> copies;  ///< that it works for
    int c0 = 0, c1 = 0;    ///< channels that its tiles see
    int row = 0, end = 0;  ///< rows of the matrix, if these are channels
    bool operator<(const Received& other) const {
        return std::tie(copies, c0, c1, row, end) < std::tie(other.copies, other.c0, other.c1, other.row, other.end);
    }
};

std::map<int, Received> received_by_core(const QuantNode& conv, const NodePlacement& placement) {
    const bool rows_are_channels = conv.kernel_h == 1 && conv.kernel_w == 1;
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
    if (reading_of(graph, conv).whole() || conv.stride_h > conv.kernel_h) {
        return forwards;
    }
    std::map<Received, std::vector<int>> alike;
    for (const auto& [core, received] : received_by_core(conv, placement)) {
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

hw::Ticks slowest_reads(const std::vector<NodePlacement>& placement, const hw::PriceList& prices) {
    hw::Ticks slowest = 1;
    for (const NodePlacement& here : placement) {
        for (const Tile& tile : here.tiles) {
            const hw::Ticks read = prices.read(0, tile.rows, tile.cols, 8, 8, tile.rows, false).sync_ticks();
            slowest = std::max(slowest, read * here.copies[at(tile.copy)].positions());
        }
    }
    return slowest;
}

bool has_many_receivers(const QuantGraph& graph, NodeId node, const std::vector<NodePlacement>& placement, hw::Ticks interval,
                        const hw::PriceList& prices) {
    const QuantNode& conv = graph.nodes[at(node)];
    std::vector<Grid> columns;  // of the input, by core
    for (const auto& entry : received_by_core(conv, placement[at(node)])) {
        int begin = reading_of(graph, conv).w;
        int end = 0;
        for (const int copy : entry.second.copies) {
            const Reading r = reading_of(graph, conv, 0, placement[at(node)].copies[at(copy)]);
            begin = std::min(begin, r.skip_left);
            end = std::max(end, r.skip_left + r.used_cols());
        }
        columns.push_back({0, 1, 0, begin, end - begin});
    }
    const auto is_busy = [&](const Grid& grid, std::int64_t bytes) {
        const auto receivers = std::count_if(columns.begin(), columns.end(), [&](const Grid& taken) {
            return taken.x0 < grid.x0 + grid.cols && grid.x0 < taken.x0 + taken.cols;
        });
        return 2 * receivers * grid.positions() * prices.send(0, 0, bytes).sync_ticks() > interval;
    };
    const std::vector<NodeId> producers = producers_of(graph);
    for (const ViewPart& view : view_of(graph, producers, conv.inputs[0])) {
        const NodeId producer = producers[at(view.tensor)];
        if (producer < 0) {
            const Shape3& shape = graph.tensors[at(view.tensor)].shape;
            // Relays share its rows.
            if (is_busy({0, 1, 1, 0, shape.w}, shape.c)) {
                return true;
            }
            continue;
        }
        for (const Part& part : placement[at(producer)].parts) {
            if (is_busy(part.grid, part.c1 - part.c0)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace cim::compiler

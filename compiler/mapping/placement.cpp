#include "compiler/mapping/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/error.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

constexpr int weight_bits = 8;

int ceil_div(int a, int b) {
    return (a + b - 1) / b;
}

/// Tiles of one matrix, without places. Row tiles are full crossbars from row 0 on, the last one takes the rest.
std::vector<Tile> cut(const QuantNode& node, const hw::Machine& machine) {
    std::vector<Tile> tiles;
    const int width = machine.logical_cols(weight_bits);
    for (int col = 0; col < node.cols; col += width) {
        for (int row = 0; row < node.rows; row += machine.crossbar.rows) {
            Tile tile;
            tile.row = row;
            tile.rows = std::min(machine.crossbar.rows, node.rows - row);
            tile.col = col;
            tile.cols = std::min(width, node.cols - col);
            tiles.push_back(tile);
        }
    }
    return tiles;
}

/// The core of a column's result: the one with most of its tiles, the first of equals.
std::vector<Part> parts_of(const std::vector<Tile>& tiles) {
    std::vector<Part> parts;
    for (std::size_t i = 0; i < tiles.size();) {
        std::map<int, int> count;
        std::size_t end = i;
        for (; end < tiles.size() && tiles[end].col == tiles[i].col; ++end) {
            ++count[tiles[end].core];
        }
        const auto best = std::max_element(count.begin(), count.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
        parts.push_back({best->first, tiles[i].col, tiles[i].col + tiles[i].cols});
        i = end;
    }
    return parts;
}

}  // namespace

std::vector<NodePlacement> place(const QuantGraph& graph, const hw::Machine& machine) {
    std::vector<NodePlacement> placement(graph.nodes.size());
    const int per_core = machine.crossbars_per_core();
    int crossbars = 0;
    int whole_cores = 0;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        if (graph.nodes[i].kind == NodeKind::Conv) {
            placement[i].tiles = cut(graph.nodes[i], machine);
            crossbars += static_cast<int>(placement[i].tiles.size());
            whole_cores += ceil_div(static_cast<int>(placement[i].tiles.size()), per_core);
        }
    }
    const int available = machine.core_count() * per_core;
    if (crossbars > available) {
        throw InputError(fmt::format("network '{}' needs {} crossbars for its weights, machine '{}' has {} ({} cores x {})", graph.name,
                                     crossbars, machine.name, available, machine.core_count(), per_core));
    }
    const bool own_cores = whole_cores <= machine.core_count();
    std::map<TensorId, std::size_t> producer;
    int next = 0;  // crossbar, counted over the chip
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const QuantNode& node = graph.nodes[i];
        NodePlacement& here = placement[i];
        producer[node.output] = i;
        if (node.kind == NodeKind::Conv) {
            if (own_cores) {
                next = ceil_div(next, per_core) * per_core;
            }
            for (Tile& tile : here.tiles) {
                tile.core = next / per_core;
                tile.xb = next % per_core;
                ++next;
            }
            here.parts = parts_of(here.tiles);
        } else if (node.kind == NodeKind::Softmax) {
            here.parts = {{isa::chip, 0, graph.tensors[static_cast<std::size_t>(node.output)].shape.c}};
        } else {
            // Works channel by channel: where its input's channels come from, or on the core that comes next.
            const auto from = producer.find(node.inputs[0]);
            const int channels = graph.tensors[static_cast<std::size_t>(node.output)].shape.c;
            const bool on_chip = from == producer.end() || placement[from->second].parts[0].core == isa::chip;
            here.parts = on_chip ? std::vector<Part>{{std::min(next / per_core, machine.core_count() - 1), 0, channels}}
                                 : placement[from->second].parts;
        }
    }
    return placement;
}

}  // namespace cim::compiler

#include "compiler/mapping/placement.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

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

/// A column's sums travel along the cores of its tiles; the last one has the result.
std::vector<Part> parts_of(const std::vector<Tile>& tiles) {
    std::vector<Part> parts;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        if (i + 1 == tiles.size() || tiles[i + 1].col != tiles[i].col) {
            parts.push_back({tiles[i].core, tiles[i].col, tiles[i].col + tiles[i].cols});
        }
    }
    return parts;
}

/// How tightly operators are packed; the first that fits the chip is taken.
enum class Packing : std::uint8_t {
    Columns,    ///< the row tiles of a column begin on a new core if they do not fit the rest of the present one
    Operators,  ///< each operator begins on a new core
    Dense,      ///< crossbar after crossbar
};

/// Gives the tiles their crossbars and returns the number of crossbars passed, gaps included.
int assign(std::vector<NodePlacement>& placement, int per_core, Packing packing) {
    int next = 0;
    const auto next_core = [&] { next = ceil_div(next, per_core) * per_core; };
    for (NodePlacement& here : placement) {
        std::vector<Tile>& tiles = here.tiles;
        if (!tiles.empty() && packing != Packing::Dense) {
            next_core();
        }
        for (std::size_t t = 0; t < tiles.size(); ++t) {
            if (packing == Packing::Columns && (t == 0 || tiles[t].col != tiles[t - 1].col)) {
                int column = 0;
                while (t + static_cast<std::size_t>(column) < tiles.size() &&
                       tiles[t + static_cast<std::size_t>(column)].col == tiles[t].col) {
                    ++column;
                }
                if (column > per_core - next % per_core) {
                    next_core();
                }
            }
            tiles[t].core = next / per_core;
            tiles[t].xb = next % per_core;
            ++next;
        }
    }
    return next;
}

}  // namespace

std::vector<NodePlacement> place(const QuantGraph& graph, const hw::Machine& machine) {
    std::vector<NodePlacement> placement(graph.nodes.size());
    const int per_core = machine.crossbars_per_core();
    const int available = machine.core_count() * per_core;
    std::size_t crossbars = 0;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        if (graph.nodes[i].kind == NodeKind::Conv) {
            placement[i].tiles = cut(graph.nodes[i], machine);
            crossbars += placement[i].tiles.size();
        }
    }
    if (crossbars > static_cast<std::size_t>(available)) {
        throw InputError(fmt::format("network '{}' needs {} crossbars for its weights, machine '{}' has {} ({} cores x {})", graph.name,
                                     crossbars, machine.name, available, machine.core_count(), per_core));
    }
    for (const Packing packing : {Packing::Columns, Packing::Operators, Packing::Dense}) {
        if (assign(placement, per_core, packing) <= available) {
            break;
        }
    }
    std::map<TensorId, std::size_t> producer;
    int core = 0;  // of the last tile so far
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const QuantNode& node = graph.nodes[i];
        NodePlacement& here = placement[i];
        producer[node.output] = i;
        if (node.kind == NodeKind::Conv) {
            core = here.tiles.back().core;
            here.parts = parts_of(here.tiles);
        } else if (node.kind == NodeKind::Softmax) {
            here.parts = {{isa::chip, 0, graph.tensors[static_cast<std::size_t>(node.output)].shape.c}};
        } else {
            // Works channel by channel: where its input's channels come from, or on the core of the operator before.
            const auto from = producer.find(node.inputs[0]);
            const int channels = graph.tensors[static_cast<std::size_t>(node.output)].shape.c;
            const bool on_chip = from == producer.end() || placement[from->second].parts[0].core == isa::chip;
            here.parts = on_chip ? std::vector<Part>{{core, 0, channels}} : placement[from->second].parts;
        }
    }
    return placement;
}

}  // namespace cim::compiler

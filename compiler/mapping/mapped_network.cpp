#include "compiler/mapping/mapped_network.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/ceil_div.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/packing.h"
#include "compiler/mapping/tiles.h"

namespace cim::compiler {

namespace {

template <typename T>
std::vector<T> part(const std::vector<T>& all, int first, int count) {
    return all.empty() ? all : std::vector<T>(all.begin() + first, all.begin() + first + count);
}

/// Columns col .. col+cols-1 of a Conv.
void take_columns(QuantNode& node, Origin& origin, int col, int cols) {
    const int group_cols = node.cols / node.groups;
    const int group_channels = origin.channels / node.groups;
    const int first = col / group_cols;
    const int groups = (col + cols - 1) / group_cols - first + 1;
    if (node.groups > 1) {
        origin.channel += first * group_channels;
        origin.channels = groups * group_channels;
        node.groups = groups;
    }
    origin.col += col;
    node.cols = cols;
    node.bias = part(node.bias, col, cols);
    node.scale = part(node.scale, col, cols);
    node.negative_scale = part(node.negative_scale, col, cols);
}

TensorId like(QuantGraph& graph, TensorId id, const std::string& name, int channels, int element_bytes) {
    QuantTensor tensor = graph.tensors[at(id)];
    tensor.name = name;
    tensor.shape.c = channels;
    tensor.element_bytes = element_bytes;
    graph.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(graph.tensors.size()) - 1;
}

/// How many units of columns with these tiles each fit the cores.
int units_that_fit(const std::vector<Tile>& unit, const hw::Machine& machine, int cores) {
    const int per_core = machine.crossbars_per_core();
    const auto tiles = static_cast<int>(unit.size());
    const bool whole_cores = machine.mode == hw::ComputingMode::CM;
    return whole_cores && tiles <= per_core ? cores * (per_core / tiles) : cores * per_core / crossbars_taken(unit, machine);
}

/// A Concat is put together by those who give its inputs: inputs of the network need a node that does.
void copy_inputs(MappedNetwork& mapped, QuantNode& concat, NodeId origin) {
    for (TensorId& id : concat.inputs) {
        if (std::find(mapped.graph.inputs.begin(), mapped.graph.inputs.end(), id) == mapped.graph.inputs.end()) {
            continue;
        }
        QuantNode copy;
        copy.kind = NodeKind::Clip;
        copy.name = fmt::format("{}.in{}", concat.name, &id - concat.inputs.data());
        copy.type = "Identity";
        copy.inputs = {id};
        const QuantTensor& tensor = mapped.graph.tensors[at(id)];
        copy.output = id = like(mapped.graph, id, copy.name, tensor.shape.c, 1);
        mapped.graph.nodes.push_back(std::move(copy));
        mapped.origins.push_back({origin, 0, 0, 0, 0});
    }
}

}  // namespace

void MappedNetwork::split_columns(NodeId node, int cols) {
    const QuantNode whole = graph.nodes[at(node)];
    const Origin origin = origins[at(node)];
    std::vector<QuantNode> pieces;
    std::vector<Origin> where;
    QuantNode concat;
    concat.kind = NodeKind::Concat;
    concat.name = whole.name + ".columns";
    concat.type = "Concat";
    concat.output = whole.output;
    for (int col = 0; col < whole.cols; col += cols) {
        pieces.push_back(whole);
        where.push_back(origin);
        const int count = std::min(cols, whole.cols - col);
        take_columns(pieces.back(), where.back(), col, count);
        pieces.back().name = fmt::format("{}.c{}", whole.name, col);
        pieces.back().output = like(graph, whole.output, fmt::format("{}.c{}", graph.tensors[at(whole.output)].name, col), count, 1);
        concat.inputs.push_back(pieces.back().output);
    }
    pieces.push_back(concat);
    where.push_back({origin.node, 0, 0, 0, 0});
    graph.nodes.erase(graph.nodes.begin() + node);
    origins.erase(origins.begin() + node);
    graph.nodes.insert(graph.nodes.begin() + node, pieces.begin(), pieces.end());
    origins.insert(origins.begin() + node, where.begin(), where.end());
}

void MappedNetwork::split_rows(NodeId node, int rows) {
    const QuantNode whole = graph.nodes[at(node)];
    const Origin origin = origins[at(node)];
    std::vector<QuantNode> pieces;
    std::vector<Origin> where;
    for (int row = 0; row < whole.rows; row += rows) {
        QuantNode piece = whole;
        where.push_back(origin);
        where.back().row += row;
        piece.rows = std::min(rows, whole.rows - row);
        piece.name = fmt::format("{}.r{}", whole.name, row);
        if (row > 0) {
            piece.inputs = {whole.inputs[0], pieces.back().output};
        }
        if (row + rows < whole.rows) {
            piece.output = like(graph, whole.output, fmt::format("{}.sums{}", whole.name, row), whole.cols, 4);
        }
        pieces.push_back(std::move(piece));
    }
    graph.nodes.erase(graph.nodes.begin() + node);
    origins.erase(origins.begin() + node);
    graph.nodes.insert(graph.nodes.begin() + node, pieces.begin(), pieces.end());
    origins.insert(origins.begin() + node, where.begin(), where.end());
}

bool halve(MappedNetwork& mapped, NodeId node, const hw::Machine& machine) {
    const QuantNode& conv = mapped.graph.nodes[at(node)];
    if (conv.kind != NodeKind::Conv) {
        return false;
    }
    const int unit = column_unit(conv, machine);
    const int units = ceil_div(conv.cols, unit);
    // Sums between pieces have four bytes: they have columns of their own only before rows are cut.
    const bool sums = conv.inputs.size() > 1 || mapped.graph.tensors[at(conv.output)].element_bytes > 1;
    if (units > 1 && !sums) {
        mapped.split_columns(node, ceil_div(units, 2) * unit);
        return true;
    }
    const int height = machine.crossbar.rows;
    if (conv.groups == 1 && conv.rows > height) {
        mapped.split_rows(node, ceil_div(ceil_div(conv.rows, height), 2) * height);
        return true;
    }
    return false;
}

MappedNetwork map_network(const QuantGraph& network, const hw::Machine& machine, int cores) {
    MappedNetwork mapped;
    mapped.graph.name = network.name;
    mapped.graph.tensors = network.tensors;
    mapped.graph.inputs = network.inputs;
    mapped.graph.outputs = network.outputs;
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
        QuantNode node = network.nodes[i];
        node.matrix = {};
        if (node.kind == NodeKind::Concat) {
            copy_inputs(mapped, node, static_cast<NodeId>(i));
        }
        const int channels = mapped.graph.tensors[at(node.inputs[0])].shape.c;
        mapped.graph.nodes.push_back(std::move(node));
        mapped.origins.push_back({static_cast<NodeId>(i), 0, 0, 0, channels});
    }
    const int available = cores * machine.crossbars_per_core();
    const int height = machine.crossbar.rows;
    for (NodeId i = 0; i < static_cast<NodeId>(mapped.graph.nodes.size()); ++i) {
        const QuantNode& node = mapped.graph.nodes[at(i)];
        if (node.kind != NodeKind::Conv) {
            continue;
        }
        const std::vector<Tile> tiles = cut_into_tiles(node, mapped.origins[at(i)], machine);
        if (crossbars_taken(tiles, machine) <= available) {
            continue;
        }
        const int unit = column_unit(node, machine);
        const int units = ceil_div(node.cols, unit);
        const auto first = static_cast<int>(std::count_if(tiles.begin(), tiles.end(), [&](const Tile& tile) { return tile.col < unit; }));
        if (units > 1) {
            // As many units as fit, in pieces of about the same size.
            const int pieces = ceil_div(units, std::max(1, units_that_fit({tiles.begin(), tiles.begin() + first}, machine, cores)));
            mapped.split_columns(i, ceil_div(units, pieces) * unit);
        } else {
            const int pieces = ceil_div(first, available);
            mapped.split_rows(i, ceil_div(first, pieces) * height);
        }
        --i;  // the first piece, again
    }
    return mapped;
}

std::vector<NodeId> producers_of(const QuantGraph& graph) {
    std::vector<NodeId> producers(graph.tensors.size(), -1);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        producers[at(graph.nodes[i].output)] = static_cast<NodeId>(i);
    }
    return producers;
}

std::vector<ViewPart> view_of(const QuantGraph& graph, const std::vector<NodeId>& producers, TensorId id) {
    const NodeId producer = producers[at(id)];
    if (producer < 0 || graph.nodes[at(producer)].kind != NodeKind::Concat) {
        return {{id, 0}};
    }
    std::vector<ViewPart> parts;
    int c = 0;
    for (const TensorId input : graph.nodes[at(producer)].inputs) {
        for (const ViewPart& inner : view_of(graph, producers, input)) {
            parts.push_back({inner.tensor, c + inner.c0});
        }
        c += graph.tensors[at(input)].shape.c;
    }
    return parts;
}

}  // namespace cim::compiler

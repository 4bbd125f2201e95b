#include "cli/dump.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/error.h"
#include "isa/program.h"

namespace cim::cli {

namespace {

using compiler::Compiled;
using compiler::Graph;
using compiler::NodePlacement;
using compiler::QuantGraph;
using compiler::QuantNode;
using compiler::Segment;

std::string place(int core) {
    return core == isa::chip ? "chip" : fmt::format("core {}", core);
}

std::string tensor(const QuantGraph& graph, compiler::TensorId id) {
    const compiler::QuantTensor& t = graph.tensors[static_cast<std::size_t>(id)];
    return fmt::format("{} [{}x{}x{}{}]", t.name, t.shape.h, t.shape.w, t.shape.c, t.element_bytes == 4 ? " sums" : "");
}

std::string tensors(const QuantGraph& graph, const std::vector<compiler::TensorId>& ids) {
    std::string text;
    for (const compiler::TensorId id : ids) {
        text += (text.empty() ? "" : ", ") + tensor(graph, id);
    }
    return text;
}

std::string after_import(const Graph& graph) {
    const auto value = [&](compiler::ValueId id) {
        return fmt::format("{} [{}]", graph.values[static_cast<std::size_t>(id)].name, fmt::join(graph.shape(id), "x"));
    };
    std::string text;
    for (const compiler::Node& node : graph.nodes) {
        text += fmt::format("{}: {}", node.name, node.type);
        for (const compiler::ValueId input : node.inputs) {
            text += fmt::format(", {}", value(input));
        }
        text += fmt::format(" -> {}", value(node.output));
        text += node.weight.shape.empty() ? "\n" : fmt::format(", weight [{}]\n", fmt::join(node.weight.shape, "x"));
    }
    return text;
}

std::string after_quantise(const QuantGraph& graph) {
    std::string text;
    for (const compiler::QuantTensor& t : graph.tensors) {
        text += fmt::format("tensor {} [{}x{}x{}]: scale {:.9g}, zero {}\n", t.name, t.shape.h, t.shape.w, t.shape.c,
                            static_cast<double>(t.quant.scale), t.quant.zero);
    }
    for (const QuantNode& node : graph.nodes) {
        text += fmt::format("{}: {}, {} -> {}", node.name, node.type, tensors(graph, node.inputs), tensor(graph, node.output));
        if (node.kind == compiler::NodeKind::Conv) {
            text += fmt::format(", matrix {}x{}, {} groups", node.rows, node.cols, node.groups);
        }
        text += fmt::format(", clamp {}..{}\n", node.lo, node.hi);
    }
    return text;
}

/// A line or several for each node of each segment, behind the segment's number and the node's name.
std::string each_node(const Compiled& compiled, const std::function<std::string(const Segment&, std::size_t)>& line) {
    std::string text;
    for (std::size_t s = 0; s < compiled.schedule.segments.size(); ++s) {
        const Segment& segment = compiled.schedule.segments[s];
        for (std::size_t i = 0; i < segment.graph.nodes.size(); ++i) {
            text += fmt::format("segment {}, {}: {}\n", s, segment.graph.nodes[i].name, line(segment, i));
        }
    }
    return text;
}

std::string after_segments(const Compiled& compiled) {
    std::string text;
    for (std::size_t s = 0; s < compiled.schedule.segments.size(); ++s) {
        const QuantGraph& graph = compiled.schedule.segments[s].graph;
        text += fmt::format("segment {}: from {}; to {}\n", s, tensors(graph, graph.inputs), tensors(graph, graph.outputs));
    }
    return text + each_node(compiled, [](const Segment& segment, std::size_t i) {
               const QuantNode& node = segment.graph.nodes[i];
               const compiler::Origin& origin = segment.origins[i];
               return node.kind == compiler::NodeKind::Conv
                          ? fmt::format("rows {}..{}, columns {}..{} of the matrix", origin.row, origin.row + node.rows - 1, origin.col,
                                        origin.col + node.cols - 1)
                          : node.type;
           });
}

std::string after_copies(const Compiled& compiled) {
    return each_node(compiled, [](const Segment& segment, std::size_t i) {
        const std::vector<compiler::Grid>& copies = segment.placement[i].copies;
        std::string text = fmt::format("{} copies", copies.size());
        for (const compiler::Grid& grid : copies) {
            text += fmt::format("\n  rows {} + {}n ({}), columns {}..{}", grid.y0, grid.dy, grid.rows, grid.x0, grid.x0 + grid.cols - 1);
        }
        return text;
    });
}

std::string after_places(const Compiled& compiled) {
    return each_node(compiled, [](const Segment& segment, std::size_t i) {
        const NodePlacement& placement = segment.placement[i];
        std::string text = fmt::format("{} tiles, {} parts", placement.tiles.size(), placement.parts.size());
        for (const compiler::Tile& tile : placement.tiles) {
            text += fmt::format("\n  core {}, crossbar {}: copy {}, rows {}..{}, columns {}..{}", tile.core, tile.xb, tile.copy, tile.row,
                                tile.row + tile.rows - 1, tile.col, tile.col + tile.cols - 1);
        }
        for (const compiler::Part& part : placement.parts) {
            text += fmt::format("\n  {}: channels {}..{} of {} positions", place(part.core), part.c0, part.c1 - 1, part.grid.positions());
        }
        return text;
    });
}

std::string after_memories(const Compiled& compiled) {
    std::string text;
    for (const isa::Buffer& buffer : compiled.program.buffers) {
        const char* const space = buffer.space == isa::Space::Ext ? "external memory" : buffer.space == isa::Space::L0 ? "L0" : "L1 of ";
        text += fmt::format("{}: {}{}, {} bytes at {}\n", buffer.name, space, buffer.space == isa::Space::L1 ? place(buffer.core) : "",
                            buffer.size, buffer.offset);
    }
    return text;
}

using Dump = std::function<std::string(const Graph&, const Compiled&)>;

const std::vector<std::pair<std::string, Dump>>& dumps() {
    static const std::vector<std::pair<std::string, Dump>> all{
        {"import", [](const Graph& graph, const Compiled&) { return after_import(graph); }},
        {"quantise", [](const Graph&, const Compiled& compiled) { return after_quantise(compiled.network); }},
        {"segments", [](const Graph&, const Compiled& compiled) { return after_segments(compiled); }},
        {"copies", [](const Graph&, const Compiled& compiled) { return after_copies(compiled); }},
        {"places", [](const Graph&, const Compiled& compiled) { return after_places(compiled); }},
        {"memories", [](const Graph&, const Compiled& compiled) { return after_memories(compiled); }},
    };
    return all;
}

auto find(const std::string& pass) {
    return std::find_if(dumps().begin(), dumps().end(), [&](const auto& entry) { return entry.first == pass; });
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& entry : dumps()) {
        all.push_back(entry.first);
    }
    return all;
}

}  // namespace

void add_dump_option(po::options_description& options) {
    const std::string what = fmt::format("prints what a pass left behind, several times for several: {}", fmt::join(names(), ", "));
    options.add_options()("dump-after", po::value<std::vector<std::string>>()->value_name("PASS"), what.c_str());
}

std::vector<std::string> passes_to_dump(const po::variables_map& values) {
    if (values.count("dump-after") == 0) {
        return {};
    }
    std::vector<std::string> passes = values["dump-after"].as<std::vector<std::string>>();
    for (const std::string& pass : passes) {
        if (find(pass) == dumps().end()) {
            throw compiler::InputError(fmt::format("--dump-after: no pass '{}'; there are {}", pass, fmt::join(names(), ", ")));
        }
    }
    return passes;
}

void print_dumps(const std::vector<std::string>& passes, const Graph& graph, const Compiled& compiled) {
    for (const std::string& pass : passes) {
        fmt::print("# after {}\n{}", pass, find(pass)->second(graph, compiled));
    }
}

}  // namespace cim::cli

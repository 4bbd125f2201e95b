#include "compiler/mapping/placement.h"

#include <algorithm>

#include "compiler/mapping/alignment.h"
#include "compiler/mapping/reading.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

int ceil_div(int a, int b) {
    return (a + b - 1) / b;
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

/// Channels that one core may take of a window with `taps` taps, so that the window fills a quarter of L1 at most.
int most_channels(const hw::Machine& machine, int taps, int channels) {
    const hw::Limit& l1 = machine.core.l1.size;
    return l1.ideal ? channels : static_cast<int>(std::clamp<std::int64_t>(l1.value / 4 / taps, 1, channels));
}

/// Whether one channel's windows and result are more than an L1 holds.
bool larger_than_l1(const QuantGraph& graph, const QuantNode& node, const hw::Machine& machine) {
    std::int64_t bytes = align4(1);
    for (std::size_t input = 0; input < node.inputs.size(); ++input) {
        const Reading reading = reading_of(graph, node, static_cast<int>(input));
        bytes += align4(static_cast<std::int64_t>(reading.taps_h) * reading.taps_w);
    }
    return !machine.core.l1.size.ideal && bytes > machine.core.l1.size.value;
}

/// Parts of a node that works channel by channel: where the channels of its input come from, or behind the core of the operator before;
/// windows that are large for an L1 are spread over the cores that follow.
std::vector<Part> digital_parts(const std::vector<Part>& from, int core, int channels, int most, int cores) {
    std::vector<Part> wanted = from.empty() ? std::vector<Part>{{core, 0, channels}} : from;
    std::vector<Part> parts;
    for (const Part& part : wanted) {
        int place = part.core;
        for (int c = part.c0; c < part.c1; c += most) {
            parts.push_back({place, c, std::min(part.c1, c + most)});
            place = (place + 1) % cores;
        }
    }
    return parts;
}

/// Parts that a tensor's channels come from; empty if some come from outside or from the chip.
std::vector<Part> sources(const QuantGraph& graph, const std::vector<NodeId>& producers, const std::vector<NodePlacement>& placement,
                          TensorId id) {
    std::vector<Part> parts;
    for (const ViewPart& view : view_of(graph, producers, id)) {
        const NodeId producer = producers[static_cast<std::size_t>(view.tensor)];
        if (producer < 0 || placement[static_cast<std::size_t>(producer)].parts[0].core == isa::chip) {
            return {};
        }
        for (const Part& part : placement[static_cast<std::size_t>(producer)].parts) {
            parts.push_back({part.core, view.c0 + part.c0, view.c0 + part.c1});
        }
    }
    return parts;
}

}  // namespace

std::optional<std::vector<NodePlacement>> place(const QuantGraph& graph, const std::vector<Origin>& origins, const hw::Machine& machine) {
    std::vector<NodePlacement> placement(graph.nodes.size());
    const int per_core = machine.crossbars_per_core();
    const int available = machine.core_count() * per_core;
    std::size_t crossbars = 0;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        if (graph.nodes[i].kind == NodeKind::Conv) {
            placement[i].tiles = cut_into_tiles(graph.nodes[i], origins[i], machine);
            crossbars += placement[i].tiles.size();
        }
    }
    if (crossbars > static_cast<std::size_t>(available)) {
        return std::nullopt;
    }
    for (const Packing packing : {Packing::Columns, Packing::Operators, Packing::Dense}) {
        if (assign(placement, per_core, packing) <= available) {
            break;
        }
    }
    const std::vector<NodeId> producers = producers_of(graph);
    int core = 0;  // of the last tile so far
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const QuantNode& node = graph.nodes[i];
        NodePlacement& here = placement[i];
        const int channels = graph.tensors[static_cast<std::size_t>(node.output)].shape.c;
        if (node.kind == NodeKind::Conv) {
            core = here.tiles.back().core;
            here.parts = parts_of(here.tiles);
        } else if (node.kind == NodeKind::Softmax || (node.kind != NodeKind::Concat && larger_than_l1(graph, node, machine))) {
            here.parts = {{isa::chip, 0, channels}};
        } else if (node.kind != NodeKind::Concat) {
            const int taps = node.kernel_h * node.kernel_w * static_cast<int>(node.inputs.size());
            here.parts = digital_parts(sources(graph, producers, placement, node.inputs[0]), core, channels,
                                       most_channels(machine, taps, channels), machine.core_count());
        }
    }
    return placement;
}

}  // namespace cim::compiler

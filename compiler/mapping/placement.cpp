#include "compiler/mapping/placement.h"

#include <algorithm>
#include <set>

#include "compiler/mapping/alignment.h"
#include "compiler/mapping/packing.h"
#include "compiler/mapping/reading.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

/// A column's sums travel along the cores of its tiles; the last one has the result. `joined`: columns that a core holds whole, and that
/// see the same window, are one part.
std::vector<Part> parts_of(const NodePlacement& conv, bool joined) {
    const std::vector<Tile>& tiles = conv.tiles;
    std::vector<Part> parts;
    const auto same_column = [&](std::size_t a, std::size_t b) { return tiles[a].col == tiles[b].col && tiles[a].copy == tiles[b].copy; };
    std::size_t last_first = 0;  // tile of the column before
    for (std::size_t i = 0, first = 0; i < tiles.size(); ++i) {
        if (i + 1 < tiles.size() && same_column(i, i + 1)) {
            continue;
        }
        const Tile& tile = tiles[i];
        const Tile& before = tiles[last_first];
        const int end = tile.col + tile.cols;
        if (joined && first > 0 && before.copy == tile.copy && before.core == tile.core && tiles[first].core == tile.core &&
            before.c0 == tile.c0 && before.c1 == tile.c1) {
            parts.back().c1 = end;
        } else {
            parts.push_back({tile.core, tile.col, end, conv.copies[static_cast<std::size_t>(tile.copy)], tile.copy});
        }
        last_first = first;
        first = i + 1;
    }
    return parts;
}

bool place_tiles(std::vector<NodePlacement>& placement, const hw::Machine& machine, bool balance) {
    if (balance || machine.mode == hw::ComputingMode::CM) {
        return pack(placement, machine, balance ? Packing::Balanced : Packing::Cores);
    }
    for (const Packing packing : {Packing::Columns, Packing::Operators, Packing::Dense}) {
        if (pack(placement, machine, packing)) {
            return true;
        }
    }
    return false;
}

/// dx bands of about the same width, each dealt to dy.
std::vector<Grid> grids_of(const Grid& whole, const Split& split) {
    std::vector<Grid> grids;
    for (int i = 0; i < split.dx; ++i) {
        const int x0 = static_cast<int>(static_cast<std::int64_t>(whole.cols) * i / split.dx);
        const int x1 = static_cast<int>(static_cast<std::int64_t>(whole.cols) * (i + 1) / split.dx);
        for (int phase = 0; phase < split.dy; ++phase) {
            grids.push_back({phase, split.dy, (whole.rows - phase + split.dy - 1) / split.dy, x0, x1 - x0});
        }
    }
    return grids;
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
std::vector<Part> digital_parts(const std::vector<Part>& from, const Grid& whole, int core, int channels, int most, int cores) {
    std::vector<Part> wanted = from.empty() ? std::vector<Part>{{core, 0, channels, whole, 0}} : from;
    std::vector<Part> parts;
    for (const Part& part : wanted) {
        int place = part.core;
        for (int c = part.c0; c < part.c1; c += most) {
            parts.push_back({place, c, std::min(part.c1, c + most), part.grid, 0});
            place = (place + 1) % cores;
        }
    }
    return parts;
}

/// Parts that a tensor's channels come from, each band of columns on the core of its first row, as parts of a node with output `whole`;
/// empty if some come from outside or from the chip.
std::vector<Part> sources(const QuantGraph& graph, const std::vector<NodeId>& producers, const std::vector<NodePlacement>& placement,
                          TensorId id, const Grid& whole) {
    std::vector<Part> parts;
    for (const ViewPart& view : view_of(graph, producers, id)) {
        const NodeId producer = producers[static_cast<std::size_t>(view.tensor)];
        if (producer < 0 || placement[static_cast<std::size_t>(producer)].parts[0].core == isa::chip) {
            return {};
        }
        const std::vector<Part>& from = placement[static_cast<std::size_t>(producer)].parts;
        std::set<int> bands;
        for (const Part& part : from) {
            bands.insert(part.grid.x0);
        }
        const int dx = std::min(static_cast<int>(bands.size()), whole.cols);
        const std::vector<Grid> grids = grids_of(whole, {dx, 1});
        for (const Part& part : from) {
            const auto band = static_cast<int>(std::distance(bands.begin(), bands.find(part.grid.x0)));
            if (part.grid.y0 == 0 && band < dx) {
                parts.push_back({part.core, view.c0 + part.c0, view.c0 + part.c1, grids[static_cast<std::size_t>(band)], 0});
            }
        }
    }
    return parts;
}

}  // namespace

const Part& NodePlacement::part_of(const Tile& tile) const {
    // Parts of a copy stand in the order of their channels.
    const auto after =
        std::upper_bound(parts.begin(), parts.end(), std::make_pair(tile.copy, tile.col),
                         [](const std::pair<int, int>& at, const Part& part) { return at < std::make_pair(part.copy, part.c0); });
    return *std::prev(after);
}

std::optional<std::vector<NodePlacement>> place(const QuantGraph& graph, const std::vector<Origin>& origins, const hw::Machine& machine,
                                                const std::vector<Split>& splits, bool balance) {
    std::vector<NodePlacement> placement(graph.nodes.size());
    const int per_core = machine.crossbars_per_core();
    const int available = machine.core_count() * per_core;
    std::size_t crossbars = 0;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        if (graph.nodes[i].kind == NodeKind::Conv) {
            const std::vector<Tile> tiles = cut_into_tiles(graph.nodes[i], origins[i], machine);
            placement[i].copies = grids_of(whole_grid(graph, graph.nodes[i]), splits[i]);
            for (int copy = 0; copy < splits[i].copies(); ++copy) {
                for (Tile tile : tiles) {
                    tile.copy = copy;
                    placement[i].tiles.push_back(tile);
                }
            }
            crossbars += placement[i].tiles.size();
        }
    }
    if (crossbars > static_cast<std::size_t>(available) || !place_tiles(placement, machine, balance)) {
        return std::nullopt;
    }
    const std::vector<NodeId> producers = producers_of(graph);
    int core = 0;  // of the last tile so far
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const QuantNode& node = graph.nodes[i];
        NodePlacement& here = placement[i];
        const int channels = graph.tensors[static_cast<std::size_t>(node.output)].shape.c;
        if (node.kind == NodeKind::Conv) {
            core = here.tiles.back().core;
            const bool sums = node.inputs.size() > 1 || graph.tensors[static_cast<std::size_t>(node.output)].element_bytes > 1;
            here.parts = parts_of(here, machine.mode == hw::ComputingMode::CM && !sums);
        } else if (node.kind == NodeKind::Softmax || (node.kind != NodeKind::Concat && larger_than_l1(graph, node, machine))) {
            here.parts = {{isa::chip, 0, channels, whole_grid(graph, node), 0}};
        } else if (node.kind != NodeKind::Concat) {
            const int taps = node.kernel_h * node.kernel_w * static_cast<int>(node.inputs.size());
            const Grid whole = whole_grid(graph, node);
            here.parts = digital_parts(sources(graph, producers, placement, node.inputs[0], whole), whole, core, channels,
                                       most_channels(machine, taps, channels), machine.core_count());
        }
    }
    return placement;
}

}  // namespace cim::compiler

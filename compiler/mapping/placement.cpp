#include "compiler/mapping/placement.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "compiler/ceil_div.h"
#include "compiler/mapping/alignment.h"
#include "compiler/mapping/forwarding.h"
#include "compiler/mapping/load.h"
#include "compiler/mapping/packing.h"
#include "compiler/mapping/reading.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

/// A column's sums travel along the cores of its tiles; the last one has the result. Columns that follow each other and have as many tiles
/// on the same cores go together. `whole`: only those that one core holds, and that see the same window.
std::vector<Part> parts_of(const NodePlacement& conv, bool whole) {
    const std::vector<Tile>& tiles = conv.tiles;
    std::vector<Part> parts;
    std::map<int, int> before;  // tiles by core, of the column before
    const Tile* last = nullptr;
    for (std::size_t first = 0, end = 0; first < tiles.size(); first = end) {
        const Tile& tile = tiles[first];
        std::map<int, int> here;
        for (end = first; end < tiles.size() && tiles[end].col == tile.col && tiles[end].copy == tile.copy; ++end) {
            ++here[tiles[end].core];
        }
        const bool follows = last != nullptr && last->copy == tile.copy && here == before;
        if (follows && (!whole || (here.size() == 1 && last->c0 == tile.c0 && last->c1 == tile.c1))) {
            parts.back().c1 += tile.cols;
        } else {
            parts.push_back(
                {here.rbegin()->first, tile.col, tile.col + tile.cols, conv.copies[static_cast<std::size_t>(tile.copy)], tile.copy});
        }
        before = std::move(here);
        last = &tile;
    }
    return parts;
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
        const Reading reading = landing_reading(graph, node, static_cast<int>(input), whole_grid(graph, node));
        bytes += align4(static_cast<std::int64_t>(reading.taps_h) * reading.taps_w);
    }
    bytes += adds_up_rows(graph, node) ? bytes_of_sum : 0;
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

/// Parts of the same columns on one core whose channels follow each other become one.
std::vector<Part> with_neighbours(std::vector<Part> parts) {
    std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
        return std::tie(a.core, a.grid.y0, a.grid.dy, a.grid.x0, a.grid.cols, a.c0) <
               std::tie(b.core, b.grid.y0, b.grid.dy, b.grid.x0, b.grid.cols, b.c0);
    });
    std::vector<Part> merged;
    for (const Part& part : parts) {
        Part* last = merged.empty() ? nullptr : &merged.back();
        if (last != nullptr && last->core == part.core && last->grid.y0 == part.grid.y0 && last->grid.dy == part.grid.dy &&
            last->grid.x0 == part.grid.x0 && last->grid.cols == part.grid.cols && last->c1 == part.c0) {
            last->c1 = part.c1;
        } else {
            merged.push_back(part);
        }
    }
    std::stable_sort(merged.begin(), merged.end(), [](const Part& a, const Part& b) {
        return std::tie(a.c0, a.grid.x0, a.grid.y0) < std::tie(b.c0, b.grid.x0, b.grid.y0);
    });
    return merged;
}

/// The columns of some rows of a node's output whose windows lie about the columns of `from`, as far as the core of `from` is not the one
/// of the part before (`to`, which they then extend).
void add_columns(std::vector<Part>& to, const Part& from, const Reading& reading, const Grid& rows, int c0, int c1) {
    for (int x = to.empty() || to.back().c0 != c0 ? 0 : to.back().grid.x0 + to.back().grid.cols; x < rows.cols; ++x) {
        const int middle = std::clamp(x * reading.stride_w - reading.pad_left + (reading.kernel_w - 1) / 2, 0, reading.w - 1);
        if (middle >= from.grid.x0 + from.grid.cols) {
            return;
        }
        if (!to.empty() && to.back().core == from.core && to.back().c0 == c0 && to.back().grid.x0 + to.back().grid.cols == x) {
            ++to.back().grid.cols;
        } else {
            to.push_back({from.core, c0, c1, {rows.y0, rows.dy, rows.rows, x, 1}, 0});
        }
    }
}

/// The parts of a node by how far their rows are dealt: to how many copies, if these are more than overlap, or it works channel by channel
/// on such. Of rows dealt to fewer copies (1) the parts of the first.
std::map<int, std::vector<Part>> parts_by_deal(const QuantGraph& graph, const QuantNode& node, const NodePlacement& here) {
    const bool near = node.kind == NodeKind::Conv && !reading_of(graph, node, 0, here.copies[0]).apart();
    std::map<int, std::vector<Part>> by_deal;
    for (const Part& part : here.parts) {
        if (!near || part.grid.y0 == 0) {
            by_deal[near ? 1 : part.grid.dy].push_back(part);
        }
    }
    return by_deal;
}

/// Whether each channel of each position comes from some part.
bool is_whole(const std::vector<Part>& parts, const Grid& whole, int channels) {
    std::int64_t given = 0;
    for (const Part& part : parts) {
        given += part.grid.positions() * (part.c1 - part.c0);
    }
    return given == whole.positions() * channels;
}

/// Some rows of a node's output where the row `phase` of those that are dealt comes from. Copies may have their channels in different
/// parts.
void add_rows(std::vector<Part>& to, std::vector<Part> from, int phase, const Reading& reading, const Grid& rows, int view_c0) {
    from.erase(std::remove_if(from.begin(), from.end(), [&](const Part& part) { return part.grid.y0 != phase; }), from.end());
    std::stable_sort(from.begin(), from.end(), [](const Part& a, const Part& b) { return a.grid.x0 < b.grid.x0; });
    std::set<int> borders;
    for (const Part& part : from) {
        borders.insert({part.c0, part.c1});
    }
    std::vector<Part> here;
    for (auto c0 = borders.begin(); c0 != borders.end() && std::next(c0) != borders.end(); ++c0) {
        for (const Part& part : from) {
            if (part.c0 <= *c0 && *c0 < part.c1) {
                add_columns(here, part, reading, rows, view_c0 + *c0, view_c0 + *std::next(c0));
            }
        }
    }
    to.insert(to.end(), here.begin(), here.end());
}

/// Parts of a node that works channel by channel on the tensor `id`: its channels and columns stay on the cores that they come from, those
/// of one core together. Empty if some come from outside or from the chip.
std::vector<Part> sources(const QuantGraph& graph, const std::vector<NodeId>& producers, const std::vector<NodePlacement>& placement,
                          TensorId id, const Reading& reading, const Grid& whole) {
    std::vector<Part> parts;
    for (const ViewPart& view : view_of(graph, producers, id)) {
        const NodeId producer = producers[static_cast<std::size_t>(view.tensor)];
        if (producer < 0 || placement[static_cast<std::size_t>(producer)].parts[0].core == isa::chip) {
            return {};
        }
        const QuantNode& giver = graph.nodes[static_cast<std::size_t>(producer)];
        for (auto& [dealt, all] : parts_by_deal(graph, giver, placement[static_cast<std::size_t>(producer)])) {
            const int dy = whole.rows > 1 ? dealt / std::gcd(dealt, reading.stride_h) : 1;
            for (int y0 = 0; y0 < std::min(dy, whole.rows); ++y0) {
                const Grid rows{y0, dy, ceil_div(whole.rows - y0, dy), 0, whole.cols};
                add_rows(parts, all, std::min(y0 * reading.stride_h, reading.h - 1) % dealt, reading, rows, view.c0);
            }
        }
    }
    return with_neighbours(parts);
}

}  // namespace

const Part& NodePlacement::part_of(const Tile& tile) const {
    // Parts of a copy stand in the order of their channels.
    const auto after =
        std::upper_bound(parts.begin(), parts.end(), std::make_pair(tile.copy, tile.col),
                         [](const std::pair<int, int>& at, const Part& part) { return at < std::make_pair(part.copy, part.c0); });
    return *std::prev(after);
}

int NodePlacement::forwarder_of(int core) const {
    const auto found =
        std::lower_bound(forwards.begin(), forwards.end(), core, [](const Forward& forward, int core) { return forward.core < core; });
    return found == forwards.end() || found->core != core ? -1 : found->from;
}

std::optional<Placement> place(const QuantGraph& graph, const std::vector<Origin>& origins, const hw::Machine& machine,
                               const hw::PriceList& prices, const std::vector<Split>& splits, Spread spread, Forwarding forwarding,
                               bool balance) {
    Placement result;
    std::vector<NodePlacement>& placement = result.nodes;
    placement.resize(graph.nodes.size());
    const int per_core = machine.crossbars_per_core();
    const int available = machine.core_count() * per_core;
    std::size_t crossbars = 0;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        if (graph.nodes[i].kind == NodeKind::Conv) {
            const std::vector<Tile> tiles = cut_into_tiles(graph.nodes[i], origins[i], machine, splits[i].tile_rows);
            placement[i].copies = grids_of(whole_grid(graph, graph.nodes[i]), splits[i]);
            for (int copy = 0; copy < splits[i].copies(); ++copy) {
                for (Tile tile : tiles) {
                    tile.copy = copy;
                    tile.behind = is_short(tile, tiles) ? copy % splits[i].together : 0;
                    placement[i].tiles.push_back(tile);
                    crossbars += tile.has_crossbar() ? 1 : 0;
                }
            }
        }
    }
    if (crossbars > static_cast<std::size_t>(available)) {
        return std::nullopt;
    }
    if (balance) {
        const std::optional<hw::Ticks> busiest = pack_balanced(placement, graph, machine, prices, spread);
        if (!busiest) {
            return std::nullopt;
        }
        result.busiest = *busiest;
    } else if (!pack_in_order(placement, machine, spread)) {
        return std::nullopt;
    }
    const std::vector<NodeId> producers = producers_of(graph);
    const hw::Ticks interval = slowest_reads(placement, prices);
    int core = 0;  // of the last tile so far
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const QuantNode& node = graph.nodes[i];
        NodePlacement& here = placement[i];
        const int channels = graph.tensors[static_cast<std::size_t>(node.output)].shape.c;
        if (node.kind == NodeKind::Conv) {
            core = here.tiles.back().core;
            here.parts = parts_of(here, machine.mode == hw::ComputingMode::CM);
            if (forwarding == Forwarding::All ||
                (forwarding == Forwarding::Busy && has_many_receivers(graph, node, here, prices, interval))) {
                here.forwards = forwards_of(graph, node, here);
            }
        } else if (node.kind == NodeKind::Softmax || (node.kind != NodeKind::Concat && larger_than_l1(graph, node, machine))) {
            here.parts = {{isa::chip, 0, channels, whole_grid(graph, node), 0}};
        } else if (node.kind != NodeKind::Concat) {
            const int window = adds_up_rows(graph, node) ? node.kernel_w + bytes_of_sum : node.kernel_h * node.kernel_w;
            const int taps = window * static_cast<int>(node.inputs.size());
            const Grid whole = whole_grid(graph, node);
            here.parts = digital_parts(sources(graph, producers, placement, node.inputs[0], reading_of(graph, node), whole), whole, core,
                                       channels, most_channels(machine, taps, channels), machine.core_count());
            if (!is_whole(here.parts, whole, channels)) {
                throw std::logic_error("operator '" + node.name + "': some of its output comes from no core");
            }
        }
    }
    return result;
}

void renumber_cores(std::vector<NodePlacement>& placement, const std::vector<int>& cores) {
    for (NodePlacement& here : placement) {
        for (Tile& tile : here.tiles) {
            tile.core = cores[static_cast<std::size_t>(tile.core)];
        }
        for (Forward& forward : here.forwards) {
            forward.core = cores[static_cast<std::size_t>(forward.core)];
            forward.from = cores[static_cast<std::size_t>(forward.from)];
        }
        std::sort(here.forwards.begin(), here.forwards.end(), [](const Forward& a, const Forward& b) { return a.core < b.core; });
        renumber_cores(here.parts, cores);
    }
}

void renumber_cores(std::vector<Part>& parts, const std::vector<int>& cores) {
    for (Part& part : parts) {
        part.core = part.core == isa::chip ? part.core : cores[static_cast<std::size_t>(part.core)];
    }
}

}  // namespace cim::compiler

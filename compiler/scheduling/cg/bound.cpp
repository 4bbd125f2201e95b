#include "compiler/scheduling/cg/bound.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "compiler/ceil_div.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/reading.h"
#include "compiler/mapping/share.h"
#include "compiler/mapping/tiles.h"
#include "compiler/scheduling/cg/dependence.h"
#include "compiler/scheduling/vvm/remapping.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

using hw::Ticks;

constexpr int input_bits = 8;

/// Tiles of one size.
struct Tiles {
    int rows = 0, cols = 0;
    std::int64_t count = 0;
};

/// Lengths of the pieces of `whole`, `most` each, and what is left.
std::vector<std::pair<int, int>> pieces(int whole, int most) {
    std::vector<std::pair<int, int>> found;
    if (whole >= most) {
        found.emplace_back(most, whole / most);
    }
    if (whole % most > 0) {
        found.emplace_back(whole % most, 1);
    }
    return found;
}

/// Tiles of a Conv by size, for one of its tile_heights().
std::vector<Tiles> tiles_of(const QuantGraph& network, const QuantNode& node, const hw::Machine& machine, int tile_rows) {
    std::vector<Tiles> tiles;
    if (node.groups == 1) {  // of which there may be many
        for (const auto& [rows, high] : pieces(node.rows, tile_rows > 0 ? tile_rows : machine.crossbar.rows)) {
            for (const auto& [cols, wide] : pieces(node.cols, machine.logical_cols(weight_bits))) {
                tiles.push_back({rows, cols, static_cast<std::int64_t>(high) * wide});
            }
        }
        return tiles;
    }
    std::map<std::pair<int, int>, std::int64_t> sizes;
    for (const Tile& tile : cut_into_tiles(node, {0, 0, 0, 0, network.tensors[at(node.inputs[0])].shape.c}, machine)) {
        ++sizes[{tile.rows, tile.cols}];
    }
    for (const auto& [size, count] : sizes) {
        tiles.push_back({size.first, size.second, count});
    }
    return tiles;
}

/// The least sum of f(tiles) over a Conv's tiles, of the ways to cut it.
template <typename F>
std::int64_t least_sum(const QuantGraph& network, const QuantNode& node, const hw::Machine& machine, F f) {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (const int tile_rows : tile_heights(node, machine)) {
        std::int64_t sum = 0;
        for (const Tiles& tiles : tiles_of(network, node, machine, tile_rows)) {
            sum += f(tiles);
        }
        least = std::min(least, sum);
    }
    return least;
}

hw::OpCost read_cost(const hw::PriceList& prices, const Tiles& tile, int xb) {
    return prices.read(xb, tile.rows, tile.cols, input_bits, weight_bits, tile.rows, false);
}

/// From the window's way to the crossbar to the sums' way back, in the crossbar nearest to L1.
Ticks read_ticks(const hw::PriceList& prices, const hw::Machine& machine, const Tiles& tile, bool with_ports) {
    if (!with_ports || machine.mode == hw::ComputingMode::CM) {
        return prices.mvm_ticks(tile.rows, tile.cols, input_bits, weight_bits);
    }
    Ticks least = read_cost(prices, tile, 0).stage_ticks();
    for (int xb = 1; xb < machine.crossbars_per_core(); ++xb) {
        least = std::min(least, read_cost(prices, tile, xb).stage_ticks());
    }
    return least;
}

hw::OpCost write_cost(const hw::PriceList& prices, const Tiles& tile, int core) {
    return prices.write(core, tile.rows, tile.cols, weight_bits, static_cast<std::int64_t>(tile.rows) * tile.cols);
}

/// For which the crossbar of a tile is held by its writing: from the burst out of external memory on, in the core that is nearest to it.
Ticks write_ticks(const hw::PriceList& prices, const hw::Machine& machine, const Tiles& tile) {
    Ticks least = write_cost(prices, tile, 0).stage_ticks();
    for (int core = 1; core < machine.core_count(); ++core) {
        least = std::min(least, write_cost(prices, tile, core).stage_ticks());
    }
    return least;
}

/// Windows that lie inside the input.
std::int64_t inner_positions(const Reading& r) {
    const auto inner = [](int outputs, int stride, int pad, int kernel, int size) {
        std::int64_t count = 0;
        for (int o = 0; o < outputs; ++o) {
            count += o * stride >= pad && o * stride - pad + kernel <= size ? 1 : 0;
        }
        return count;
    };
    return inner(r.oh, r.stride_h, r.pad_top, r.kernel_h, r.h) * inner(r.ow, r.stride_w, r.pad_left, r.kernel_w, r.w);
}

std::int64_t chip_crossbars(const hw::Machine& machine) {
    return static_cast<std::int64_t>(machine.core_count()) * machine.crossbars_per_core();
}

/// Reads of each Conv. With `apart` (by node) only those of windows without padding, which wait for what is before.
std::vector<CutReads> reads_of(const QuantGraph& network, const hw::Machine& machine, const hw::PriceList& prices, bool with_ports,
                               const std::vector<Ticks>& apart) {
    std::vector<CutReads> convs;
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
        const QuantNode& node = network.nodes[i];
        if (node.kind != NodeKind::Conv) {
            continue;
        }
        const Reading reading = reading_of(network, node);
        const std::int64_t windows = apart.empty() ? reading.positions() : inner_positions(reading);
        if (windows == 0) {
            continue;
        }
        convs.emplace_back();
        for (const int tile_rows : tile_heights(node, machine)) {
            convs.back().emplace_back();
            for (const Tiles& tiles : tiles_of(network, node, machine, tile_rows)) {
                convs.back().back().push_back(
                    {tiles.count, windows, read_ticks(prices, machine, tiles, with_ports), apart.empty() ? 0 : apart[i]});
            }
        }
    }
    return convs;
}

/// Work of one kind of resource, of which there are `units` alike.
struct Work {
    std::int64_t an_image = 0;
    std::int64_t once = 0;
    std::int64_t units = 1;
    /// Time an image, if all units share the work evenly.
    std::int64_t interval(std::int64_t batch) const { return ceil_div(an_image * batch + once, units * batch); }
};

/// Occupancy that no schedule avoids, spread evenly over all resources of a kind.
Ticks occupancy(const QuantGraph& network, const hw::Machine& machine, const hw::PriceList& prices, Residence residence,
                std::int64_t batch) {
    Work crossbars{0, 0, chip_crossbars(machine)};
    Work l1{0, 0, machine.core_count()};
    Work external;
    std::int64_t sum_bytes = 0;
    for (const QuantNode& node : network.nodes) {
        if (node.kind != NodeKind::Conv) {
            continue;
        }
        const std::int64_t windows = reading_of(network, node).positions();
        crossbars.an_image += windows * least_sum(network, node, machine, [&](const Tiles& tiles) {
                                  return tiles.count * read_ticks(prices, machine, tiles, true);
                              });
        if (machine.mode != hw::ComputingMode::CM) {
            l1.an_image += windows * least_sum(network, node, machine, [&](const Tiles& tiles) {
                               return tiles.count * read_cost(prices, tiles, 0).ticks_on(hw::Resource::L1Port);
                           });
        }
        // Smaller tiles are no shorter to write in all.
        for (const Tiles& tiles : residence == Residence::Rewritten ? tiles_of(network, node, machine, 0) : std::vector<Tiles>{}) {
            crossbars.once += tiles.count * write_ticks(prices, machine, tiles);
            external.once += tiles.count * write_cost(prices, tiles, 0).ticks_on(hw::Resource::External);
        }
        sum_bytes += machine.mode == hw::ComputingMode::CM ? 0 : 4 * windows * node.cols;
    }
    l1.an_image += port_ticks(sum_bytes, machine.core.l1.bandwidth, machine.core_clock);
    const std::int64_t moved = network_bytes(network);
    external.an_image = port_ticks(moved, machine.chip.external_memory.bandwidth, machine.chip_clock);
    const Ticks l0 = port_ticks(2 * moved, machine.chip.l0.bandwidth, machine.chip_clock);
    return std::max({crossbars.interval(batch), l1.interval(batch), external.interval(batch), l0, alu_interval(network, machine, prices)});
}

/// Least time of a read of each Conv.
std::vector<Ticks> least_reads(const QuantGraph& network, const hw::Machine& machine, const hw::PriceList& prices) {
    std::vector<Ticks> least(network.nodes.size(), 0);
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
        const QuantNode& node = network.nodes[i];
        if (node.kind == NodeKind::Conv) {
            least[i] = std::numeric_limits<Ticks>::max();
            for (const int tile_rows : tile_heights(node, machine)) {
                for (const Tiles& tiles : tiles_of(network, node, machine, tile_rows)) {
                    least[i] = std::min(least[i], read_ticks(prices, machine, tiles, true));
                }
            }
        }
    }
    return least;
}

/// Crossbars on which tiles are read in a time; nothing if a single read takes longer.
std::optional<std::int64_t> crossbars_for(const std::vector<TileReads>& tiles, std::int64_t time) {
    std::int64_t sum = 0;
    for (const TileReads& r : tiles) {
        const std::int64_t windows = (time - r.apart) / r.ticks;
        if (windows < 1) {
            return std::nullopt;
        }
        sum += r.tiles * ceil_div(r.windows, windows);
    }
    return sum;
}

/// Of networks whose weights stay, cut into tiles of the size that `machine` says. Nothing if there are too few crossbars.
std::optional<Bounds> resident_bounds(const QuantGraph& network, const hw::Machine& machine, std::int64_t batch) {
    const hw::PriceList prices(machine);
    const std::optional<std::int64_t> interval = least_time(reads_of(network, machine, prices, true, {}), chip_crossbars(machine));
    if (!interval) {
        return std::nullopt;
    }
    const Dependence chains = dependence(network, machine, prices, least_reads(network, machine, prices));
    const std::vector<CutReads> reads = reads_of(network, machine, prices, true, chains.apart);
    Bounds bounds;
    bounds.interval = std::max(*interval, occupancy(network, machine, prices, Residence::Resident, batch));
    bounds.latency = std::max(
        {occupancy(network, machine, prices, Residence::Resident, 1), chains.longest, least_time(reads, chip_crossbars(machine)).value()});
    return bounds;
}

/// Of all tiles that fit the crossbars, from those of the machine down.
std::optional<Bounds> least_of_all_cuts(const QuantGraph& network, const hw::Machine& machine, std::int64_t batch) {
    std::optional<Bounds> least;
    for (Share rows;; rows = rows.with_half(Scarce::Rows)) {
        bool some = false;
        for (Share share = rows;; share = share.with_half(Scarce::Columns)) {
            const std::optional<MachinePart> part = part_of(machine, share);
            const std::optional<Bounds> bounds = part ? resident_bounds(network, part->machine, batch) : std::nullopt;
            if (!bounds) {
                break;
            }
            some = true;
            if (!least) {
                least = bounds;
            }
            least->interval = std::min(least->interval, bounds->interval);
            least->latency = std::min(least->latency, bounds->latency);
        }
        if (!some) {
            return least;
        }
    }
}

}  // namespace

std::optional<std::int64_t> least_time(const std::vector<TileReads>& reads, std::int64_t crossbars) {
    std::vector<CutReads> each;
    for (const TileReads& r : reads) {
        each.push_back({{r}});
    }
    return least_time(each, crossbars);
}

std::optional<std::int64_t> least_time(const std::vector<CutReads>& convs, std::int64_t crossbars) {
    const auto used = [&](std::int64_t time) {
        std::int64_t sum = 0;
        for (const CutReads& cuts : convs) {
            std::int64_t fewest = crossbars + 1;
            for (const std::vector<TileReads>& cut : cuts) {
                fewest = std::min(fewest, crossbars_for(cut, time).value_or(fewest));
            }
            sum += fewest;
        }
        return sum;
    };
    std::int64_t low = 0;   // too short
    std::int64_t high = 0;  // long enough for one copy of each, however it is cut
    for (const CutReads& cuts : convs) {
        for (const std::vector<TileReads>& cut : cuts) {
            for (const TileReads& r : cut) {
                high = std::max(high, r.apart + r.windows * r.ticks);
            }
        }
    }
    if (used(high) > crossbars) {
        return std::nullopt;
    }
    while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (used(middle) <= crossbars ? high : low) = middle;
    }
    return high;
}

std::vector<TileReads> tile_reads(const QuantGraph& network, const hw::Machine& machine, bool with_ports) {
    std::vector<TileReads> reads;
    for (const CutReads& cuts : reads_of(network, machine, hw::PriceList(machine), with_ports, {})) {
        reads.insert(reads.end(), cuts.front().begin(), cuts.front().end());
    }
    return reads;
}

Bounds bounds_of(const QuantGraph& network, const hw::Machine& machine, std::size_t segments, std::int64_t batch) {
    if (segments == 1) {
        if (const std::optional<Bounds> resident = least_of_all_cuts(network, machine, batch)) {
            return *resident;
        }
    }
    // Smaller tiles are no less work all together, but each read is shorter: as short as that of a single weight.
    const hw::PriceList prices(machine);
    const Tiles smallest{1, 1, 1};
    std::vector<Ticks> least(network.nodes.size(), 0);
    for (std::size_t i = 0; i < least.size(); ++i) {
        least[i] = network.nodes[i].kind == NodeKind::Conv ? read_ticks(prices, machine, smallest, true) : 0;
    }
    Bounds bounds;
    bounds.residence = Residence::Rewritten;
    bounds.interval = occupancy(network, machine, prices, bounds.residence, batch);
    bounds.latency =
        std::max(occupancy(network, machine, prices, bounds.residence, 1), dependence(network, machine, prices, least).longest);
    return bounds;
}

}  // namespace cim::compiler

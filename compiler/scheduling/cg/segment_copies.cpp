// How many copies of each Conv a segment has, and where they lie.
#include <algorithm>

#include "compiler/ceil_div.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/packing.h"
#include "compiler/memory/core_read.h"
#include "compiler/scheduling/cg/cutter.h"
#include "compiler/scheduling/cg/poly.h"
#include "compiler/scheduling/vvm/remapping.h"

namespace cim::compiler {

namespace {

constexpr int most_before = 3;  // others that a read waits for at the port, as seen where 16 crossbars share one
constexpr int most_apart = 32;  // copies that rows are dealt to, though windows of a copy do not touch

std::vector<Split> copies_by(CopyPolicy policy, const std::vector<DuplicationTask>& tasks, std::int64_t crossbars) {
    switch (policy) {
        case CopyPolicy::Poly: return poly_copies(tasks, crossbars);
        case CopyPolicy::PolyUniform: return poly_uniform_copies(tasks, crossbars);
        case CopyPolicy::Optimal: break;
    }
    return duplicate(tasks, crossbars);
}

bool has_copies(const QuantGraph& graph, const QuantNode& node) {
    return node.kind == NodeKind::Conv && node.inputs.size() == 1 && graph.tensors[at(node.output)].element_bytes == 1;
}

}  // namespace

/// Time from one window of a tile to the next. Tiles that were made smaller for that can be read as often as the port lets all
/// crossbars of a core: window in, sums out, and in again where they are added, which leaves it a third of its time for what comes and
/// goes.
hw::Ticks Cutter::window_ticks(const Tile& tile, int tile_rows) const {
    const hw::Ticks read = prices_.read(0, tile.rows, tile.cols, 8, 8, tile.rows, false).sync_ticks();
    const hw::Ticks port = prices_.read(0, tile.rows, tile.cols, 8, 8, tile.rows, true).ticks_on(hw::Resource::L1Port);
    return std::max({hw::Ticks{1}, read, tile_rows == 0 ? 0 : 3 * port * part_.machine.crossbars_per_core() / 2});
}

/// Where ports matter columns go to the cores whose ports have time.
bool Cutter::fits_closely() const {
    return part_.machine.mode != hw::ComputingMode::CM && options_.staggered && options_.copies == CopyPolicy::Optimal &&
           !ports_matter(part_.machine, part_prices_);
}

Cut Cutter::cut_of(const Segment& segment, std::size_t node, int tile_rows) const {
    Cut cut;
    const std::vector<Tile> tiles = cut_into_tiles(segment.graph.nodes[node], segment.origins[node], part_.machine, tile_rows);
    cut.tile_rows = tile_rows;
    cut.tiles = crossbars_taken(tiles, part_.machine, spread_);
    cut.window_ticks = 0;
    if (part_.machine.mode == hw::ComputingMode::CM) {
        cut.window_ticks =
            std::max<hw::Ticks>(1, slowest_core(segment.memory.nodes[node].groups, 0, segment.placement[node], prices_).next);
        return cut;
    }
    // A copy issues its reads one after the other, so that several can take turns at one crossbar. Where rows may be dealt over crossbars,
    // tiles can have about as many each.
    const bool shared = fits_closely() && part_.machine.mode == hw::ComputingMode::XBM;
    for (const Tile& tile : tiles) {
        const hw::Ticks ticks = window_ticks(tile, tile_rows);
        cut.window_ticks = std::max(cut.window_ticks, ticks);
        if (shared && is_short(tile, tiles)) {
            ++cut.short_tiles;
            cut.short_ticks = std::max(cut.short_ticks, ticks);
        }
    }
    if (!options_.staggered) {
        // The port gives the windows of reads that begin together one after the other.
        const auto together = static_cast<hw::Ticks>(std::min<std::size_t>(tiles.size(), part_.machine.crossbars_per_core()));
        const Tile& tile = tiles.front();
        cut.window_ticks += (together - 1) * prices_.read(0, tile.rows, tile.cols, 8, 8, tile.rows, false).stages[0].ticks;
    }
    return cut;
}

DuplicationTask Cutter::task_of(const Segment& segment, std::size_t node) const {
    const QuantNode& conv = segment.graph.nodes[node];
    const Reading r = reading_of(segment.graph, conv);
    DuplicationTask task;
    for (const int tile_rows : options_.remapping ? tile_heights(conv, part_.machine) : std::vector<int>{0}) {
        task.cuts.push_back(cut_of(segment, node, tile_rows));
    }
    task.rows = r.oh;
    task.cols = r.ow;
    // Rows that copies have in common land once on a core that several of them share.
    const bool deal = r.dilation_h == 1 && rows_are_all_read(segment.graph, conv.output);
    task.most_dy = deal ? std::max(1, r.kernel_h / r.stride_h) : 1;
    task.most_dy_apart = deal && fits_closely() ? most_apart : 1;
    const int without_last_row = std::max(0, ceil_div(r.h - r.kernel_h + r.pad_top, r.stride_h));
    task.rows_behind = std::max(0, r.oh - 1 - without_last_row);
    return task;
}

WrittenTask Cutter::written_task(const Segment& segment, std::size_t node) const {
    DuplicationTask task = task_of(segment, node);
    if (cuts_ == Cuts::OneImage) {
        task = plain(task);
    } else if (fits_closely()) {
        // Each read waits for the port, which others hold about as long as it does: of short reads that is a large part.
        const int others = std::min(part_.machine.crossbars_per_core() - 1, most_before);
        const hw::Ticks wait = others * prices_.read(0, 1, 1, 8, 8, 1, false).ticks_on(hw::Resource::L1Port);
        for (Cut& cut : task.cuts) {
            cut.window_ticks += wait;
            cut.short_ticks += wait;
        }
    }
    if (!has_copies(segment.graph, segment.graph.nodes[node])) {
        task.rows *= task.cols;  // of which no copies can have a part
        task.cols = task.most_dy = task.most_dy_apart = 1;
    }
    hw::Ticks external = 0;
    hw::Ticks whole = 0;
    hw::Ticks write_end = 0;
    double picojoules = 0;
    for (const Tile& tile : cut_into_tiles(segment.graph.nodes[node], segment.origins[node], part_.machine)) {
        const hw::OpCost write = prices_.write(0, tile.rows, tile.cols, 8, static_cast<std::int64_t>(tile.rows) * tile.cols);
        external += write.ticks_on(hw::Resource::External);
        whole += write.sync_ticks();
        picojoules += hw::picojoules(write, event_pj_);
        write_end = std::max(write_end, write.sync_ticks() - write.ticks_on(hw::Resource::External));
    }
    const hw::Ticks write_ticks = std::max(external, whole / crossbars()) + worth_of(picojoules);
    return {task, write_ticks, write_end, Options(task, write_ticks, cuts_ == Cuts::OneImage ? 1 : part_of_lags)};
}

void Cutter::duplicate_in(Segment& segment) const {
    std::vector<DuplicationTask> tasks;
    std::vector<std::size_t> nodes;
    for (std::size_t i = 0; i < segment.graph.nodes.size(); ++i) {
        if (has_copies(segment.graph, segment.graph.nodes[i])) {
            tasks.push_back(task_of(segment, i));
            nodes.push_back(i);
        }
    }
    const auto choose = [&](std::int64_t some) {
        ChosenCopies chosen{remapping() ? remap(tasks, some, options_.images) : copies_by(options_.copies, tasks, some)};
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            chosen.slowest = std::max(chosen.slowest, task_ticks(tasks[i], chosen.splits[i]));
        }
        return chosen;
    };
    lay_out_copies(segment, nodes, choose);
}

void Cutter::lay_out_copies(Segment& segment, const std::vector<std::size_t>& nodes,
                            const std::function<ChosenCopies(std::int64_t)>& choose) const {
    struct Way {
        Placement placement;
        hw::Ticks cost = 0;  ///< an image's time on the crossbars of the slowest operator, or in the busiest core besides
    };
    const auto placed = [&](int permille, bool balance) -> std::optional<Way> {
        const ChosenCopies chosen = choose(crossbars() * permille / 1000);
        std::vector<Split> splits(segment.graph.nodes.size());
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            splits[nodes[i]] = chosen.splits[i];
        }
        std::optional<Placement> placement =
            place(segment.graph, segment.origins, part_.machine, part_prices_, splits, spread_, forwarding_, balance);
        if (!placement) {
            return std::nullopt;
        }
        return Way{std::move(*placement), chosen.slowest};
    };
    // Where ports matter, and where a core has more to do than the crossbars of the slowest operator, loads are balanced. Whole columns
    // balanced over cores leave crossbars unused here and there: better some copies fewer than one core with all the load.
    std::vector<Way> ways;
    const bool ports_matter = compiler::ports_matter(part_.machine, part_prices_);
    bool balance = (spread_ == Spread::Balanced || spread_ == Spread::Largest || spread_ == Spread::Counted) &&
                   part_.machine.mode != hw::ComputingMode::CM;
    if (balance && !ports_matter) {
        if (std::optional<Way> way = placed(1000, false)) {
            const hw::Ticks busiest = busiest_core(way->placement.nodes, segment.graph, part_.machine, part_prices_, spread_);
            balance = busiest > way->cost;
            way->cost = std::max(way->cost, busiest);
            ways.push_back(std::move(*way));
        }
    }
    for (const int permille : {1000, 995, 990, 985, 980, 970, 940, 900, 850, 800, 750, 700}) {
        std::optional<Way> way;
        if (balance && (way = placed(permille, true))) {
            balance = ports_matter || way->placement.busiest > way->cost;  // else fewer copies are only slower
            way->cost = ports_matter ? way->placement.busiest : std::max(way->cost, way->placement.busiest);
            ways.push_back(std::move(*way));
        }
    }
    std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return a.cost < b.cost; });
    for (Way& way : ways) {
        if (fits(segment, std::move(way.placement))) {
            return;
        }
    }
    for (const int permille : {1000, 950, 900, 800, 700, 600, 500, 400, 300, 200, 100}) {
        std::optional<Way> way = placed(permille, false);
        if (way && fits(segment, std::move(way->placement))) {
            return;
        }
    }
}

}  // namespace cim::compiler

#include "compiler/scheduling/cg/segmentation.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "compiler/ceil_div.h"
#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/packing.h"
#include "compiler/mapping/relays.h"
#include "compiler/memory/core_read.h"
#include "compiler/scheduling/cg/cuts.h"
#include "compiler/scheduling/cg/dependence.h"
#include "compiler/scheduling/cg/duplication.h"
#include "compiler/scheduling/cg/poly.h"
#include "compiler/scheduling/vvm/remapping.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

bool contains(const std::vector<TensorId>& list, TensorId id) {
    return std::find(list.begin(), list.end(), id) != list.end();
}

std::vector<Split> copies_by(CopyPolicy policy, const std::vector<DuplicationTask>& tasks, std::int64_t crossbars) {
    switch (policy) {
        case CopyPolicy::Poly: return poly_copies(tasks, crossbars);
        case CopyPolicy::PolyUniform: return poly_uniform_copies(tasks, crossbars);
        case CopyPolicy::Optimal: break;
    }
    return duplicate(tasks, crossbars);
}

class Cutter {
  public:
    /// `part`: of the machine, to be used; prices are those of the whole.
    Cutter(const QuantGraph& network, const hw::Machine& machine, const hw::Machine& part, const ScheduleOptions& options, Spread spread)
        : machine_(part),
          options_(options),
          spread_(spread),
          prices_(machine),
          part_prices_(part),
          mapped_(map_network(network, part)),
          graph_(mapped_.graph) {
        for (const TensorId id : network.outputs) {
            if (contains(network.inputs, id)) {
                throw InputError(fmt::format("network '{}': output '{}' is an input; there is nothing to compute", network.name,
                                             network.tensors[at(id)].name));
            }
        }
    }

    Schedule run() {
        index();
        for (NodeId first = 0; first < count();) {
            Segment best;
            const NodeId last = longest(first, best);
            if (last == first) {
                continue;  // its first node was cut smaller
            }
            if (!best.graph.nodes.empty()) {
                segments_.push_back(std::move(best));
                starts_.push_back(first);
            }
            first = last;
        }
        if (too_large_) {
            throw *too_large_;
        }
        if (options_.duplication && segments_.size() == 1) {
            duplicate_in(segments_[0]);
        } else if (options_.duplication && options_.copies == CopyPolicy::Optimal) {
            cut_anew();
        }
        return {std::move(mapped_), std::move(segments_)};
    }

  private:
    bool remapping() const { return options_.remapping && machine_.mode == hw::ComputingMode::WLM; }
    NodeId count() const { return static_cast<NodeId>(graph_.nodes.size()); }

    /// Who gives and who reads each tensor.
    void index() {
        producer_ = producers_of(graph_);
        readers_.assign(graph_.tensors.size(), {});
        for (NodeId i = 0; i < count(); ++i) {
            for (const TensorId input : graph_.nodes[at(i)].inputs) {
                readers_[at(input)].push_back(i);
            }
        }
    }

    bool is_concat(NodeId node) const { return node >= 0 && graph_.nodes[at(node)].kind == NodeKind::Concat; }

    /// How much of what a tensor is made of comes from nodes of `first` on: nothing, all, or (bad) a part.
    enum class Comes { Before, Within, Both };
    Comes comes(TensorId id, NodeId first) const {
        bool before = false;
        bool within = false;
        for (const ViewPart& part : view_of(graph_, producer_, id)) {
            (producer_[at(part.tensor)] >= first ? within : before) = true;
        }
        return before && within ? Comes::Both : (within ? Comes::Within : Comes::Before);
    }

    /// One past the last node that may be in a segment with `first`: its crossbars suffice, and no node reads a Concat half of which
    /// comes from before.
    NodeId limit(NodeId first) const {
        const int available = machine_.core_count() * machine_.crossbars_per_core();
        int used = 0;
        for (NodeId i = first; i < count(); ++i) {
            const QuantNode& node = graph_.nodes[at(i)];
            if (node.kind == NodeKind::Conv) {
                used += crossbars_taken(cut_into_tiles(node, mapped_.origins[at(i)], machine_), machine_, spread_);
            }
            bool mixed = false;
            for (const TensorId input : node.inputs) {
                mixed = mixed || (node.kind != NodeKind::Concat && comes(input, first) == Comes::Both);
            }
            if (i > first && (used > available || mixed)) {
                return i;
            }
        }
        return count();
    }

    /// The longest segment from `first` on; `first` itself if its node had to be cut smaller.
    NodeId longest(NodeId first, Segment& best) {
        NodeId high = limit(first);
        if (std::optional<Segment> whole = attempt(first, high)) {
            best = std::move(*whole);
            return high;
        }
        try {
            best = segment_of(first, first + 1);
        } catch (const DoesNotFit& error) {
            if (halve(mapped_, first, machine_)) {
                index();
                return first;
            }
            // Goes on, to know what the others need.
            if (!too_large_ || (error.memory() == too_large_->memory() && error.needed() > too_large_->needed())) {
                too_large_ = error;
            }
            return first + 1;
        }
        // What is longer fits less; the longest that does is between.
        NodeId low = first + 1;
        while (high - low > 1) {
            const NodeId middle = low + (high - low) / 2;
            if (std::optional<Segment> segment = attempt(first, middle)) {
                best = std::move(*segment);
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    std::optional<Segment> attempt(NodeId first, NodeId last) const {
        try {
            return segment_of(first, last);
        } catch (const InputError&) {
            return std::nullopt;
        }
    }

    /// Whether a tensor that comes from nodes first..last-1 is needed after them.
    bool needed_after(TensorId id, NodeId last) const {
        if (contains(graph_.outputs, id)) {
            return true;
        }
        return std::any_of(readers_[at(id)].begin(), readers_[at(id)].end(), [&](NodeId reader) {
            return is_concat(reader) ? needed_after(graph_.nodes[at(reader)].output, last) : reader >= last;
        });
    }

    Segment segment_of(NodeId first, NodeId last) const {
        Segment segment;
        QuantGraph& part = segment.graph;
        part.name = graph_.name;
        std::map<TensorId, TensorId> known;
        const auto tensor = [&](TensorId id) {
            const auto [entry, fresh] = known.emplace(id, static_cast<TensorId>(part.tensors.size()));
            if (fresh) {
                part.tensors.push_back(graph_.tensors[at(id)]);
                segment.mapped.push_back(id);
            }
            return entry->second;
        };
        const auto input = [&](TensorId id) {
            const TensorId mine = tensor(id);
            if (comes(id, first) == Comes::Before && !contains(part.inputs, mine)) {
                part.inputs.push_back(mine);
            }
            return mine;
        };
        for (NodeId i = first; i < last; ++i) {
            const QuantNode& node = graph_.nodes[at(i)];
            if (is_concat(i) && comes(node.output, first) != Comes::Within) {
                continue;  // put together in external memory
            }
            part.nodes.push_back(node);
            segment.origins.push_back(mapped_.origins[at(i)]);
            for (TensorId& id : part.nodes.back().inputs) {
                id = input(id);
            }
            part.nodes.back().output = tensor(node.output);
            if (!is_concat(i) && needed_after(node.output, last)) {
                part.outputs.push_back(part.nodes.back().output);
            }
        }
        std::optional<Placement> placement =
            place(segment.graph, segment.origins, machine_, part_prices_, std::vector<Split>(part.nodes.size()), spread_);
        if (!placement) {
            throw InputError(fmt::format("machine '{}': too few crossbars", machine_.name));
        }
        segment.staggered = options_.staggered;
        lay_out(segment, std::move(*placement));
        return segment;
    }

    void lay_out(Segment& segment, Placement placement) const {
        segment.placement = std::move(placement.nodes);
        segment.relays.assign(segment.graph.inputs.size(), {});
        if (!options_.serial) {
            segment.relays = relays_of(segment.graph, segment.placement, machine_, part_prices_);
        }
        segment.memory =
            plan_memory(segment.graph, machine_, part_prices_, segment.placement, segment.relays, options_.serial, remapping());
    }

    /// Time from one window of a tile to the next. Tiles that were made smaller for that can be read as often as the port lets all
    /// crossbars of a core: window in, sums out, and in again where they are added, which leaves it a third of its time for what comes and
    /// goes.
    hw::Ticks window_ticks(const Tile& tile, int tile_rows) const {
        const hw::Ticks read = prices_.read(0, tile.rows, tile.cols, 8, 8, tile.rows, false).sync_ticks();
        const hw::Ticks port = prices_.read(0, tile.rows, tile.cols, 8, 8, tile.rows, true).ticks_on(hw::Resource::L1Port);
        return std::max({hw::Ticks{1}, read, tile_rows == 0 ? 0 : 3 * port * machine_.crossbars_per_core() / 2});
    }

    Cut cut_of(const Segment& segment, std::size_t node, int tile_rows) const {
        Cut cut;
        const std::vector<Tile> tiles = cut_into_tiles(segment.graph.nodes[node], segment.origins[node], machine_, tile_rows);
        cut.tile_rows = tile_rows;
        cut.tiles = crossbars_taken(tiles, machine_, spread_);
        cut.window_ticks = 0;
        if (machine_.mode == hw::ComputingMode::CM) {
            cut.window_ticks =
                std::max<hw::Ticks>(1, slowest_core(segment.memory.nodes[node].groups, 0, segment.placement[node], prices_).next);
            return cut;
        }
        for (const Tile& tile : tiles) {
            cut.window_ticks = std::max(cut.window_ticks, window_ticks(tile, tile_rows));
        }
        if (!options_.staggered) {
            // The port gives the windows of reads that begin together one after the other.
            const auto together = static_cast<hw::Ticks>(std::min<std::size_t>(tiles.size(), machine_.crossbars_per_core()));
            const Tile& tile = tiles.front();
            cut.window_ticks += (together - 1) * prices_.read(0, tile.rows, tile.cols, 8, 8, tile.rows, false).stages[0].ticks;
        }
        return cut;
    }

    DuplicationTask task_of(const Segment& segment, std::size_t node) const {
        const QuantNode& conv = segment.graph.nodes[node];
        const Reading r = reading_of(segment.graph, conv);
        DuplicationTask task;
        for (const int tile_rows : options_.remapping ? tile_heights(conv, machine_) : std::vector<int>{0}) {
            task.cuts.push_back(cut_of(segment, node, tile_rows));
        }
        task.rows = r.oh;
        task.cols = r.ow;
        // A copy reads every row between its windows: rows are dealt only as far as windows overlap.
        const bool deal = r.dilation_h == 1 && rows_are_all_read(segment.graph, conv.output);
        task.most_dy = deal ? std::max(1, r.kernel_h / r.stride_h) : 1;
        const int without_last_row = std::max(0, ceil_div(r.h - r.kernel_h + r.pad_top, r.stride_h));
        task.rows_behind = std::max(0, r.oh - 1 - without_last_row);
        return task;
    }

    static bool has_copies(const QuantGraph& graph, const QuantNode& node) {
        return node.kind == NodeKind::Conv && node.inputs.size() == 1 && graph.tensors[at(node.output)].element_bytes == 1;
    }

    std::int64_t available() const { return static_cast<std::int64_t>(machine_.core_count()) * machine_.crossbars_per_core(); }

    /// Gives the crossbars that are left to copies, as many as places and memories hold.
    void duplicate_in(Segment& segment) const {
        std::vector<DuplicationTask> tasks;
        std::vector<std::size_t> nodes;
        for (std::size_t i = 0; i < segment.graph.nodes.size(); ++i) {
            if (has_copies(segment.graph, segment.graph.nodes[i])) {
                tasks.push_back(task_of(segment, i));
                nodes.push_back(i);
            }
        }
        const auto choose = [&](std::int64_t some) {
            return remapping() ? remap(tasks, some, options_.images) : copies_by(options_.copies, tasks, some);
        };
        lay_out_copies(segment, nodes, choose);
    }

    /// Places the copies that choose(crossbars) gives for the nodes, of as many crossbars as places and memories allow.
    void lay_out_copies(Segment& segment, const std::vector<std::size_t>& nodes,
                        const std::function<std::vector<Split>(std::int64_t)>& choose) const {
        const auto placed = [&](int percent, bool balance) {
            const std::vector<Split> chosen = choose(available() * percent / 100);
            std::vector<Split> splits(segment.graph.nodes.size());
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                splits[nodes[i]] = chosen[i];
            }
            return place(segment.graph, segment.origins, machine_, part_prices_, splits, spread_, balance);
        };
        // Whole columns balanced over cores leave crossbars unused here and there: better some copies fewer than one core with all the
        // load.
        std::vector<Placement> balanced;
        for (const int percent : {100, 97, 94, 90, 85, 80, 75, 70}) {
            std::optional<Placement> placement;
            if (spread_ == Spread::Balanced && ports_matter(machine_, part_prices_) && (placement = placed(percent, true))) {
                balanced.push_back(std::move(*placement));
            }
        }
        std::stable_sort(balanced.begin(), balanced.end(), [](const Placement& a, const Placement& b) { return a.busiest < b.busiest; });
        for (Placement& placement : balanced) {
            if (fits(segment, std::move(placement))) {
                return;
            }
        }
        for (const int percent : {100, 95, 90, 80, 70, 60, 50, 40, 30, 20, 10}) {
            std::optional<Placement> placement = placed(percent, false);
            if (placement && fits(segment, std::move(*placement))) {
                return;
            }
        }
    }

    /// What a node of the network is worth a copy of, and what writing it takes.
    WrittenTask written_task(const Segment& segment, std::size_t node) const {
        WrittenTask it{task_of(segment, node), 0};
        if (!has_copies(segment.graph, segment.graph.nodes[node])) {
            it.task.rows *= it.task.cols;  // of which no copies can have a part
            it.task.cols = it.task.most_dy = 1;
        }
        hw::Ticks external = 0;
        hw::Ticks whole = 0;
        for (const Tile& tile : cut_into_tiles(segment.graph.nodes[node], segment.origins[node], machine_)) {
            const hw::OpCost write = prices_.write(0, tile.rows, tile.cols, 8, static_cast<std::int64_t>(tile.rows) * tile.cols);
            external += write.ticks_on(hw::Resource::External);
            whole += write.sync_ticks();
        }
        it.write_ticks = std::max(external, whole / machine_.core_count());
        return it;
    }

    /// Time that what a segment takes from others, and gives to them, passes through external memory.
    hw::Ticks moved_ticks(NodeId first, NodeId last) const {
        std::set<TensorId> moved;
        for (NodeId i = first; i < last; ++i) {
            const QuantNode& node = graph_.nodes[at(i)];
            for (const TensorId input : node.inputs) {
                if (comes(input, first) == Comes::Before) {
                    moved.insert(input);
                }
            }
            if (!is_concat(i) && needed_after(node.output, last)) {
                moved.insert(node.output);
            }
        }
        std::int64_t bytes = 0;
        for (const TensorId id : moved) {
            bytes += graph_.tensors[at(id)].shape.count() * graph_.tensors[at(id)].element_bytes;
        }
        return port_ticks(bytes, machine_.chip.external_memory.bandwidth, machine_.chip_clock);
    }

    /// Segments and copies that together take least, where the network was found to need several. As it was cut before, with one copy of
    /// each, if that is not better, or does not fit.
    void cut_anew() {
        // By node of the network. Where a tensor is given outside all segments, there is nothing to do.
        std::map<NodeId, WrittenTask> tasks;
        std::set<NodeId> possible(starts_.begin(), starts_.end());  // cuts, and those in front of a Conv
        for (const Segment& segment : segments_) {
            for (std::size_t i = 0; i < segment.graph.nodes.size(); ++i) {
                if (segment.graph.nodes[i].kind == NodeKind::Conv) {
                    const NodeId node = producer_[at(segment.mapped[at(segment.graph.nodes[i].output)])];
                    tasks.emplace(node, written_task(segment, i));
                    possible.insert(tasks.size() > 1 ? node : 0);
                }
            }
        }
        std::vector<NodeId> starts(possible.begin(), possible.end());
        std::vector<NodeId> limits;
        for (const NodeId first : starts) {
            limits.push_back(limit(first));
        }
        starts.push_back(count());
        const auto copies_in = [&](NodeId first, NodeId last, std::int64_t crossbars) {
            std::vector<WrittenTask> here;
            for (auto it = tasks.lower_bound(first); it != tasks.end() && it->first < last; ++it) {
                here.push_back(it->second);
            }
            return written_copies(here, crossbars, options_.images);
        };
        const std::vector<int> ends = cut(static_cast<int>(starts.size()) - 1, [&](int a, int b) -> std::optional<hw::Ticks> {
            const NodeId first = starts[at(a)];
            const NodeId last = starts[at(b)];
            if (last > limits[at(a)]) {
                return std::nullopt;
            }
            const std::optional<SegmentCopies> copies = copies_in(first, last, available());
            return copies ? std::optional<hw::Ticks>(copies->ticks + options_.images * moved_ticks(first, last)) : std::nullopt;
        });
        std::vector<Segment> segments;
        int from = 0;
        for (const int end : ends) {
            const NodeId first = starts[at(from)];
            const NodeId last = starts[at(end)];
            std::optional<Segment> segment = attempt(first, last);
            if (!segment) {
                return;
            }
            std::vector<std::size_t> nodes;
            for (std::size_t i = 0; i < segment->graph.nodes.size(); ++i) {
                if (segment->graph.nodes[i].kind == NodeKind::Conv) {
                    nodes.push_back(i);
                }
            }
            lay_out_copies(*segment, nodes, [&](std::int64_t some) {
                const std::optional<SegmentCopies> copies = copies_in(first, last, some);
                return copies ? copies->splits : std::vector<Split>(nodes.size());
            });
            segments.push_back(std::move(*segment));
            from = end;
        }
        if (!segments.empty()) {
            segments_ = std::move(segments);
        }
    }

    /// Lays a segment out anew, unless that is too much for a memory.
    bool fits(Segment& segment, Placement placement) const {
        Segment larger = segment;
        try {
            lay_out(larger, std::move(placement));
        } catch (const InputError&) {
            return false;
        }
        segment = std::move(larger);
        return true;
    }

    const hw::Machine& machine_;
    const ScheduleOptions& options_;
    Spread spread_;
    hw::PriceList prices_;
    hw::PriceList part_prices_;  ///< with its network: between its cores, other distances
    MappedNetwork mapped_;
    const QuantGraph& graph_;
    std::vector<NodeId> producer_;
    std::vector<std::vector<NodeId>> readers_;
    std::vector<Segment> segments_;
    std::vector<NodeId> starts_;           ///< first node of each
    std::optional<DoesNotFit> too_large_;  ///< of the nodes that fit in no way, the one that needs most
};

}  // namespace

Schedule schedule(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const Strategy& strategy) {
    const std::optional<MachinePart> part = part_of(machine, strategy.share);
    if (!part) {
        throw InputError(fmt::format("machine '{}' has no such part", machine.name));
    }
    ScheduleOptions chosen = options;
    chosen.remapping = options.remapping && strategy.remapping;
    Schedule result = Cutter(network, machine, part->machine, chosen, strategy.spread).run();
    for (Segment& segment : result.segments) {
        renumber_cores(segment.placement, part->cores);
        for (std::vector<Part>& relays : segment.relays) {
            renumber_cores(relays, part->cores);
        }
        renumber_cores(segment.memory, part->cores, machine.core_count());
    }
    return result;
}

}  // namespace cim::compiler

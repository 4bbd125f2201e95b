#include "compiler/scheduling/cg/segmentation.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "compiler/ceil_div.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/packing.h"
#include "compiler/mapping/relays.h"
#include "compiler/scheduling/cg/cutter.h"
#include "compiler/scheduling/cg/holding.h"
#include "compiler/scheduling/cg/keeping.h"
#include "compiler/scheduling/cg/moving.h"

namespace cim::compiler {

namespace {

/// Cores that a piece of an operator may fill: all, or half of them if the other half is written meanwhile.
int cores_of_piece(const hw::Machine& machine, Cuts cuts) {
    return cuts == Cuts::Overlapping ? ceil_div(machine.core_count(), 2) : machine.core_count();
}

bool contains(const std::vector<TensorId>& list, TensorId id) {
    return std::find(list.begin(), list.end(), id) != list.end();
}

/// The part of a machine that a strategy names.
MachinePart named_part(const hw::Machine& machine, const Share& share) {
    std::optional<MachinePart> part = part_of(machine, share);
    if (!part) {
        throw InputError(fmt::format("machine '{}' has no such part", machine.name));
    }
    return std::move(*part);
}

}  // namespace

Cutter::Cutter(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const Strategy& strategy)
    : machine_(machine),
      options_(options),
      spread_(strategy.spread),
      remapping_(options.remapping && strategy.remapping),
      cuts_(strategy.cuts),
      banded_(strategy.banded),
      forwarding_(options.forwarding ? strategy.forwarding : Forwarding::None),
      holding_(options.keeping && options.holding && strategy.holding),
      paces_(strategy.paces),
      prices_(machine),
      event_pj_(hw::event_prices(machine)),
      leakage_fj_(hw::leakage_fj(machine)),
      part_(named_part(machine, strategy.share)),
      part_prices_(part_.machine),
      mapped_(map_network(network, part_.machine, cores_of_piece(part_.machine, cuts_))),
      graph_(mapped_.graph) {
    for (const TensorId id : network.outputs) {
        if (contains(network.inputs, id)) {
            throw InputError(fmt::format("network '{}': output '{}' is an input; there is nothing to compute", network.name,
                                         network.tensors[at(id)].name));
        }
    }
}

Schedule Cutter::run() {
    index();
    for (NodeId first = 0; first < count();) {
        Segment best;
        const NodeId last = longest(first, best);
        if (!best.graph.nodes.empty()) {
            segments_.push_back(std::move(best));
            starts_.push_back(first);
        }
        first = last;
    }
    if (too_large_) {
        throw *too_large_;
    }
    if (options_.duplication && segments_.size() == 1 && cuts_ != Cuts::OneImage) {
        duplicate_in(segments_[0]);
    } else if (options_.duplication && options_.copies == CopyPolicy::Optimal && cuts_ != Cuts::Longest && !segments_.empty()) {
        cut_anew();
    }
    for (Segment& segment : segments_) {
        renumber_cores(segment.placement, part_.cores);
        for (std::vector<Part>& relays : segment.relays) {
            renumber_cores(relays, part_.cores);
        }
        renumber_cores(segment.memory, part_.cores, machine_.core_count());
    }
    if (holding_ && options_.joining && machine_.core.l1.size.ideal) {  // else joining, which this is for, is not sure
        move_small_ones_behind(segments_, machine_.core_count());
    }
    Schedule schedule{std::move(mapped_), std::move(segments_), {}};
    if (options_.keeping && schedule.segments.size() > 1) {
        if (holding_) {
            hold_in_l1(schedule, machine_, prices_, options_.batch);
        }
        keep_in_l0(schedule, machine_, options_.batch);  // all of L0: the strategy's part of it is for what works
    }
    return schedule;
}

void Cutter::index() {
    producer_ = producers_of(graph_);
    origins_.assign(graph_.tensors.size(), {-1, -1});
    for (NodeId i = 0; i < count(); ++i) {
        Origins& origins = origins_[at(graph_.nodes[at(i)].output)];
        origins = {i, i};
        if (is_concat(i)) {
            origins = {count(), -1};
            for (const TensorId input : graph_.nodes[at(i)].inputs) {
                origins.first = std::min(origins.first, origins_[at(input)].first);
                origins.last = std::max(origins.last, origins_[at(input)].last);
            }
        }
    }
    last_reader_.assign(graph_.tensors.size(), -1);
    for (const TensorId id : graph_.outputs) {
        last_reader_[at(id)] = count();
    }
    // From behind: who reads a Concat reads what it is put together of.
    for (NodeId i = count(); i-- > 0;) {
        for (const TensorId input : graph_.nodes[at(i)].inputs) {
            last_reader_[at(input)] = std::max(last_reader_[at(input)], is_concat(i) ? last_reader_[at(graph_.nodes[at(i)].output)] : i);
        }
    }
}

bool Cutter::is_concat(NodeId node) const {
    return node >= 0 && graph_.nodes[at(node)].kind == NodeKind::Concat;
}

Cutter::Comes Cutter::comes(TensorId id, NodeId first) const {
    const Origins& origins = origins_[at(id)];
    if (origins.last < first) {
        return Comes::Before;
    }
    return origins.first < first ? Comes::Both : Comes::Within;
}

NodeId Cutter::limit(NodeId first) const {
    const std::int64_t available = crossbars();
    std::int64_t used = 0;
    for (NodeId i = first; i < count(); ++i) {
        const QuantNode& node = graph_.nodes[at(i)];
        if (node.kind == NodeKind::Conv) {
            used += crossbars_taken(cut_into_tiles(node, mapped_.origins[at(i)], part_.machine), part_.machine, spread_);
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

NodeId Cutter::longest(NodeId first, Segment& best) {
    NodeId high = limit(first);
    if (std::optional<Segment> whole = attempt(first, high)) {
        best = std::move(*whole);
        return high;
    }
    const NodeId nodes = count();
    if (!fit_alone(first, best)) {
        return first + 1;
    }
    if (count() != nodes) {  // it was cut smaller
        high = limit(first);
        if (std::optional<Segment> whole = attempt(first, high)) {
            best = std::move(*whole);
            return high;
        }
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

bool Cutter::fit_alone(NodeId node, Segment& segment) {
    while (true) {
        try {
            segment = segment_of(node, node + 1);
            return true;
        } catch (const DoesNotFit& error) {
            if (halve(mapped_, node, part_.machine)) {
                index();
                continue;
            }
            // Goes on, to know what the others need.
            if (!too_large_ || (error.memory() == too_large_->memory() && error.needed() > too_large_->needed())) {
                too_large_ = error;
            }
            return false;
        }
    }
}

std::optional<Segment> Cutter::attempt(NodeId first, NodeId last) const {
    try {
        return segment_of(first, last);
    } catch (const InputError&) {
        return std::nullopt;
    }
}

Segment Cutter::segment_of(NodeId first, NodeId last) const {
    Segment segment;
    segment.first = first;
    segment.last = last;
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
        place(segment.graph, segment.origins, part_.machine, part_prices_, std::vector<Split>(part.nodes.size()), spread_, forwarding_);
    if (!placement) {
        throw InputError(fmt::format("machine '{}': too few crossbars", machine_.name));
    }
    segment.staggered = options_.staggered;
    lay_out(segment, std::move(*placement));
    return segment;
}

void Cutter::lay_out(Segment& segment, Placement placement) const {
    segment.placement = std::move(placement.nodes);
    segment.relays.assign(segment.graph.inputs.size(), {});
    if (!options_.serial) {
        segment.relays = relays_of(segment.graph, segment.placement, part_.machine, part_prices_, banded_);
    }
    segment.memory = plan_memory(segment.graph, part_.machine, part_prices_, segment.placement, segment.relays, options_.serial, early());
}

bool Cutter::fits(Segment& segment, Placement placement) const {
    Segment larger = segment;
    try {
        lay_out(larger, std::move(placement));
    } catch (const InputError&) {
        return false;
    }
    segment = std::move(larger);
    return true;
}

std::vector<TensorId> passed_on(const Schedule& schedule) {
    const QuantGraph& graph = schedule.network.graph;
    std::vector<TensorId> list;
    std::vector<bool> known(graph.tensors.size(), false);
    for (const auto* ends : {&graph.inputs, &graph.outputs}) {
        for (const TensorId id : *ends) {
            known[at(id)] = true;
        }
    }
    for (const Segment& segment : schedule.segments) {
        for (const TensorId input : segment.graph.inputs) {
            const TensorId id = segment.mapped[at(input)];
            if (!known[at(id)]) {
                known[at(id)] = true;
                list.push_back(id);
            }
        }
    }
    return list;
}

Schedule schedule(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const Strategy& strategy) {
    return Cutter(network, machine, options, strategy).run();
}

}  // namespace cim::compiler

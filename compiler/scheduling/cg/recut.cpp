// Where a network that does not fit the chip is cut, by what segments and their copies cost.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "compiler/ir/index.h"
#include "compiler/scheduling/cg/cutter.h"
#include "compiler/scheduling/cg/dependence.h"
#include "compiler/scheduling/cg/passed_maps.h"
#include "isa/bounds.h"

namespace cim::compiler {

namespace {
// A network in thousands of small pieces is slow however it is cut, and finding out what fits the memories could take hundreds of rounds.
constexpr int most_places = 2048;
constexpr int most_rounds = 16;
}  // namespace

hw::Ticks Cutter::worth_of(double picojoules) const {
    return cuts_ == Cuts::Frugal ? leaking_ticks(picojoules * 1e3, leakage_fj_) : 0;
}

Moved Cutter::moved(NodeId first, NodeId last) const {
    std::vector<TensorId> taken;
    std::vector<TensorId> left;
    for (NodeId i = first; i < last; ++i) {
        const QuantNode& node = graph_.nodes[at(i)];
        for (const TensorId input : node.inputs) {
            if (comes(input, first) == Comes::Before) {
                taken.push_back(input);
            }
        }
        if (!is_concat(i) && needed_after(node.output, last)) {
            left.push_back(node.output);
        }
    }
    const hw::ChipSpec& chip = part_.machine.chip;
    // How much of a small L1 is left shows when all is laid out.
    std::int64_t room_in_l1 = holding_ && machine_.core.l1.size.ideal ? isa::max_address / options_.batch : 0;
    std::int64_t room_in_l0 = (machine_.chip.l0.size.ideal ? isa::max_address : machine_.chip.l0.size.value) / options_.batch;
    struct Bytes {
        std::int64_t held = 0, kept = 0, external = 0;
    };
    const auto bytes_of = [&](std::vector<TensorId>& moved) {
        std::sort(moved.begin(), moved.end());
        moved.erase(std::unique(moved.begin(), moved.end()), moved.end());
        Bytes bytes;
        for (const TensorId id : moved) {
            const std::int64_t own = graph_.tensors[at(id)].shape.count() * graph_.tensors[at(id)].element_bytes;
            const bool stays = options_.keeping && stays_[at(id)];
            if (stays && own <= room_in_l1) {
                bytes.held += own;
                room_in_l1 -= own;
            } else if (stays && own <= room_in_l0) {
                bytes.kept += own;
                room_in_l0 -= own;
            } else {
                bytes.external += own;
            }
        }
        return bytes;
    };
    const Bytes in = bytes_of(taken);
    const Bytes out = bytes_of(left);
    const auto pj = [&](hw::Event event, std::int64_t bytes) {
        return static_cast<double>(bytes) * event_pj_[static_cast<std::size_t>(event)];
    };
    const std::int64_t external = in.external + out.external;
    const hw::Ticks ticks = std::max(port_ticks(external, chip.external_memory.bandwidth, part_.machine.chip_clock),
                                     port_ticks(2 * external + in.kept + out.kept, chip.l0.bandwidth, part_.machine.chip_clock));
    return {ticks, worth_of(pj(hw::Event::ExternalReadByte, in.external) + pj(hw::Event::ExternalWriteByte, out.external) +
                            pj(hw::Event::L0ReadByte, external + in.kept) + pj(hw::Event::L0WriteByte, external + out.kept) +
                            pj(hw::Event::L1ReadByte, in.held) + pj(hw::Event::L1WriteByte, out.held))};
}

std::size_t Cutter::conv_from(NodeId node) const {
    return static_cast<std::size_t>(std::lower_bound(convs_.begin(), convs_.end(), node) - convs_.begin());
}

std::vector<PipelineStage> Cutter::all_stages() const {
    std::vector<PipelineStage> stages;
    for (NodeId i = 0; i < count(); ++i) {
        const QuantNode& node = graph_.nodes[at(i)];
        PipelineStage stage;
        for (std::size_t input = 0; input < node.inputs.size(); ++input) {
            const NodeId before = producer_[at(node.inputs[input])];
            if (before >= 0) {
                const int rows = graph_.tensors[at(node.inputs[input])].shape.h;
                const Reading r = is_concat(i) ? Reading{} : reading_of(graph_, node, static_cast<int>(input));
                stage.inputs.push_back({before, is_concat(i) ? 0 : std::clamp(r.kernel_h - r.pad_top, 1, rows), rows});
            }
        }
        const std::size_t conv = conv_from(i);
        stage.alone = conv < convs_.size() && convs_[conv] == i ? tasks_[conv].options.all().back().ticks : 0;
        stages.push_back(std::move(stage));
    }
    return stages;
}

Pipeline Cutter::pipeline_of(NodeId first, NodeId last, hw::Ticks moving) const {
    const auto known = paces_.find({first, last});
    const bool at_least = known != paces_.end() && cuts_ != Cuts::OneImage;
    return {images(), moving, &stages_, first, cuts_ == Cuts::Filling ? last : first, at_least ? known->second : 0};
}

std::optional<SegmentCopies> Cutter::copies_in(NodeId first, NodeId last, std::int64_t crossbars) const {
    const std::size_t from = conv_from(first);
    return written_copies(tasks_.data() + from, conv_from(last) - from, crossbars, pipeline_of(first, last, moved(first, last).ticks));
}

std::optional<Segment> Cutter::written_segment(NodeId first, NodeId last, std::int64_t crossbars) const {
    std::optional<Segment> segment = attempt(first, last);
    if (!segment) {
        return std::nullopt;
    }
    std::vector<std::size_t> nodes;
    for (std::size_t i = 0; i < segment->graph.nodes.size(); ++i) {
        if (segment->graph.nodes[i].kind == NodeKind::Conv) {
            nodes.push_back(i);
        }
    }
    const auto choose = [&](std::int64_t some) {
        const std::optional<SegmentCopies> copies = copies_in(first, last, std::min(some, crossbars));
        return copies ? ChosenCopies{copies->splits, copies->slowest} : ChosenCopies{std::vector<Split>(nodes.size())};
    };
    lay_out_copies(*segment, nodes, choose);
    return segment;
}

std::vector<NodeId> Cutter::possible_cuts() const {
    std::set<NodeId> cuts(starts_.begin(), starts_.end());
    const auto one_map_passes = [&](NodeId node) {
        NodeId maps = 0;
        for (NodeId before = 0; before < node; ++before) {
            maps += !is_concat(before) && needed_after(graph_.nodes[at(before)].output, node) ? 1 : 0;
        }
        return maps == 1;
    };
    // Of a network that fits the chip the others are not worth the time to look at them: what passes is written and read.
    std::copy_if(convs_.begin(), convs_.end(), std::inserter(cuts, cuts.end()),
                 [&](NodeId conv) { return cuts_ != Cuts::OneImage || one_map_passes(conv); });
    cuts.insert({0, count()});
    return {cuts.begin(), cuts.end()};
}

std::optional<SegmentTimes> Cutter::times_of(NodeId first, NodeId last, std::int64_t crossbars) const {
    const std::size_t from = conv_from(first);
    const Moved moved = this->moved(first, last);
    std::optional<SegmentTimes> times =
        segment_times(tasks_.data() + from, conv_from(last) - from, crossbars, pipeline_of(first, last, moved.ticks), moved.worth);
    if (times && to_be_joined()) {
        times->writing = times->write_end = 0;
        times->working += times->lags / 2;
    } else if (cuts_ == Cuts::OneImage && times) {
        const auto known = paces_.find({first, last});
        if (known != paces_.end()) {
            times->working = known->second;
            times->writing = times->write_end = 0;
            times->working += times->lags / 2;
        }
    }
    return times;
}

/// What segments cost, by places where the network may be cut.
class Cutter::Costs {
  public:
    Costs(const Cutter& cutter, const std::vector<NodeId>& cuts)
        : crossbars_(cutter.crossbars()), overlapping_(cutter.cuts_ == Cuts::Overlapping) {
        choices_.resize(cuts.size() - 1);
        for (std::size_t first = 0; first + 1 < cuts.size(); ++first) {
            const NodeId most = cutter.limit(cuts[first]);
            for (std::size_t last = first + 1; last < cuts.size() && cuts[last] <= most; ++last) {
                choices_[first].emplace_back();
                const auto add = [&](std::int64_t some) {
                    if (const std::optional<SegmentTimes> times = cutter.times_of(cuts[first], cuts[last], some)) {
                        choices_[first].back().push_back(*times);
                    }
                };
                add(crossbars_);
                if (overlapping_) {
                    add(crossbars_ / 2);
                }
            }
        }
    }

    std::vector<ChosenSegment> cheapest() const {
        if (overlapping_) {
            return cut_overlapping(choices_, crossbars_);
        }
        SegmentTicks ticks;
        for (const auto& of_first : choices_) {
            ticks.emplace_back();
            for (const std::vector<SegmentTimes>& choice : of_first) {
                ticks.back().push_back(choice.empty() ? std::nullopt
                                                      : std::make_optional(ticks_after(nullptr, choice.front(), crossbars_)));
            }
        }
        std::vector<ChosenSegment> chosen;
        for (const int end : cut(ticks)) {
            chosen.push_back({end, crossbars_});
        }
        return chosen;
    }

    /// Leaves out all segments that hold places `first` .. `last` - 1.
    void leave_out(int first, int last) {
        for (int other = 0; other <= first; ++other) {
            choices_[at(other)].resize(std::min(choices_[at(other)].size(), at(last - other - 1)));
        }
    }

  private:
    std::int64_t crossbars_;
    bool overlapping_;
    SegmentChoices choices_;
};

void Cutter::cut_anew() {
    for (const Segment& segment : segments_) {
        for (std::size_t i = 0; i < segment.graph.nodes.size(); ++i) {
            if (segment.graph.nodes[i].kind == NodeKind::Conv) {
                convs_.push_back(producer_[at(segment.mapped[at(segment.graph.nodes[i].output)])]);
                tasks_.push_back(written_task(segment, i));
            }
        }
    }
    stays_ = may_stay(graph_);
    stages_ = all_stages();
    const std::vector<NodeId> cuts = possible_cuts();
    if (static_cast<int>(cuts.size()) - 1 > most_places) {
        return;
    }
    Costs costs(*this, cuts);
    // Whether a segment fits the memories shows when it is laid out. If not, the shortest that does not, and all that hold it, are left
    // out, and the rest is cut again.
    const auto shortest_too_large = [&](int first, int last) {
        int fitting = first;
        while (last - fitting > 1) {
            const int middle = fitting + (last - fitting) / 2;
            (attempt(cuts[at(first)], cuts[at(middle)]) ? fitting : last) = middle;
        }
        return last;
    };
    std::map<std::tuple<int, int, std::int64_t>, Segment> laid_out;
    for (int round = 0; round < most_rounds; ++round) {
        const std::vector<ChosenSegment> chosen = costs.cheapest();
        bool all_fit = !chosen.empty();
        int from = 0;
        for (const ChosenSegment& one : chosen) {
            if (laid_out.count({from, one.end, one.allowed}) == 0) {
                if (std::optional<Segment> segment = written_segment(cuts[at(from)], cuts[at(one.end)], one.allowed)) {
                    laid_out.emplace(std::make_tuple(from, one.end, one.allowed), std::move(*segment));
                } else {
                    all_fit = false;
                    costs.leave_out(from, shortest_too_large(from, one.end));
                }
            }
            from = one.end;
        }
        if (all_fit) {
            segments_.clear();
            from = 0;
            for (const ChosenSegment& one : chosen) {
                Segment& segment = laid_out.at({from, one.end, one.allowed});
                if (!segment.graph.nodes.empty()) {
                    segments_.push_back(std::move(segment));
                }
                from = one.end;
            }
            return;
        }
    }
}

}  // namespace cim::compiler

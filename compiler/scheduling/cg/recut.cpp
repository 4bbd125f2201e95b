// Where a network that does not fit the chip is cut, by what segments and their copies cost.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "compiler/ir/index.h"
#include "compiler/scheduling/cg/cutter.h"
#include "compiler/scheduling/cg/dependence.h"
#include "compiler/scheduling/vvm/remapping.h"

namespace cim::compiler {

namespace {
// A network in thousands of small pieces is slow however it is cut, and finding out what fits the memories could take hundreds of rounds.
constexpr int most_places = 2048;
constexpr int most_rounds = 16;
}  // namespace

hw::Ticks Cutter::worth_of(double picojoules) const {
    return cuts_ == Cuts::Frugal ? leaking_ticks(picojoules * 1e3, leakage_fj_) : 0;
}

hw::Ticks Cutter::moved_ticks(NodeId first, NodeId last) const {
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
    const auto bytes_of = [&](std::vector<TensorId>& moved) {
        std::sort(moved.begin(), moved.end());
        moved.erase(std::unique(moved.begin(), moved.end()), moved.end());
        std::int64_t bytes = 0;
        for (const TensorId id : moved) {
            bytes += graph_.tensors[at(id)].shape.count() * graph_.tensors[at(id)].element_bytes;
        }
        return bytes;
    };
    const std::int64_t in = bytes_of(taken);
    const std::int64_t out = bytes_of(left);
    const auto pj = [&](hw::Event event) { return event_pj_[static_cast<std::size_t>(event)]; };
    const hw::ChipSpec& chip = part_.machine.chip;
    return std::max(port_ticks(in + out, chip.external_memory.bandwidth, part_.machine.chip_clock),
                    port_ticks(2 * (in + out), chip.l0.bandwidth, part_.machine.chip_clock)) +
           worth_of(static_cast<double>(in) * pj(hw::Event::ExternalReadByte) +
                    static_cast<double>(out) * pj(hw::Event::ExternalWriteByte) +
                    static_cast<double>(in + out) * (pj(hw::Event::L0ReadByte) + pj(hw::Event::L0WriteByte)));
}

std::size_t Cutter::conv_from(NodeId node) const {
    return static_cast<std::size_t>(std::lower_bound(convs_.begin(), convs_.end(), node) - convs_.begin());
}

std::optional<SegmentCopies> Cutter::copies_in(NodeId first, NodeId last, std::int64_t crossbars) const {
    const std::size_t from = conv_from(first);
    return written_copies(tasks_.data() + from, conv_from(last) - from, crossbars, images());
}

std::optional<Segment> Cutter::written_segment(NodeId first, NodeId last) const {
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
        const std::optional<SegmentCopies> copies = copies_in(first, last, some);
        return copies ? ChosenCopies{copies->splits, copies->working / images()} : ChosenCopies{std::vector<Split>(nodes.size())};
    };
    lay_out_copies(*segment, nodes, choose);
    return segment;
}

std::vector<NodeId> Cutter::possible_cuts() const {
    std::set<NodeId> cuts(starts_.begin(), starts_.end());
    cuts.insert(convs_.begin(), convs_.end());
    cuts.insert({0, count()});
    return {cuts.begin(), cuts.end()};
}

std::optional<hw::Ticks> Cutter::ticks_of(NodeId first, NodeId last) const {
    const std::optional<SegmentCopies> copies = copies_in(first, last, crossbars());
    if (!copies) {
        return std::nullopt;
    }
    hw::Ticks end = 0;
    hw::Ticks lags = 0;
    const std::size_t from = conv_from(first);
    for (std::size_t i = 0; i < copies->splits.size(); ++i) {
        end = std::max(end, tasks_[from + i].write_end);
        lags += lag(tasks_[from + i].task, copies->splits[i]);
    }
    return copies->writing + end + lags + std::max(copies->working, images() * moved_ticks(first, last));
}

void Cutter::cut_anew() {
    for (const Segment& segment : segments_) {
        for (std::size_t i = 0; i < segment.graph.nodes.size(); ++i) {
            if (segment.graph.nodes[i].kind == NodeKind::Conv) {
                convs_.push_back(producer_[at(segment.mapped[at(segment.graph.nodes[i].output)])]);
                tasks_.push_back(written_task(segment, i));
            }
        }
    }
    const std::vector<NodeId> cuts = possible_cuts();
    const auto places = static_cast<int>(cuts.size()) - 1;
    if (places > most_places) {
        return;
    }
    SegmentTicks ticks(at(places));
    for (int first = 0; first < places; ++first) {
        const NodeId most = limit(cuts[at(first)]);
        for (int last = first + 1; last <= places && cuts[at(last)] <= most; ++last) {
            ticks[at(first)].push_back(ticks_of(cuts[at(first)], cuts[at(last)]));
        }
    }
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
    std::map<std::pair<int, int>, Segment> laid_out;
    for (int round = 0; round < most_rounds; ++round) {
        const std::vector<int> ends = cut(ticks);
        bool all_fit = !ends.empty();
        int from = 0;
        for (const int end : ends) {
            if (laid_out.count({from, end}) == 0) {
                if (std::optional<Segment> segment = written_segment(cuts[at(from)], cuts[at(end)])) {
                    laid_out.emplace(std::make_pair(from, end), std::move(*segment));
                } else {
                    all_fit = false;
                    const int too_large = shortest_too_large(from, end);
                    for (int first = 0; first <= from; ++first) {
                        ticks[at(first)].resize(std::min(ticks[at(first)].size(), at(too_large - first - 1)));
                    }
                }
            }
            from = end;
        }
        if (all_fit) {
            segments_.clear();
            from = 0;
            for (const int end : ends) {
                Segment& segment = laid_out.at({from, end});
                if (!segment.graph.nodes.empty()) {
                    segments_.push_back(std::move(segment));
                }
                from = end;
            }
            return;
        }
    }
}

}  // namespace cim::compiler

// Where a network that does not fit the chip is cut, by what segments and their copies cost.
#include <algorithm>
#include <set>

#include "compiler/ir/index.h"
#include "compiler/scheduling/cg/cutter.h"
#include "compiler/scheduling/cg/dependence.h"
#include "compiler/scheduling/vvm/remapping.h"

namespace cim::compiler {

hw::Ticks Cutter::moved_ticks(NodeId first, NodeId last) const {
    std::vector<TensorId> moved;
    for (NodeId i = first; i < last; ++i) {
        const QuantNode& node = graph_.nodes[at(i)];
        for (const TensorId input : node.inputs) {
            if (comes(input, first) == Comes::Before) {
                moved.push_back(input);
            }
        }
        if (!is_concat(i) && needed_after(node.output, last)) {
            moved.push_back(node.output);
        }
    }
    std::sort(moved.begin(), moved.end());
    moved.erase(std::unique(moved.begin(), moved.end()), moved.end());
    std::int64_t bytes = 0;
    for (const TensorId id : moved) {
        bytes += graph_.tensors[at(id)].shape.count() * graph_.tensors[at(id)].element_bytes;
    }
    const hw::ChipSpec& chip = part_->machine.chip;
    return std::max(port_ticks(bytes, chip.external_memory.bandwidth, part_->machine.chip_clock),
                    port_ticks(2 * bytes, chip.l0.bandwidth, part_->machine.chip_clock));
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
        return copies ? copies->splits : std::vector<Split>(nodes.size());
    };
    lay_out_copies(*segment, nodes, choose);
    return segment;
}

void Cutter::cut_anew() {
    std::set<NodeId> possible(starts_.begin(), starts_.end());  // cuts, and those in front of a Conv
    for (const Segment& segment : segments_) {
        for (std::size_t i = 0; i < segment.graph.nodes.size(); ++i) {
            if (segment.graph.nodes[i].kind == NodeKind::Conv) {
                const NodeId node = producer_[at(segment.mapped[at(segment.graph.nodes[i].output)])];
                convs_.push_back(node);
                tasks_.push_back(written_task(segment, i));
                possible.insert(tasks_.size() > 1 ? node : 0);
            }
        }
    }
    std::vector<NodeId> starts(possible.begin(), possible.end());
    std::vector<NodeId> limits;
    for (const NodeId first : starts) {
        limits.push_back(limit(first));
    }
    starts.push_back(count());
    const auto ticks = [&](int a, int b) -> std::optional<hw::Ticks> {
        const NodeId first = starts[at(a)];
        const NodeId last = starts[at(b)];
        const std::optional<SegmentCopies> copies = last <= limits[at(a)] ? copies_in(first, last, part_->crossbars()) : std::nullopt;
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
    };
    std::vector<Segment> segments;
    int from = 0;
    for (const int end : cut(static_cast<int>(starts.size()) - 1, ticks)) {
        std::optional<Segment> segment = written_segment(starts[at(from)], starts[at(end)]);
        if (!segment) {
            return;
        }
        segments.push_back(std::move(*segment));
        from = end;
    }
    if (!segments.empty()) {
        segments_ = std::move(segments);
    }
}

}  // namespace cim::compiler

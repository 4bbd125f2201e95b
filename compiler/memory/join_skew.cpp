#include "compiler/memory/join_skew.h"

#include <algorithm>

#include "compiler/mapping/reading.h"

namespace cim::compiler {

JoinSkew::Reach JoinSkew::reach(TensorId id) {
    if (const auto known = known_.find(id); known != known_.end()) {
        return known->second;
    }
    Reach result;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        const QuantNode& node = graph_.nodes[n];
        if (node.output != id) {
            continue;
        }
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
            const Reading r = reading_of(graph_, node, static_cast<int>(i));
            const Reach before = reach(node.inputs[i]);
            result.scale = i == 0 ? before.scale * r.stride_h : result.scale;
            result.offset = std::max(result.offset, before.offset + before.scale * (r.kernel_h - 1 - r.pad_top));
        }
        result.offset += result.scale * in_flight_[n];
    }
    return known_[id] = result;
}

int JoinSkew::ring_rows(const QuantNode& join, int input) {
    const Shape3& shape = graph_.tensors[static_cast<std::size_t>(join.inputs[static_cast<std::size_t>(input)])].shape;
    if (join.kind == NodeKind::Mul && shape.h == 1 && shape.w == 1) {
        return 2;  // rows are images
    }
    const Reach mine = reach(join.inputs[static_cast<std::size_t>(input)]);
    std::int64_t ahead = 0;
    for (const TensorId other : join.inputs) {
        ahead = std::max(ahead, (reach(other).offset - mine.offset + mine.scale - 1) / mine.scale);
    }
    return static_cast<int>(ahead) + 2;
}

}  // namespace cim::compiler

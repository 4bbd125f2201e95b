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
    const Reach mine = first_reach(join.inputs[static_cast<std::size_t>(input)], 0, shape.c);
    int ahead = 0;
    for (const TensorId other : join.inputs) {
        ahead = std::max(ahead, rows_between(mine, reach(other)));
    }
    return ahead + 2;
}

int JoinSkew::rows_apart(TensorId id, int c0, int c1) {
    const NodeId producer = producers_[static_cast<std::size_t>(id)];
    if (producer < 0 || graph_.nodes[static_cast<std::size_t>(producer)].kind != NodeKind::Concat) {
        return 0;
    }
    return rows_between(first_reach(id, c0, c1), reach(id));
}

JoinSkew::Reach JoinSkew::first_reach(TensorId id, int c0, int c1) {
    Reach first = reach(id);
    for (const ViewPart& part : view_of(graph_, producers_, id)) {
        if (part.c0 < c1 && part.c0 + graph_.tensors[static_cast<std::size_t>(part.tensor)].shape.c > c0) {
            const Reach own = reach(part.tensor);
            first = own.offset < first.offset ? own : first;
        }
    }
    return first;
}

int JoinSkew::rows_between(const Reach& from, const Reach& to) {
    return static_cast<int>((to.offset - from.offset + from.scale - 1) / from.scale);
}

}  // namespace cim::compiler

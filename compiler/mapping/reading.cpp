#include "compiler/mapping/reading.h"

#include <cstdint>

namespace cim::compiler {

Reading reading_of(const QuantGraph& graph, const QuantNode& node, int input) {
    const Shape3& in = graph.tensors[static_cast<std::size_t>(node.inputs[static_cast<std::size_t>(input)])].shape;
    const Shape3& out = graph.tensors[static_cast<std::size_t>(node.output)].shape;
    Reading r;
    r.h = in.h;
    r.w = in.w;
    r.c = in.c;
    r.oh = out.h;
    r.ow = out.w;
    if (node.kind == NodeKind::Mul && in.h == 1 && in.w == 1) {
        r.oh = r.ow = 1;  // read again for every position
    }
    if (input == 0 && (node.kind == NodeKind::Conv || node.kind == NodeKind::MaxPool || node.kind == NodeKind::AveragePool)) {
        r.taps_h = node.kernel_h;
        r.taps_w = node.kernel_w;
        r.dilation_h = node.dilation_h;
        r.dilation_w = node.dilation_w;
        r.kernel_h = (node.kernel_h - 1) * node.dilation_h + 1;
        r.kernel_w = (node.kernel_w - 1) * node.dilation_w + 1;
        r.stride_h = node.stride_h;
        r.stride_w = node.stride_w;
        r.pad_top = std::min(node.pad_top, r.padded_rows());
        r.pad_left = std::min(node.pad_left, r.padded_cols());
    }
    return r;
}

Grid whole_grid(const QuantGraph& graph, const QuantNode& node) {
    const Shape3& out = graph.tensors[static_cast<std::size_t>(node.output)].shape;
    return {0, 1, out.h, 0, out.w};
}

Reading reading_of(const QuantGraph& graph, const QuantNode& node, int input, const Grid& grid) {
    Reading r = reading_of(graph, node, input);
    const bool one_for_all = r.positions() == 1 && whole_grid(graph, node).positions() > 1;
    if (one_for_all) {
        return r;
    }
    r.y0 = grid.y0;
    r.dy = grid.dy;
    r.x0 = grid.x0;
    r.oh = grid.rows;
    r.ow = grid.cols;
    const int top = grid.y0 * r.stride_h - r.pad_top;
    const int left = grid.x0 * r.stride_w - r.pad_left;
    r.stride_h *= grid.dy;
    r.pad_top = std::clamp(-top, 0, r.padded_rows());
    r.skip_top = std::clamp(top, 0, r.h);
    r.pad_left = std::clamp(-left, 0, r.padded_cols());
    r.skip_left = std::clamp(left, 0, r.w);
    return r;
}

Reading Reading::without_rows_between() const {
    Reading r = *this;
    if (stride_h > kernel_h) {
        r.top = skip_top - pad_top;
        r.between = stride_h - kernel_h;
        r.stride_h = kernel_h;
        r.pad_top = r.rows_before(0);
    }
    return r;
}

bool adds_up_rows(const QuantGraph& graph, const QuantNode& node) {
    if (node.kind != NodeKind::AveragePool) {
        return false;
    }
    const Reading r = reading_of(graph, node);
    return r.whole() && r.h > 1 && r.h <= INT32_MAX / UINT8_MAX / r.w;  // sums have 32 bits
}

Reading landing_reading(const QuantGraph& graph, const QuantNode& node, int input, const Grid& grid) {
    Reading r = reading_of(graph, node, input, grid);
    if (adds_up_rows(graph, node)) {
        r.oh = r.h;
        r.taps_h = r.kernel_h = r.stride_h = 1;
    }
    return r;
}

bool rows_are_all_read(const QuantGraph& graph, TensorId id) {
    return std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const QuantNode& node) {
        if (std::find(node.inputs.begin(), node.inputs.end(), id) == node.inputs.end()) {
            return true;
        }
        const Reading r = reading_of(graph, node);
        return node.kind == NodeKind::Concat ? rows_are_all_read(graph, node.output) : r.dilation_h == 1 || r.stride_h == 1;
    });
}

}  // namespace cim::compiler

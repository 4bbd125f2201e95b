#include "compiler/mapping/reading.h"

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

}  // namespace cim::compiler

// Operators with a sliding window, and where their attributes are read.

#include <algorithm>

#include "compiler/frontend/lowering.h"
#include "compiler/ir/window.h"

namespace cim::compiler {
namespace {

constexpr std::int64_t largest_extent = 1 << 16;

/// Attribute `name` of `n` numbers between `lo` and 65536; `fallback` if it is not there.
std::vector<int> extents(const NodeView& node, const std::string& name, std::size_t n, std::int64_t lo, std::int64_t fallback) {
    const std::vector<std::int64_t> given = node.integers(name, std::vector<std::int64_t>(n, fallback));
    if (given.size() != n) {
        node.fail("attribute '" + name + "' has " + std::to_string(given.size()) + " numbers, two-dimensional windows have " +
                  std::to_string(n));
    }
    std::vector<int> out;
    for (const std::int64_t v : given) {
        if (v < lo || v > largest_extent) {
            node.fail("attribute '" + name + "': " + std::to_string(v) + " is out of range [" + std::to_string(lo) + ", " +
                      std::to_string(largest_extent) + "]");
        }
        out.push_back(static_cast<int>(v));
    }
    return out;
}

/// Padding that makes the output as large as input / stride, rounded up; the odd one at the end (upper) or at the beginning.
void same_padding(std::int64_t in, int kernel, int stride, int dilation, bool upper, int& begin, int& end) {
    const std::int64_t out = (in + stride - 1) / stride;
    const std::int64_t reach = static_cast<std::int64_t>(kernel - 1) * dilation + 1;
    const auto total = static_cast<int>(std::max<std::int64_t>(0, (out - 1) * stride + reach - in));
    begin = upper ? total / 2 : total - total / 2;
    end = total - begin;
}

/// Padding at the end that lets the last window, which sticks out, count; a window that would begin behind the input does not.
int ceil_padding(std::int64_t in, int kernel, int stride, int begin, int end, int dilation) {
    const std::int64_t reach = static_cast<std::int64_t>(kernel - 1) * dilation + 1;
    std::int64_t out = (in + begin + end - reach + stride - 1) / stride + 1;
    if ((out - 1) * stride >= in + begin) {
        --out;
    }
    return static_cast<int>(std::max<std::int64_t>(end, (out - 1) * stride + reach - in - begin));
}

}  // namespace

Window read_window(const NodeView& node, std::int64_t kernel_h, std::int64_t kernel_w, std::int64_t in_h, std::int64_t in_w, bool ceil) {
    if (kernel_h < 1 || kernel_w < 1 || kernel_h > largest_extent || kernel_w > largest_extent) {
        node.fail("a kernel of " + std::to_string(kernel_h) + "x" + std::to_string(kernel_w) + " is not possible");
    }
    Window w;
    w.kernel_h = static_cast<int>(kernel_h);
    w.kernel_w = static_cast<int>(kernel_w);
    const std::vector<int> strides = extents(node, "strides", 2, 1, 1);
    const std::vector<int> dilations = extents(node, "dilations", 2, 1, 1);
    const std::vector<int> pads = extents(node, "pads", 4, 0, 0);
    w.stride_h = strides[0];
    w.stride_w = strides[1];
    w.dilation_h = dilations[0];
    w.dilation_w = dilations[1];
    const std::string mode = node.text("auto_pad", "NOTSET");
    if (mode == "NOTSET") {
        w.pad_top = pads[0];
        w.pad_left = pads[1];
        w.pad_bottom = pads[2];
        w.pad_right = pads[3];
    } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
        const bool upper = mode == "SAME_UPPER";
        same_padding(in_h, w.kernel_h, w.stride_h, w.dilation_h, upper, w.pad_top, w.pad_bottom);
        same_padding(in_w, w.kernel_w, w.stride_w, w.dilation_w, upper, w.pad_left, w.pad_right);
    } else if (mode != "VALID") {
        node.fail("auto_pad '" + mode + "' does not exist (NOTSET, SAME_UPPER, SAME_LOWER, VALID)");
    }
    const auto too_large = [](std::int64_t in, int kernel, int dilation, int begin, int end) {
        return static_cast<std::int64_t>(kernel - 1) * dilation + 1 > in + begin + end;
    };
    if (too_large(in_h, w.kernel_h, w.dilation_h, w.pad_top, w.pad_bottom) ||
        too_large(in_w, w.kernel_w, w.dilation_w, w.pad_left, w.pad_right)) {
        node.fail("its kernel of " + std::to_string(kernel_h) + "x" + std::to_string(kernel_w) + " is larger than its padded input of " +
                  std::to_string(in_h + w.pad_top + w.pad_bottom) + "x" + std::to_string(in_w + w.pad_left + w.pad_right));
    }
    if (ceil) {
        w.pad_bottom = ceil_padding(in_h, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom, w.dilation_h);
        w.pad_right = ceil_padding(in_w, w.kernel_w, w.stride_w, w.pad_left, w.pad_right, w.dilation_w);
    }
    return w;
}

namespace {

/// Input of a pooling operator, a feature map.
ValueId map_input(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims& in = lowering.shape(input);
    if (in.size() != 4) {
        node.fail("its input has the shape " + to_string(in) + "; only two-dimensional pooling of NCHW tensors is supported");
    }
    return input;
}

/// A window that lies in the padding altogether has no maximum and no average.
void check_windows(const NodeView& node, const Window& w, const Dims& in) {
    if (w.pad_top > (w.kernel_h - 1) * w.dilation_h || w.pad_left > (w.kernel_w - 1) * w.dilation_w ||
        (output_h(w, in[2]) - 1) * w.stride_h - w.pad_top >= in[2] || (output_w(w, in[3]) - 1) * w.stride_w - w.pad_left >= in[3]) {
        node.fail("its padding is wider than its kernel");
    }
}

void emit_pool(Lowering& lowering, const NodeView& node, Node made) {
    const Dims in = lowering.shape(made.inputs[0]);
    const Dims out{in[0], in[1], output_h(made.window, in[2]), output_w(made.window, in[3])};
    lowering.emit(node, std::move(made), out);
}

/// Average or maximum over the whole map.
Node global_pool(const NodeView& node, ValueId input, const Dims& in) {
    Node made;
    made.op = node.type() == "GlobalMaxPool" || node.type() == "ReduceMax" ? Op::MaxPool : Op::AveragePool;
    made.inputs = {input};
    made.window.kernel_h = static_cast<int>(in[2]);
    made.window.kernel_w = static_cast<int>(in[3]);
    return made;
}

}  // namespace

void lower_max_pool(Lowering& lowering, const NodeView& node) {
    Node made;
    made.op = Op::MaxPool;
    made.inputs = {map_input(lowering, node)};
    const Dims in = lowering.shape(made.inputs[0]);
    if (node.integer("storage_order", 0) != 0) {
        node.fail("storage_order 1 is not supported");
    }
    const std::vector<int> kernel = extents(node, "kernel_shape", 2, 1, 0);
    made.window = read_window(node, kernel[0], kernel[1], in[2], in[3], node.integer("ceil_mode", 0) != 0);
    check_windows(node, made.window, in);
    emit_pool(lowering, node, std::move(made));
}

void lower_average_pool(Lowering& lowering, const NodeView& node) {
    Node made;
    made.op = Op::AveragePool;
    made.inputs = {map_input(lowering, node)};
    const Dims in = lowering.shape(made.inputs[0]);
    const std::vector<int> kernel = extents(node, "kernel_shape", 2, 1, 0);
    const bool ceil = node.integer("ceil_mode", 0) != 0;
    made.window = read_window(node, kernel[0], kernel[1], in[2], in[3], ceil);
    made.count_include_pad = node.integer("count_include_pad", 0) != 0;
    // What a window that sticks out of the padding is divided by, ONNX's versions and runtimes disagree about.
    if (ceil && made.count_include_pad && !(made.window == read_window(node, kernel[0], kernel[1], in[2], in[3], false))) {
        node.fail("count_include_pad with ceil_mode is not supported where the last window reaches beyond the padding");
    }
    check_windows(node, made.window, in);
    emit_pool(lowering, node, std::move(made));
}

void lower_global_pool(Lowering& lowering, const NodeView& node) {
    const ValueId input = map_input(lowering, node);
    emit_pool(lowering, node, global_pool(node, input, lowering.shape(input)));
}

void lower_reduce(Lowering& lowering, const NodeView& node) {
    const ValueId input = map_input(lowering, node);
    const Dims in = lowering.shape(input);
    std::vector<int> axes;
    for (const std::int64_t a : node.integers("axes", {})) {
        axes.push_back(node.axis(a, in.size()));
    }
    std::sort(axes.begin(), axes.end());
    if (axes != std::vector<int>{2, 3}) {
        node.fail("is supported only over the rows and columns of a feature map (axes 2 and 3)");
    }
    if (node.integer("keepdims", 1) != 0) {
        emit_pool(lowering, node, global_pool(node, input, in));
        return;
    }
    Node flat;
    flat.op = Op::Reshape;
    flat.inputs = {lowering.emit_part(node, global_pool(node, input, in), {in[0], in[1], 1, 1})};
    lowering.emit(node, std::move(flat), {in[0], in[1]});
}

void lower_pad(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims in = lowering.shape(input);
    std::vector<std::int64_t> pads = node.integers("pads", {});
    if (node.opset() >= 11) {
        const std::vector<const Constant*> constants = lowering.constants(node);
        if (constants.size() < 2 || constants[1] == nullptr || !constants[1]->is_integer()) {
            node.fail("its pads must be a constant of integers");
        }
        pads = constants[1]->integers();
    }
    if (pads.size() != 2 * in.size()) {
        node.fail("it has " + std::to_string(pads.size()) + " pads for a tensor of rank " + std::to_string(in.size()));
    }
    if (std::all_of(pads.begin(), pads.end(), [](std::int64_t p) { return p == 0; })) {
        lowering.alias(node, input);
        return;
    }
    float value = node.real("value", 0.0F);
    if (node.opset() >= 11 && lowering.has_input(node, 2)) {
        value = lowering.floats(node, 2, "value").data.at(0);
    }
    if (in.size() != 4 || node.text("mode", "constant") != "constant" || value != 0 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 ||
        pads[5] != 0 || std::any_of(pads.begin(), pads.end(), [](std::int64_t p) { return p < 0 || p > largest_extent; })) {
        node.fail("is supported only with zeros around the rows and columns of a feature map");
    }
    Node made;
    made.op = Op::Pad;
    made.inputs = {input};
    made.window.pad_top = static_cast<int>(pads[2]);
    made.window.pad_left = static_cast<int>(pads[3]);
    made.window.pad_bottom = static_cast<int>(pads[6]);
    made.window.pad_right = static_cast<int>(pads[7]);
    emit_pool(lowering, node, std::move(made));
}

}  // namespace cim::compiler

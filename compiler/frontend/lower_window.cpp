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

void lower_max_pool(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims in = lowering.shape(input);
    if (in.size() != 4) {
        node.fail("its input has the shape " + to_string(in) + "; only two-dimensional pooling of NCHW tensors is supported");
    }
    if (node.integer("storage_order", 0) != 0) {
        node.fail("storage_order 1 is not supported");
    }
    const std::vector<int> kernel = extents(node, "kernel_shape", 2, 1, 0);
    Node made;
    made.op = Op::MaxPool;
    made.inputs = {input};
    made.window = read_window(node, kernel[0], kernel[1], in[2], in[3], node.integer("ceil_mode", 0) != 0);
    const Window& w = made.window;
    // A window that lies in the padding altogether has no maximum.
    if (w.pad_top > (w.kernel_h - 1) * w.dilation_h || w.pad_left > (w.kernel_w - 1) * w.dilation_w ||
        (output_h(w, in[2]) - 1) * w.stride_h - w.pad_top >= in[2] || (output_w(w, in[3]) - 1) * w.stride_w - w.pad_left >= in[3]) {
        node.fail("its padding is wider than its kernel");
    }
    const Dims out{in[0], in[1], output_h(w, in[2]), output_w(w, in[3])};
    lowering.emit(node, std::move(made), out);
}

void lower_global_average_pool(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims in = lowering.shape(input);
    if (in.size() != 4) {
        node.fail("its input has the shape " + to_string(in) + "; only two-dimensional pooling of NCHW tensors is supported");
    }
    Node made;
    made.op = Op::GlobalAveragePool;
    made.inputs = {input};
    lowering.emit(node, std::move(made), {in[0], in[1], 1, 1});
}

}  // namespace cim::compiler

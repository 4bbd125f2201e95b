// Operators with a matrix of weights: they become Conv and Gemm.

#include <algorithm>
#include <cmath>

#include "compiler/frontend/lowering.h"
#include "compiler/ir/window.h"

namespace cim::compiler {
namespace {

std::vector<float> bias_or_zeros(Lowering& lowering, const NodeView& node, std::size_t input, std::int64_t channels) {
    if (!lowering.has_input(node, input)) {
        return std::vector<float>(static_cast<std::size_t>(channels), 0.0F);
    }
    FloatTensor bias = lowering.floats(node, input, "bias");
    if (bias.data.size() == 1) {
        return std::vector<float>(static_cast<std::size_t>(channels), bias.data[0]);
    }
    if (count(bias.shape) != channels || bias.shape.back() != channels) {
        node.fail("its bias has the shape " + to_string(bias.shape) + " for " + std::to_string(channels) + " output channels");
    }
    return std::move(bias.data);
}

FloatTensor transposed(const FloatTensor& matrix) {
    const std::int64_t rows = matrix.shape[0];
    const std::int64_t cols = matrix.shape[1];
    FloatTensor result{{cols, rows}, std::vector<float>(matrix.data.size())};
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t c = 0; c < cols; ++c) {
            result.data[static_cast<std::size_t>(c * rows + r)] = matrix.data[static_cast<std::size_t>(r * cols + c)];
        }
    }
    return result;
}

/// Weight matrix as [outputs, inputs], checked against the input [M, K].
FloatTensor gemm_weight(Lowering& lowering, const NodeView& node, const Dims& in, bool outputs_first) {
    if (in.size() != 2) {
        node.fail("its input has the shape " + to_string(in) + "; only matrices (rank 2) are supported");
    }
    FloatTensor weight = lowering.floats(node, 1, "weight");
    if (weight.shape.size() != 2) {
        node.fail("its weight has the shape " + to_string(weight.shape) + "; it must be a matrix");
    }
    if (!outputs_first) {
        weight = transposed(weight);
    }
    if (weight.shape[1] != in[1] || weight.shape[0] < 1) {
        node.fail("an input of shape " + to_string(in) + " does not fit a weight for " + std::to_string(weight.shape[1]) + " inputs and " +
                  std::to_string(weight.shape[0]) + " outputs");
    }
    return weight;
}

}  // namespace

void lower_conv(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims in = lowering.shape(input);
    if (in.size() != 4) {
        node.fail("its input has the shape " + to_string(in) + "; only two-dimensional convolution of NCHW tensors is supported");
    }
    Node made;
    made.op = Op::Conv;
    made.inputs = {input};
    made.weight = lowering.floats(node, 1, "weight");
    const Dims& shape = made.weight.shape;
    const std::int64_t groups = node.integer("group", 1);
    if (groups < 1 || in[1] % groups != 0) {
        node.fail("group = " + std::to_string(groups) + " does not divide the " + std::to_string(in[1]) + " channels of its input");
    }
    if (shape.size() != 4 || shape[1] != in[1] / groups || shape[0] < 1 || shape[0] % groups != 0) {
        node.fail("a weight of shape " + to_string(shape) + (groups > 1 ? " in " + std::to_string(groups) + " groups" : "") +
                  " does not fit an input of shape " + to_string(in));
    }
    made.groups = static_cast<int>(groups);
    const std::vector<std::int64_t> kernel = node.integers("kernel_shape", {shape[2], shape[3]});
    if (kernel != std::vector<std::int64_t>{shape[2], shape[3]}) {
        node.fail("kernel_shape " + to_string(kernel) + " contradicts its weight of shape " + to_string(shape));
    }
    made.window = read_window(node, shape[2], shape[3], in[2], in[3], false);
    made.bias = bias_or_zeros(lowering, node, 2, shape[0]);
    const Dims out{in[0], shape[0], output_h(made.window, in[2]), output_w(made.window, in[3])};
    lowering.emit(node, std::move(made), out);
}

void lower_gemm(Lowering& lowering, const NodeView& node) {
    if (node.integer("transA", 0) != 0) {
        node.fail("transA = 1 is not supported");
    }
    const ValueId input = lowering.computed(node, 0);
    const Dims in = lowering.shape(input);
    Node made;
    made.op = Op::Gemm;
    made.inputs = {input};
    made.weight = gemm_weight(lowering, node, in, node.integer("transB", 0) != 0);
    made.bias = bias_or_zeros(lowering, node, 2, made.weight.shape[0]);
    const float alpha = node.real("alpha", 1.0F);
    const float beta = node.real("beta", 1.0F);
    if (alpha != 1.0F) {
        for (float& w : made.weight.data) {
            w *= alpha;
        }
    }
    for (float& b : made.bias) {
        b *= beta;
    }
    node.check_finite(made.weight.data);
    node.check_finite(made.bias);
    const Dims out{in[0], made.weight.shape[0]};
    lowering.emit(node, std::move(made), out);
}

void lower_matmul(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims in = lowering.shape(input);
    Node made;
    made.op = Op::Gemm;
    made.inputs = {input};
    made.weight = gemm_weight(lowering, node, in, false);
    made.bias.assign(static_cast<std::size_t>(made.weight.shape[0]), 0.0F);
    const Dims out{in[0], made.weight.shape[0]};
    lowering.emit(node, std::move(made), out);
}

}  // namespace cim::compiler

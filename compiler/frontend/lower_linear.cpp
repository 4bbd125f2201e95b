// Operators with weights: they become Conv, Gemm, Affine and Add.

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

/// A constant as one factor or summand a channel (dimension 1) of a tensor of shape `in`.
std::vector<float> per_channel(const NodeView& node, const FloatTensor& constant, const Dims& in) {
    const std::int64_t channels = in.size() > 1 ? in[1] : 1;
    if (constant.data.size() == 1 && constant.shape.size() <= in.size()) {
        return std::vector<float>(static_cast<std::size_t>(channels), constant.data[0]);
    }
    const std::size_t from_end = in.size() > 1 ? in.size() - 1 : 1;  // dimension 1 counted from the end
    const std::size_t rank = constant.shape.size();
    if (rank < from_end || rank > in.size() || count(constant.shape) != channels || constant.shape[rank - from_end] != channels) {
        node.fail("a constant of shape " + to_string(constant.shape) + " for a tensor of shape " + to_string(in) +
                  ": only one value a channel is supported");
    }
    return constant.data;
}

void check_finite(const NodeView& node, const std::vector<float>& values) {
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
        node.fail("its constants give values that are not finite");
    }
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
    if (node.integer("group", 1) != 1) {
        node.fail("group = " + std::to_string(node.integer("group", 1)) + " is not supported (1 is)");
    }
    if (shape.size() != 4 || shape[1] != in[1] || shape[0] < 1) {
        node.fail("a weight of shape " + to_string(shape) + " does not fit an input of shape " + to_string(in));
    }
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
    check_finite(node, made.weight.data);
    check_finite(node, made.bias);
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

void lower_batch_norm(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims in = lowering.shape(input);
    if (node.integer("training_mode", 0) != 0 || node.integer("spatial", 1) == 0) {
        node.fail("training_mode = 1 and spatial = 0 are not supported");
    }
    if (node.opset() < 7 && node.integer("is_test", 0) == 0) {
        node.fail("is_test = 0 is not supported");
    }
    if (in.size() < 2) {
        node.fail("its input has the shape " + to_string(in) + ", which has no channels");
    }
    const char* const names[] = {"", "scale", "bias", "mean", "variance"};
    std::vector<std::vector<float>> parts(5);
    for (std::size_t i = 1; i < 5; ++i) {
        FloatTensor part = lowering.floats(node, i, names[i]);
        if (part.shape != Dims{in[1]}) {
            node.fail(std::string("its ") + names[i] + " has the shape " + to_string(part.shape) + " for " + std::to_string(in[1]) +
                      " channels");
        }
        parts[i] = std::move(part.data);
    }
    const float epsilon = node.real("epsilon", 1e-5F);
    Node made;
    made.op = Op::Affine;
    made.inputs = {input};
    made.weight.shape = {in[1]};
    for (std::size_t c = 0; c < parts[1].size(); ++c) {
        const double factor = parts[1][c] / std::sqrt(static_cast<double>(parts[4][c]) + epsilon);
        made.weight.data.push_back(static_cast<float>(factor));
        made.bias.push_back(static_cast<float>(parts[2][c] - parts[3][c] * factor));
    }
    check_finite(node, made.weight.data);
    check_finite(node, made.bias);
    lowering.emit(node, std::move(made), in);
}

void lower_arithmetic(Lowering& lowering, const NodeView& node) {
    const std::string& type = node.type();
    const bool first_constant = lowering.is_constant(node, 0);
    if (!first_constant && !lowering.is_constant(node, 1)) {
        const ValueId a = lowering.computed(node, 0);
        const ValueId b = lowering.computed(node, 1);
        if (type != "Add") {
            node.fail("of two computed tensors is not supported (Add is)");
        }
        if (lowering.shape(a) != lowering.shape(b)) {
            node.fail("of shapes " + to_string(lowering.shape(a)) + " and " + to_string(lowering.shape(b)) +
                      ": computed tensors must have the same shape");
        }
        Node made;
        made.op = Op::Add;
        made.inputs = {a, b};
        lowering.emit(node, std::move(made), lowering.shape(a));
        return;
    }
    const ValueId input = lowering.computed(node, first_constant ? 1 : 0);
    const Dims in = lowering.shape(input);
    FloatTensor given = lowering.floats(node, first_constant ? 0 : 1, "constant");
    if (node.opset() < 7 && node.has("axis")) {  // then the second input's first dimension lies at `axis` of the first input
        const auto used = static_cast<std::size_t>(node.axis(node.integer("axis", 0), in.size())) + given.shape.size();
        given.shape.insert(given.shape.end(), in.size() > used ? in.size() - used : 0, 1);
    }
    std::vector<float> constant = per_channel(node, given, in);
    Node made;
    made.op = Op::Affine;
    made.inputs = {input};
    made.weight = {{static_cast<std::int64_t>(constant.size())}, std::vector<float>(constant.size(), 1.0F)};
    made.bias.assign(constant.size(), 0.0F);
    if (type == "Add") {
        made.bias = std::move(constant);
    } else if (type == "Mul") {
        made.weight.data = std::move(constant);
    } else if (type == "Sub") {
        for (std::size_t c = 0; c < constant.size(); ++c) {
            made.weight.data[c] = first_constant ? -1.0F : 1.0F;
            made.bias[c] = first_constant ? constant[c] : -constant[c];
        }
    } else {
        if (first_constant) {
            node.fail("by a computed tensor is not supported");
        }
        for (std::size_t c = 0; c < constant.size(); ++c) {
            made.weight.data[c] = 1.0F / constant[c];
        }
    }
    check_finite(node, made.weight.data);
    lowering.emit(node, std::move(made), in);
}

}  // namespace cim::compiler

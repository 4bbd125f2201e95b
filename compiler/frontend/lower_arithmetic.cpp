// Arithmetic on two tensors, one of which may be constant, and batch normalisation: they become Affine, Add and Mul.

#include <algorithm>
#include <cmath>

#include "compiler/frontend/lowering.h"

namespace cim::compiler {
namespace {

/// One value a channel: [N, C, 1, 1] for [N, C, H, W].
bool is_channel_vector(const Dims& shape, const Dims& of) {
    return shape.size() > 2 && shape.size() == of.size() && shape[0] == of[0] && shape[1] == of[1] &&
           std::all_of(shape.begin() + 2, shape.end(), [](std::int64_t d) { return d == 1; });
}

ValueId emit_function(Lowering& lowering, const NodeView& node, const char* function, ValueId input) {
    Node made;
    made.op = Op::Unary;
    made.inputs = {input};
    made.steps = {{find_unary(function), 0, 0, false}};
    return lowering.emit_part(node, std::move(made), Dims(lowering.shape(input)));
}

void lower_two_computed(Lowering& lowering, const NodeView& node) {
    ValueId a = lowering.computed(node, 0);
    ValueId b = lowering.computed(node, 1);
    if (node.type() == "Div") {
        node.fail("by a computed tensor is not supported");
    }
    const bool product = node.type() == "Mul";
    if (product && is_channel_vector(lowering.shape(a), lowering.shape(b))) {
        std::swap(a, b);
    }
    const Dims shape = lowering.shape(a);
    if (lowering.shape(b) != shape && !(product && is_channel_vector(lowering.shape(b), shape))) {
        node.fail("of shapes " + to_string(shape) + " and " + to_string(lowering.shape(b)) + ": computed tensors must have the same shape" +
                  (product ? ", or one of them one value a channel" : ""));
    }
    if (node.type() == "Sub") {
        b = emit_function(lowering, node, "Neg", b);
    }
    Node made;
    made.op = product ? Op::Mul : Op::Add;
    made.inputs = {a, b};
    lowering.emit(node, std::move(made), shape);
}

}  // namespace

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
    node.check_finite(made.weight.data);
    node.check_finite(made.bias);
    lowering.emit(node, std::move(made), in);
}

void lower_arithmetic(Lowering& lowering, const NodeView& node) {
    const std::string& type = node.type();
    const bool first_constant = lowering.is_constant(node, 0);
    if (!first_constant && !lowering.is_constant(node, 1)) {
        lower_two_computed(lowering, node);
        return;
    }
    ValueId input = lowering.computed(node, first_constant ? 1 : 0);
    const Dims in = lowering.shape(input);
    FloatTensor given = lowering.floats(node, first_constant ? 0 : 1, "constant");
    if (node.opset() < 7 && node.has("axis")) {  // then the second input's first dimension lies at `axis` of the first input
        const auto used = static_cast<std::size_t>(node.axis(node.integer("axis", 0), in.size())) + given.shape.size();
        given.shape.insert(given.shape.end(), in.size() > used ? in.size() - used : 0, 1);
    }
    std::vector<float> constant = per_channel(node, given, in);
    Node made;
    made.op = Op::Affine;
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
    } else if (first_constant) {
        input = emit_function(lowering, node, "Reciprocal", input);
        made.weight.data = std::move(constant);
    } else {
        for (std::size_t c = 0; c < constant.size(); ++c) {
            made.weight.data[c] = 1.0F / constant[c];
        }
    }
    made.inputs = {input};
    node.check_finite(made.weight.data);
    lowering.emit(node, std::move(made), in);
}

void lower_sum(Lowering& lowering, const NodeView& node) {
    const std::size_t n = node.raw().inputs.size();
    ValueId sum = lowering.computed(node, 0);
    const Dims shape = lowering.shape(sum);
    for (std::size_t i = 1; i < n; ++i) {
        Node made;
        made.op = Op::Add;
        made.inputs = {sum, lowering.computed(node, i)};
        if (lowering.shape(made.inputs[1]) != shape) {
            node.fail("of shapes " + to_string(shape) + " and " + to_string(lowering.shape(made.inputs[1])) +
                      ": computed tensors must have the same shape");
        }
        if (i + 1 == n) {
            lowering.emit(node, std::move(made), shape);
            return;
        }
        sum = lowering.emit_part(node, std::move(made), shape);
    }
    lowering.alias(node, sum);
}

}  // namespace cim::compiler

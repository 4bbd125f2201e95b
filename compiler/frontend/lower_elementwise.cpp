// Operators of one tensor that keep the elements' places.

#include <cmath>
#include <limits>

#include "compiler/frontend/constant_folding.h"
#include "compiler/frontend/lowering.h"

namespace cim::compiler {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// The constant input i, which must be one number.
float number(Lowering& lowering, const NodeView& node, std::size_t i, const char* what) {
    const Constant* given = lowering.is_constant(node, i) ? lowering.constants(node)[i] : nullptr;
    if (given != nullptr && given->is_integer() && given->size() == 1) {
        return static_cast<float>(given->integers()[0]);
    }
    const FloatTensor constant = lowering.floats(node, i, what);
    if (constant.data.size() != 1) {
        node.fail(std::string("its ") + what + " must be one number");
    }
    return constant.data[0];
}

/// Bound of Clip: an attribute up to opset 10, an input from 11 on.
float clip_bound(Lowering& lowering, const NodeView& node, const char* attribute, std::size_t input, float fallback) {
    if (node.opset() < 11) {
        return node.real(attribute, fallback);
    }
    return lowering.has_input(node, input) ? number(lowering, node, input, attribute) : fallback;
}

void emit_elementwise(Lowering& lowering, const NodeView& node, Node made) {
    const Dims shape = lowering.shape(made.inputs[0]);
    lowering.emit(node, std::move(made), shape);
}

}  // namespace

void lower_clip(Lowering& lowering, const NodeView& node) {
    Node made;
    made.op = Op::Clip;
    made.inputs = {lowering.computed(node, 0)};
    made.lo = 0;
    made.hi = infinity;
    if (node.type() == "Clip") {
        made.lo = clip_bound(lowering, node, "min", 1, -infinity);
        made.hi = clip_bound(lowering, node, "max", 2, infinity);
    }
    if (!(made.lo <= made.hi)) {
        node.fail("its min is above its max");
    }
    emit_elementwise(lowering, node, std::move(made));
}

void lower_extremum(Lowering& lowering, const NodeView& node) {
    const bool first_constant = lowering.is_constant(node, 0);
    if (node.raw().inputs.size() != 2 || (!first_constant && !lowering.is_constant(node, 1))) {
        node.fail("is supported only of a computed tensor and one constant number");
    }
    Node made;
    made.op = Op::Clip;
    made.inputs = {lowering.computed(node, first_constant ? 1 : 0)};
    const float bound = number(lowering, node, first_constant ? 0 : 1, "constant");
    made.lo = node.type() == "Max" ? bound : -infinity;
    made.hi = node.type() == "Max" ? infinity : bound;
    emit_elementwise(lowering, node, std::move(made));
}

void lower_prelu(Lowering& lowering, const NodeView& node) {
    Node made;
    made.op = Op::PRelu;
    made.inputs = {lowering.computed(node, 0)};
    if (node.type() == "LeakyRelu") {
        made.weight = {{1}, {node.real("alpha", 0.01F)}};
    } else {
        const Dims in = lowering.shape(made.inputs[0]);
        FloatTensor slope = lowering.floats(node, 1, "slope");
        if (slope.data.size() == 1) {
            made.weight = {{1}, {slope.data[0]}};
        } else {
            // Before opset 7 a slope of one dimension means the channels.
            if (node.opset() < 7 && slope.shape.size() == 1 && in.size() > 2) {
                slope.shape.insert(slope.shape.end(), in.size() - 2, 1);
            }
            made.weight.data = per_channel(node, slope, in);
            made.weight.shape = {static_cast<std::int64_t>(made.weight.data.size())};
        }
    }
    emit_elementwise(lowering, node, std::move(made));
}

void lower_unary(Lowering& lowering, const NodeView& node) {
    Node made;
    made.op = Op::Unary;
    made.inputs = {lowering.computed(node, 0)};
    made.steps = {unary_step(node)};
    emit_elementwise(lowering, node, std::move(made));
}

void lower_pow(Lowering& lowering, const NodeView& node) {
    Node made;
    made.op = Op::Unary;
    made.inputs = {lowering.computed(node, 0)};
    made.steps = {{find_unary("Pow"), number(lowering, node, 1, "exponent"), 0, false}};
    emit_elementwise(lowering, node, std::move(made));
}

void lower_softmax(Lowering& lowering, const NodeView& node) {
    Node made;
    made.op = Op::Softmax;
    made.inputs = {lowering.computed(node, 0)};
    const Dims shape = lowering.shape(made.inputs[0]);
    // Up to opset 12 the tensor is made a matrix at the axis and each row is one distribution.
    made.axis_to_end = node.opset() < 13;
    made.axis = node.axis(node.integer("axis", made.axis_to_end ? 1 : -1), shape.size());
    lowering.emit(node, std::move(made), shape);
}

}  // namespace cim::compiler

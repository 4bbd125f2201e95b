// Operators without weights that keep the elements' places.

#include <limits>

#include "compiler/frontend/constant_folding.h"
#include "compiler/frontend/lowering.h"

namespace cim::compiler {
namespace {

/// Bound of Clip: an attribute up to opset 10, an input from 11 on.
float clip_bound(Lowering& lowering, const NodeView& node, const char* attribute, std::size_t input, float fallback) {
    if (node.opset() < 11) {
        return node.real(attribute, fallback);
    }
    if (!lowering.has_input(node, input)) {
        return fallback;
    }
    const FloatTensor bound = lowering.floats(node, input, attribute);
    if (bound.data.size() != 1) {
        node.fail(std::string("its ") + attribute + " must be one number");
    }
    return bound.data[0];
}

}  // namespace

void lower_unary(Lowering& lowering, const NodeView& node) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    Node made;
    made.inputs = {lowering.computed(node, 0)};
    if (node.type() == "Relu") {
        made.op = Op::Clip;
        made.lo = 0;
        made.hi = infinity;
    } else if (node.type() == "Clip") {
        made.op = Op::Clip;
        made.lo = clip_bound(lowering, node, "min", 1, -infinity);
        made.hi = clip_bound(lowering, node, "max", 2, infinity);
        if (!(made.lo <= made.hi)) {
            node.fail("its min is above its max");
        }
    } else if (node.type() == "LeakyRelu") {
        made.op = Op::LeakyRelu;
        made.alpha = node.real("alpha", 0.01F);
    } else {
        made.op = node.type() == "Sigmoid" ? Op::Sigmoid : Op::Tanh;
    }
    const Dims shape = lowering.shape(made.inputs[0]);
    lowering.emit(node, std::move(made), shape);
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

void lower_reshape(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims from = lowering.shape(input);
    const Dims to = reshaped(node, from, lowering.constants(node));
    if (to == from) {
        lowering.alias(node, input);
        return;
    }
    Node made;
    made.op = Op::Reshape;
    made.inputs = {input};
    lowering.emit(node, std::move(made), to);
}

void lower_identity(Lowering& lowering, const NodeView& node) {
    if (node.type() == "Cast" && node.integer("to", 0) != 1) {
        node.fail("of a computed tensor is supported to float only");
    }
    if (node.type() == "Dropout" && lowering.has_input(node, 2)) {
        const Constant* training = lowering.constants(node)[2];
        if (training == nullptr || !training->is_integer() || training->size() != 1 || training->integers()[0] != 0) {
            node.fail("in training mode is not supported");
        }
    }
    lowering.alias(node, lowering.computed(node, 0));
}

}  // namespace cim::compiler

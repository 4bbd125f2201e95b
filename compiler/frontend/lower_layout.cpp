// Operators that change shapes and places of elements, but no values.

#include <set>

#include "compiler/frontend/constant_folding.h"
#include "compiler/frontend/lowering.h"

namespace cim::compiler {

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

void lower_transpose(Lowering& lowering, const NodeView& node) {
    const ValueId input = lowering.computed(node, 0);
    const Dims in = lowering.shape(input);
    std::vector<std::int64_t> order(in.size());
    for (std::size_t d = 0; d < in.size(); ++d) {
        order[d] = static_cast<std::int64_t>(in.size() - 1 - d);
    }
    order = node.integers("perm", order);
    Node made;
    made.op = Op::Transpose;
    made.inputs = {input};
    Dims out;
    for (const std::int64_t d : order) {
        made.order.push_back(node.axis(d, in.size()));
        out.push_back(in[static_cast<std::size_t>(made.order.back())]);
    }
    if (out.size() != in.size() || std::set<int>(made.order.begin(), made.order.end()).size() != in.size()) {
        node.fail("perm is no permutation of " + std::to_string(in.size()) + " dimensions");
    }
    // Where only dimensions of size 1 change places, no element does.
    int last = -1;
    bool moves = false;
    for (const int d : made.order) {
        if (in[static_cast<std::size_t>(d)] != 1) {
            moves = moves || d < last;
            last = d;
        }
    }
    if (!moves && out == in) {
        lowering.alias(node, input);
        return;
    }
    if (!moves) {
        made.op = Op::Reshape;
    }
    lowering.emit(node, std::move(made), out);
}

void lower_concat(Lowering& lowering, const NodeView& node) {
    Node made;
    made.op = Op::Concat;
    Dims out;
    for (std::size_t i = 0; i < node.raw().inputs.size(); ++i) {
        made.inputs.push_back(lowering.computed(node, i));
        const Dims in = lowering.shape(made.inputs.back());
        if (i == 0) {
            made.axis = node.axis(node.integer("axis", 1), in.size());
            out = in;
            continue;
        }
        Dims rest = in;
        const auto axis = static_cast<std::size_t>(made.axis);
        if (rest.size() == out.size()) {
            rest[axis] = out[axis];
        }
        if (rest != out) {
            node.fail("inputs of shapes " + to_string(lowering.shape(made.inputs[0])) + " and " + to_string(in) + " do not fit together");
        }
        out[axis] += in[axis];
    }
    if (made.inputs.size() == 1) {
        lowering.alias(node, made.inputs[0]);
        return;
    }
    lowering.emit(node, std::move(made), out);
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

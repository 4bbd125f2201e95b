// The operators that change nothing but the shape.

#include <set>

#include "compiler/frontend/constant_folding.h"

namespace cim::compiler {
namespace {

const std::vector<std::int64_t>& integer_input(const NodeView& node, const std::vector<const Constant*>& inputs, std::size_t index,
                                               const char* what) {
    if (index >= inputs.size() || inputs[index] == nullptr || !inputs[index]->is_integer()) {
        node.fail(std::string(what) + " must be a constant of integers");
    }
    return inputs[index]->integers();
}

/// Axes of Squeeze and Unsqueeze: an attribute up to opset 12, an input from 13 on.
std::vector<std::int64_t> axes_of(const NodeView& node, const std::vector<const Constant*>& inputs) {
    if (node.opset() < 13) {
        return node.integers("axes", {});
    }
    return inputs.size() > 1 ? integer_input(node, inputs, 1, "axes") : std::vector<std::int64_t>{};
}

Dims squeezed(const NodeView& node, const Dims& from, const std::vector<const Constant*>& inputs) {
    std::set<int> axes;
    for (const std::int64_t a : axes_of(node, inputs)) {
        axes.insert(node.axis(a, from.size()));
    }
    Dims to;
    for (std::size_t d = 0; d < from.size(); ++d) {
        const bool drop = axes.empty() ? from[d] == 1 : axes.count(static_cast<int>(d)) != 0;
        if (drop && from[d] != 1) {
            node.fail("dimension " + std::to_string(d) + " of " + to_string(from) + " is not 1");
        }
        if (!drop) {
            to.push_back(from[d]);
        }
    }
    return to;
}

Dims unsqueezed(const NodeView& node, const Dims& from, const std::vector<const Constant*>& inputs) {
    const std::vector<std::int64_t> given = axes_of(node, inputs);
    const std::size_t rank = from.size() + given.size();
    if (rank > 16) {
        node.fail("the result has more than 16 dimensions");
    }
    std::set<int> axes;
    for (const std::int64_t a : given) {
        if (!axes.insert(node.axis(a, rank)).second) {
            node.fail("axis " + std::to_string(a) + " is given twice");
        }
    }
    Dims to;
    auto next = from.begin();
    for (std::size_t d = 0; d < rank; ++d) {
        to.push_back(axes.count(static_cast<int>(d)) != 0 ? 1 : *next++);
    }
    return to;
}

Dims given_shape(const NodeView& node, const Dims& from, const std::vector<const Constant*>& inputs) {
    Dims to = integer_input(node, inputs, 1, "the shape");
    const bool zero_is_zero = node.integer("allowzero", 0) != 0;
    const std::string wish = to_string(to);
    int open = -1;
    for (std::size_t d = 0; d < to.size(); ++d) {
        if (to[d] == 0 && !zero_is_zero) {
            if (d >= from.size()) {
                node.fail("shape " + wish + " copies dimension " + std::to_string(d) + " of " + to_string(from) + ", which has none");
            }
            to[d] = from[d];
        } else if (to[d] == -1 && open < 0) {
            open = static_cast<int>(d);
            to[d] = 1;
        }
    }
    const std::int64_t have = count(from);
    const std::int64_t want = checked_count(to, std::int64_t{1} << 62U);
    if (open >= 0 && want > 0 && have % want == 0) {
        to[static_cast<std::size_t>(open)] = have / want;
    } else if (want != have || open >= 0) {
        node.fail("a tensor of shape " + to_string(from) + " cannot take the shape " + wish);
    }
    return to;
}

}  // namespace

Dims reshaped(const NodeView& node, const Dims& from, const std::vector<const Constant*>& inputs) {
    if (node.type() == "Squeeze") {
        return squeezed(node, from, inputs);
    }
    if (node.type() == "Unsqueeze") {
        return unsqueezed(node, from, inputs);
    }
    if (node.type() == "Flatten") {
        const int axis = node.axis(node.integer("axis", 1), from.size(), true);
        const Dims front(from.begin(), from.begin() + axis);
        const Dims back(from.begin() + axis, from.end());
        return {count(front), count(back)};
    }
    return given_shape(node, from, inputs);
}

}  // namespace cim::compiler

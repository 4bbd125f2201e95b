#pragma once
// Evaluates the operators with which exporters compute shapes and constants: all inputs known, nothing about it is left in the network.

#include <optional>
#include <vector>

#include "compiler/frontend/node_view.h"
#include "compiler/ir/unary.h"

namespace cim::compiler {

/// True for the operator types that fold_constants knows.
bool is_foldable(const std::string& type);

/// Result of a foldable node whose inputs are all constant (null: left out). A result of more than `limit` elements is an error.
Constant fold_constants(const NodeView& node, const std::vector<const Constant*>& inputs, std::int64_t limit);

/// Sum, difference, product or quotient (by the node's type) of two constants, broadcast.
Constant combine_constants(const NodeView& node, const Constant& a, const Constant& b, std::int64_t limit);

/// Shape of the result of Reshape, Flatten, Squeeze or Unsqueeze of a tensor of shape `from`; `inputs` as above, where inputs[0] may
/// be null.
Dims reshaped(const NodeView& node, const Dims& from, const std::vector<const Constant*>& inputs);

/// The function and attributes of a node whose type ir/unary.h knows.
UnaryStep unary_step(const NodeView& node);

/// Result of operator Shape on a tensor of this shape.
Constant shape_constant(const NodeView& node, const Dims& shape);

}  // namespace cim::compiler

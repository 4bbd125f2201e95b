#pragma once
// Names in a program: a network may name its nodes and tensors as it likes ("/conv1/Conv", "42", "Identity:0"), a program may not.

#include <string>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "isa/program.h"

namespace cim::compiler {

/// What buffers, counters, weights and flows of each node or tensor are called after. A name that a program can have stays (isa::is_name);
/// any other is the one most like it, with a number behind where that is taken.
template <typename Things>
std::vector<std::string> labels_of(const Things& things);

/// Operators of the program: one for each node, with its own name, then one for each input and output of the network, with the tensor's
/// name or, where a node or an input has that, ".input" or ".output" behind it.
std::vector<isa::Operator> operators_of(const QuantGraph& network);

}  // namespace cim::compiler

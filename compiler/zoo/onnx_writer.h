#pragma once
// Float graph -> ONNX file.

#include <string>

#include "compiler/ir/graph.h"

namespace cim::compiler {

/// The bytes of an ONNX file (opset 13) of a network made of Conv, Gemm, Clip from 0, MaxPool, global AveragePool, Reshape to one row and
/// Add, of less than 2 GiB. Weights are called after their node: NAME.weight, NAME.bias. The graph is used up, so that its weights are not
/// in memory twice.
std::string onnx_bytes(Graph&& graph);

}  // namespace cim::compiler

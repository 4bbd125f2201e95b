#pragma once
// The operators of the float executor. Shapes have been checked at import.

#include <vector>

#include "compiler/ir/graph.h"

namespace cim::compiler {

// ---- with a matrix of weights (float_linear.cpp) --------------------------------------------------------------------------------
/// The weights of a Conv or Gemm in the order in which they are used: of each group [outputs, K], four outputs interleaved and filled up
/// with zeros. Empty for a depthwise Conv, which uses them as they are.
std::vector<float> pack_weights(const Node& node);

void conv_float(const Node& node, const std::vector<float>& packed, const FloatTensor& in, FloatTensor& out);
void gemm_float(const Node& node, const std::vector<float>& packed, const FloatTensor& in, FloatTensor& out);

// ---- without (float_kernels.cpp) --------------------------------------------------------------------------------------------------
void max_pool_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void average_pool_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void affine_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void prelu_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void softmax_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void transpose_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void pad_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void concat_float(const Node& node, const std::vector<const FloatTensor*>& in, FloatTensor& out);
void multiply_float(const FloatTensor& a, const FloatTensor& b, FloatTensor& out);
/// Clip, PRelu of one slope, Unary, of one value; the quantiser makes its tables with it.
float unary_float(const Node& node, float x);

}  // namespace cim::compiler

#pragma once
// The operators of the float executor. Shapes have been checked at import.

#include <vector>

#include "compiler/ir/graph.h"

namespace cim::compiler {

/// Weights [O, K] with four output channels interleaved: [ceil(O/4), K, 4], filled up with zeros.
std::vector<float> pack_weights(const FloatTensor& weight);

void conv_float(const Node& node, const std::vector<float>& packed, const FloatTensor& in, FloatTensor& out);
void gemm_float(const Node& node, const std::vector<float>& packed, const FloatTensor& in, FloatTensor& out);
void max_pool_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void global_average_pool_float(const FloatTensor& in, FloatTensor& out);
void affine_float(const Node& node, const FloatTensor& in, FloatTensor& out);
void softmax_float(const Node& node, const FloatTensor& in, FloatTensor& out);
/// Clip, LeakyRelu, Sigmoid, Tanh of one value; the quantiser makes its tables with it.
float unary_float(const Node& node, float x);

}  // namespace cim::compiler

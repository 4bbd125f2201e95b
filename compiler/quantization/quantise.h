#pragma once
// Float graph + ranges -> quantised network (compiler/ir/quant_graph.h).

#include "compiler/ir/graph.h"
#include "compiler/ir/quant_graph.h"
#include "compiler/quantization/ranges.h"

namespace cim::compiler {

/// Fuses Clip (Relu) and PRelu into the operator before them, folds reshapes into the order of the weights, and quantises: activations
/// from the ranges, weights per output channel, biases into accumulator units. An Affine that nothing could take becomes a depthwise Conv
/// of one tap. InputError if a range is missing, a node has no integer form, or an accumulator of 32 bits could overflow.
QuantGraph quantise(Graph graph, const Ranges& ranges);

/// int8 weights of one Conv or Gemm: fills kernel, rows, cols, matrix, bias, scale, negative_scale and weight_scale of `node`, which has
/// its groups and its clamp, from float weights [O, C, kernel rows, kernel columns] in ONNX order; kernel.c is C, the channels of one
/// group. `input_means` (of each input channel, if known) corrects the bias; `slopes` (one or one a channel) are those of a PRelu. Returns
/// an empty string, or why it is not possible.
std::string quantise_weights(const std::vector<float>& weight, const std::vector<float>& bias, const Shape3& kernel,
                             const QuantParams& input, const QuantParams& output, QuantNode& node,
                             const std::vector<float>& input_means = {}, const std::vector<float>& slopes = {});

}  // namespace cim::compiler

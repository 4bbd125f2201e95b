#pragma once
// The quantised network as ONNX, for others to judge.

#include <filesystem>

#include "compiler/ir/quant_graph.h"

namespace cim::compiler {

/// Writes the network in QDQ form, opset 14: float operators on dequantised values, each tensor through one pair of QuantizeLinear and
/// DequantizeLinear. Weights int8 with a scale per output channel (axis 0), biases int32 with scale input x weight. Maps are NCHW; inputs
/// and outputs have the shapes of the original network and its names, and so have the dequantised tensors inside. A Gemm is a Conv over
/// its whole input. Written whole or not at all; InputError if that fails.
void write_qdq(const std::filesystem::path& path, const QuantGraph& graph);

}  // namespace cim::compiler

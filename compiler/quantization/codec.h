#pragma once
// Whole tensors between the network's float view (ONNX shape, NCHW) and the stored one (uint8, HWC).

#include <cstdint>
#include <vector>

#include "compiler/ir/float_tensor.h"
#include "compiler/ir/quant_graph.h"

namespace cim::compiler {

/// Real values to stored ones. InputError if the shape is not the tensor's onnx_shape or a value is NaN.
std::vector<std::uint8_t> quantise_tensor(const FloatTensor& real, const QuantTensor& tensor);

/// Stored values to real ones, in the tensor's onnx_shape.
FloatTensor dequantise_tensor(const std::vector<std::uint8_t>& stored, const QuantTensor& tensor);

}  // namespace cim::compiler

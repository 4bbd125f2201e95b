#pragma once
// Tensors given on the command line, whatever their format.

#include <filesystem>
#include <vector>

#include "compiler/ir/float_tensor.h"

namespace cim::compiler {

/// One tensor from an .npy file or an ONNX TensorProto (.pb). InputError for anything else.
FloatTensor read_tensor(const std::filesystem::path& path);

/// Tensors of shape `shape` from a file or from all .npy and .pb files of a folder, in the order of their names. A file holds one such
/// tensor, with or without a first dimension of 1, or several along its first dimension.
std::vector<FloatTensor> read_samples(const std::filesystem::path& path, const Dims& shape);

}  // namespace cim::compiler

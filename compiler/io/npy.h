#pragma once
// NumPy's .npy files (format 1.0 and 2.0, C order, little endian).

#include <filesystem>
#include <vector>

#include "compiler/ir/float_tensor.h"

namespace cim::compiler {

/// Any real or integer element type, as float32. InputError, naming the file, for everything that is not exactly such a file.
FloatTensor read_npy(const std::filesystem::path& path);

/// The same for integers, exactly; a file of floats is an error.
std::vector<std::int64_t> read_npy_integers(const std::filesystem::path& path, Dims* shape = nullptr);

/// float32, format 1.0, written whole or not at all.
void write_npy(const std::filesystem::path& path, const FloatTensor& tensor);

}  // namespace cim::compiler

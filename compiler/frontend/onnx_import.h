#pragma once
// ONNX file -> float graph.

#include <filesystem>
#include <map>
#include <string>

#include "compiler/ir/graph.h"

namespace cim::compiler {

struct ImportOptions {
    /// Shapes of inputs that the file leaves open (or whose first dimension is open and is not to be 1).
    std::map<std::string, Dims> input_shapes;
};

/// Imports the network of an .onnx file: opsets 6 to 17, all shapes computed, constants folded, BatchNormalization and other per-channel
/// constants merged into the Conv or Gemm before them, what no output needs removed. An open first dimension is taken as 1.
/// InputError (one line, naming the file and the node) for a file that is not valid or not supported.
Graph import_onnx(const std::filesystem::path& path, const ImportOptions& options = {});

}  // namespace cim::compiler

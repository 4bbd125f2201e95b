#pragma once
// Reads an ONNX file and rejects what is no valid model, before anybody interprets it.

#include <filesystem>
#include <set>
#include <string>

#include "compiler/frontend/raw_model.h"

namespace cim::compiler {

inline constexpr int oldest_opset = 6;
inline constexpr int newest_opset = 17;

/// Parses and checks the file: opset within oldest_opset..newest_opset, only operators of `supported`, every value given before it is
/// used and only once, and whatever ONNX's own checker asks. InputError, one line, for everything else.
RawModel read_onnx(const std::filesystem::path& path, const std::set<std::string>& supported);

}  // namespace cim::compiler

#pragma once
// An ONNX file without its Protobuf clothes: every constant decoded and checked, nothing interpreted yet.

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "compiler/ir/float_tensor.h"

namespace cim::compiler {

/// A constant. ONNX's float types are float here, its integer types and bool int64.
struct Constant {
    Dims shape;
    std::variant<std::vector<float>, std::vector<std::int64_t>> data;

    bool is_integer() const { return data.index() == 1; }
    const std::vector<float>& floats() const { return std::get<0>(data); }
    const std::vector<std::int64_t>& integers() const { return std::get<1>(data); }
    std::int64_t size() const { return static_cast<std::int64_t>(is_integer() ? integers().size() : floats().size()); }
};

using Attribute =
    std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>, std::vector<std::string>, Constant>;

struct RawNode {
    std::string name;  ///< that of the first output if the file gives none
    std::string type;
    std::vector<std::string> inputs;  ///< an empty name is an input left out
    std::vector<std::string> outputs;
    std::map<std::string, Attribute> attributes;
};

struct RawInput {
    std::string name;
    bool is_float = true;
    bool has_shape = false;
    std::vector<std::int64_t> shape;   ///< -1 where the file has no number
    std::vector<std::string> symbols;  ///< name of that dimension in the file, if it has one
};

struct RawModel {
    std::string file;
    std::string name;
    int opset = 0;
    std::map<std::string, Constant> constants;  ///< initializers
    std::vector<RawInput> inputs;               ///< without those that an initializer gives
    std::vector<std::string> outputs;
    std::vector<RawNode> nodes;
};

/// Elements that a constant can have at most: a file of 2 GiB holds no more.
inline constexpr std::int64_t largest_constant = std::int64_t{1} << 31U;

/// Largest tensor that a network may compute, in elements; a larger one is taken for a mistake of the file.
inline constexpr std::int64_t largest_tensor = std::int64_t{1} << 26U;

}  // namespace cim::compiler

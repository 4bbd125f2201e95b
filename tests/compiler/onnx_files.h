#pragma once
// Small ONNX files made by tests, and test data that others made. Knows Protobuf, so that few tests need to.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

#include "compiler/ir/float_tensor.h"
#include "compiler/ir/graph.h"

namespace cim::test {

using compiler::FloatTensor;

/// A folder of its own that vanishes with the object.
class TemporaryFolder final {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

/// Builds a model node by node.
class ModelBuilder final {
  public:
    explicit ModelBuilder(int opset = 13);

    /// -1 is an open dimension, named "d0", "d1", ... by its place.
    ModelBuilder& input(const std::string& name, const std::vector<std::int64_t>& shape);
    ModelBuilder& output(const std::string& name);
    ModelBuilder& floats(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<float>& data);
    /// Values from a fixed sequence, between -0.5 and 0.5.
    ModelBuilder& weights(const std::string& name, const std::vector<std::int64_t>& shape);
    ModelBuilder& integers(const std::string& name, const std::vector<std::int64_t>& data);
    /// Appends a node named like its first output with "n_" before it; returns it for its attributes.
    onnx::NodeProto& node(const std::string& type, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs);

    onnx::ModelProto& proto() { return model_; }
    /// Writes the file and returns its path.
    std::filesystem::path write(const std::filesystem::path& path) const;

  private:
    onnx::ModelProto model_;
};

void set_integer(onnx::NodeProto& node, const std::string& name, std::int64_t value);
void set_real(onnx::NodeProto& node, const std::string& name, float value);
void set_text(onnx::NodeProto& node, const std::string& name, const std::string& value);
void set_integers(onnx::NodeProto& node, const std::string& name, const std::vector<std::int64_t>& values);

/// Deterministic values between -1 and 1.
FloatTensor noise(const compiler::Dims& shape, unsigned seed = 1);

/// conv 3x3 -> relu -> max pool -> conv 2x2 -> relu -> flatten -> gemm -> relu -> gemm -> softmax on 1x2x10x10, output "scores".
ModelBuilder small_network();

/// What ONNX's own checker and its strict shape inference say about the file, "" if it is right.
std::string onnx_error(const std::filesystem::path& path);

/// What importing the file says, "" if it is accepted.
std::string import_error(const std::filesystem::path& path);

}  // namespace cim::test

#pragma once
// Builds an ONNX model node by node. Only files that deal in Protobuf include this.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

namespace cim::compiler {

class OnnxWriter final {
  public:
    OnnxWriter(const std::string& name, int opset);

    /// `name`, or something like it if that is taken.
    std::string fresh(std::string name);
    void reserve(const std::string& name) { names_.insert(name); }

    void input(const std::string& name, const std::vector<std::int64_t>& shape);
    void output(const std::string& name, const std::vector<std::int64_t>& shape);

    /// Initializers; the name that they got.
    std::string floats(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<float>& values);
    std::string int64s(const std::string& name, const std::vector<std::int64_t>& values);
    std::string int32s(const std::string& name, const std::vector<std::int32_t>& values);
    std::string int8s(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<std::int8_t>& values);
    std::string uint8(const std::string& name, std::uint8_t value);

    onnx::NodeProto& node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output);

    /// The file's bytes; InputError if they are more than a file of this format can have.
    std::string bytes() const;

  private:
    onnx::TensorProto& tensor(const std::string& name, const std::vector<std::int64_t>& shape, int type);

    onnx::ModelProto model_;
    std::set<std::string> names_;
};

void set_attribute(onnx::NodeProto& node, const char* name, std::int64_t value);
void set_attribute(onnx::NodeProto& node, const char* name, float value);
void set_attribute(onnx::NodeProto& node, const char* name, const std::vector<std::int64_t>& values);

}  // namespace cim::compiler

#include "compiler/export/onnx_writer.h"

#include <limits>

#include "compiler/error.h"

namespace cim::compiler {
namespace {

void describe(onnx::ValueInfoProto& value, const std::string& name, const std::vector<std::int64_t>& shape) {
    value.set_name(name);
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t d : shape) {
        tensor.mutable_shape()->add_dim()->set_dim_value(d);
    }
}

onnx::AttributeProto& attribute(onnx::NodeProto& node, const char* name, onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto& added = *node.add_attribute();
    added.set_name(name);
    added.set_type(type);
    return added;
}

template <typename T>
void set_raw(onnx::TensorProto& tensor, const std::vector<T>& values) {
    tensor.set_raw_data(values.data(), values.size() * sizeof(T));
}

}  // namespace

OnnxWriter::OnnxWriter(const std::string& name, int opset) {
    constexpr int ir_version = 7;
    model_.set_ir_version(ir_version);
    model_.set_producer_name("cimmlc");
    model_.add_opset_import()->set_version(opset);
    model_.mutable_graph()->set_name(name);
}

std::string OnnxWriter::fresh(std::string name) {
    while (!names_.insert(name).second) {
        name += '_';
    }
    return name;
}

void OnnxWriter::input(const std::string& name, const std::vector<std::int64_t>& shape) {
    describe(*model_.mutable_graph()->add_input(), name, shape);
}

void OnnxWriter::output(const std::string& name, const std::vector<std::int64_t>& shape) {
    describe(*model_.mutable_graph()->add_output(), name, shape);
}

onnx::TensorProto& OnnxWriter::tensor(const std::string& name, const std::vector<std::int64_t>& shape, int type) {
    onnx::TensorProto& added = *model_.mutable_graph()->add_initializer();
    added.set_name(fresh(name));
    added.set_data_type(type);
    for (const std::int64_t d : shape) {
        added.add_dims(d);
    }
    return added;
}

std::string OnnxWriter::floats(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<float>& values) {
    onnx::TensorProto& added = tensor(name, shape, onnx::TensorProto::FLOAT);
    set_raw(added, values);
    return added.name();
}

std::string OnnxWriter::int64s(const std::string& name, const std::vector<std::int64_t>& values) {
    onnx::TensorProto& added = tensor(name, {static_cast<std::int64_t>(values.size())}, onnx::TensorProto::INT64);
    set_raw(added, values);
    return added.name();
}

std::string OnnxWriter::int32s(const std::string& name, const std::vector<std::int32_t>& values) {
    onnx::TensorProto& added = tensor(name, {static_cast<std::int64_t>(values.size())}, onnx::TensorProto::INT32);
    set_raw(added, values);
    return added.name();
}

std::string OnnxWriter::int8s(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<std::int8_t>& values) {
    onnx::TensorProto& added = tensor(name, shape, onnx::TensorProto::INT8);
    set_raw(added, values);
    return added.name();
}

std::string OnnxWriter::uint8(const std::string& name, std::uint8_t value) {
    onnx::TensorProto& added = tensor(name, {}, onnx::TensorProto::UINT8);
    set_raw(added, std::vector<std::uint8_t>{value});
    return added.name();
}

onnx::NodeProto& OnnxWriter::node(const std::string& type, const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto& added = *model_.mutable_graph()->add_node();
    added.set_op_type(type);
    added.set_name(output);
    for (const std::string& input : inputs) {
        added.add_input(input);
    }
    added.add_output(output);
    return added;
}

std::string OnnxWriter::bytes() const {
    if (model_.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        throw InputError("network '" + model_.graph().name() + "' is too large for an ONNX file");
    }
    return model_.SerializeAsString();
}

void set_attribute(onnx::NodeProto& node, const char* name, std::int64_t value) {
    attribute(node, name, onnx::AttributeProto::INT).set_i(value);
}

void set_attribute(onnx::NodeProto& node, const char* name, float value) {
    attribute(node, name, onnx::AttributeProto::FLOAT).set_f(value);
}

void set_attribute(onnx::NodeProto& node, const char* name, const std::vector<std::int64_t>& values) {
    onnx::AttributeProto& added = attribute(node, name, onnx::AttributeProto::INTS);
    for (const std::int64_t v : values) {
        added.add_ints(v);
    }
}

}  // namespace cim::compiler

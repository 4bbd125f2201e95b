#include "tests/compiler/onnx_files.h"

#include <fstream>

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>
#include <unistd.h>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"

namespace cim::test {
namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "cim-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

ModelBuilder::ModelBuilder(int opset) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(opset);
    model_.mutable_graph()->set_name("made");
}

ModelBuilder& ModelBuilder::input(const std::string& name, const std::vector<std::int64_t>& shape) {
    auto* value = model_.mutable_graph()->add_input();
    value->set_name(name);
    auto* tensor = value->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx::TensorProto::FLOAT);
    for (std::size_t d = 0; d < shape.size(); ++d) {
        auto* dim = tensor->mutable_shape()->add_dim();
        if (shape[d] >= 0) {
            dim->set_dim_value(shape[d]);
        } else {
            dim->set_dim_param("d" + std::to_string(d));
        }
    }
    return *this;
}

ModelBuilder& ModelBuilder::output(const std::string& name) {
    auto* value = model_.mutable_graph()->add_output();
    value->set_name(name);
    value->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    return *this;
}

ModelBuilder& ModelBuilder::floats(const std::string& name, const std::vector<std::int64_t>& shape, const std::vector<float>& data) {
    auto* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t d : shape) {
        tensor->add_dims(d);
    }
    tensor->set_raw_data(data.data(), data.size() * sizeof(float));
    return *this;
}

ModelBuilder& ModelBuilder::weights(const std::string& name, const std::vector<std::int64_t>& shape) {
    FloatTensor values = noise(shape, static_cast<unsigned>(name.size()) + static_cast<unsigned char>(name.back()));
    for (float& v : values.data) {
        v *= 0.5F;
    }
    return floats(name, shape, values.data);
}

ModelBuilder& ModelBuilder::integers(const std::string& name, const std::vector<std::int64_t>& data) {
    auto* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    tensor->add_dims(static_cast<std::int64_t>(data.size()));
    for (const std::int64_t v : data) {
        tensor->add_int64_data(v);
    }
    return *this;
}

onnx::NodeProto& ModelBuilder::node(const std::string& type, const std::vector<std::string>& inputs,
                                    const std::vector<std::string>& outputs) {
    auto* node = model_.mutable_graph()->add_node();
    node->set_op_type(type);
    node->set_name("n_" + outputs.front());
    for (const std::string& name : inputs) {
        node->add_input(name);
    }
    for (const std::string& name : outputs) {
        node->add_output(name);
    }
    return *node;
}

fs::path ModelBuilder::write(const fs::path& path) const {
    std::ofstream stream(path, std::ios::binary);
    if (!model_.SerializeToOstream(&stream)) {
        throw std::runtime_error("cannot write " + path.string());
    }
    return path;
}

namespace {

onnx::AttributeProto& attribute(onnx::NodeProto& node, const std::string& name, onnx::AttributeProto::AttributeType type) {
    auto* added = node.add_attribute();
    added->set_name(name);
    added->set_type(type);
    return *added;
}

}  // namespace

void set_integer(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
    attribute(node, name, onnx::AttributeProto::INT).set_i(value);
}

void set_real(onnx::NodeProto& node, const std::string& name, float value) {
    attribute(node, name, onnx::AttributeProto::FLOAT).set_f(value);
}

void set_text(onnx::NodeProto& node, const std::string& name, const std::string& value) {
    attribute(node, name, onnx::AttributeProto::STRING).set_s(value);
}

void set_integers(onnx::NodeProto& node, const std::string& name, const std::vector<std::int64_t>& values) {
    auto& added = attribute(node, name, onnx::AttributeProto::INTS);
    for (const std::int64_t v : values) {
        added.add_ints(v);
    }
}

FloatTensor noise(const compiler::Dims& shape, unsigned seed) {
    FloatTensor tensor{shape, {}};
    std::uint32_t state = seed * 2654435761U + 1U;
    for (std::int64_t i = 0; i < compiler::count(shape); ++i) {
        state = state * 1664525U + 1013904223U;
        tensor.data.push_back(static_cast<float>(state >> 8U) / 8388608.0F - 1.0F);
    }
    return tensor;
}

ModelBuilder small_network() {
    ModelBuilder m;
    m.input("image", {1, 2, 10, 10}).output("scores");
    m.weights("w1", {6, 2, 3, 3}).weights("b1", {6}).weights("w2", {5, 6, 2, 2}).weights("b2", {5});
    m.weights("w3", {12, 80}).weights("b3", {12}).weights("w4", {4, 12}).weights("b4", {4});
    set_integers(m.node("Conv", {"image", "w1", "b1"}, {"c1"}), "pads", {1, 1, 1, 1});
    m.node("Relu", {"c1"}, {"r1"});
    auto& pool = m.node("MaxPool", {"r1"}, {"p1"});
    set_integers(pool, "kernel_shape", {2, 2});
    set_integers(pool, "strides", {2, 2});
    m.node("Conv", {"p1", "w2", "b2"}, {"c2"});
    m.node("Relu", {"c2"}, {"r2"});
    m.node("Flatten", {"r2"}, {"f"});
    set_integer(m.node("Gemm", {"f", "w3", "b3"}, {"g1"}), "transB", 1);
    m.node("Relu", {"g1"}, {"r3"});
    set_integer(m.node("Gemm", {"r3", "w4", "b4"}, {"g2"}), "transB", 1);
    m.node("Softmax", {"g2"}, {"scores"});
    return m;
}

std::string onnx_error(const fs::path& path) {
    onnx::ModelProto model;
    std::ifstream stream(path, std::ios::binary);
    if (!model.ParseFromIstream(&stream)) {
        return "not a model";
    }
    try {
        onnx::checker::check_model(model);
        onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), {true, 1, false});
        return "";
    } catch (const std::exception& error) {
        return error.what();
    }
}

std::string import_error(const fs::path& path) {
    try {
        compiler::import_onnx(path);
        return "";
    } catch (const compiler::InputError& error) {
        return error.what();
    }
}

}  // namespace cim::test

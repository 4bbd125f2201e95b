#include "compiler/zoo/onnx_writer.h"

#include <cmath>
#include <stdexcept>

#include <onnx/onnx_pb.h>

namespace cim::compiler {
namespace {

constexpr int zoo_opset = 13;
constexpr int ir_version = 8;

class Writer {
  public:
    explicit Writer(Graph& graph) : graph_(graph), proto_(*model_.mutable_graph()) {
        model_.set_ir_version(ir_version);
        model_.set_producer_name("cim-mlc");
        model_.add_opset_import()->set_version(zoo_opset);
        proto_.set_name(graph.name);
    }

    std::string write() {
        for (const ValueId input : graph_.inputs) {
            interface(*proto_.add_input(), input);
        }
        for (const ValueId output : graph_.outputs) {
            interface(*proto_.add_output(), output);
        }
        for (Node& node : graph_.nodes) {
            add(node);
        }
        return model_.SerializeAsString();
    }

  private:
    const std::string& name(ValueId value) const { return graph_.values[static_cast<std::size_t>(value)].name; }

    void interface(onnx::ValueInfoProto& info, ValueId value) const {
        info.set_name(name(value));
        auto& tensor = *info.mutable_type()->mutable_tensor_type();
        tensor.set_elem_type(onnx::TensorProto::FLOAT);
        for (const std::int64_t d : graph_.shape(value)) {
            tensor.mutable_shape()->add_dim()->set_dim_value(d);
        }
    }

    static void set(onnx::NodeProto& node, const char* name, std::int64_t value) {
        auto& attribute = *node.add_attribute();
        attribute.set_name(name);
        attribute.set_type(onnx::AttributeProto::INT);
        attribute.set_i(value);
    }

    static void set(onnx::NodeProto& node, const char* name, std::initializer_list<int> values) {
        auto& attribute = *node.add_attribute();
        attribute.set_name(name);
        attribute.set_type(onnx::AttributeProto::INTS);
        for (const int v : values) {
            attribute.add_ints(v);
        }
    }

    static void set_window(onnx::NodeProto& node, const Window& w) {
        set(node, "kernel_shape", {w.kernel_h, w.kernel_w});
        set(node, "strides", {w.stride_h, w.stride_w});
        set(node, "pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right});
        set(node, "dilations", {w.dilation_h, w.dilation_w});
    }

    /// A constant, as a further input of `node`.
    void add_constant(onnx::NodeProto& node, const std::string& name, const Dims& shape, const std::vector<float>& data) {
        auto& tensor = *proto_.add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(onnx::TensorProto::FLOAT);
        for (const std::int64_t d : shape) {
            tensor.add_dims(d);
        }
        tensor.set_raw_data(data.data(), data.size() * sizeof(float));
        node.add_input(name);
    }

    void add_weights(onnx::NodeProto& proto, Node& node) {
        add_constant(proto, node.name + ".weight", node.weight.shape, node.weight.data);
        add_constant(proto, node.name + ".bias", {static_cast<std::int64_t>(node.bias.size())}, node.bias);
        node.weight = {};
    }

    void add(Node& node) {
        auto& proto = *proto_.add_node();
        proto.set_name(node.name);
        proto.set_op_type(node.type);
        for (const ValueId input : node.inputs) {
            proto.add_input(name(input));
        }
        proto.add_output(name(node.output));
        switch (node.op) {
            case Op::Conv:
                add_weights(proto, node);
                set_window(proto, node.window);
                set(proto, "group", node.groups);
                break;
            case Op::Gemm:
                add_weights(proto, node);
                set(proto, "transB", 1);
                break;
            case Op::Clip:
                proto.set_op_type("Relu");
                if (std::isfinite(node.hi)) {
                    proto.set_op_type("Clip");
                    add_constant(proto, node.name + ".min", {}, {node.lo});
                    add_constant(proto, node.name + ".max", {}, {node.hi});
                }
                break;
            case Op::MaxPool:
                proto.set_op_type("MaxPool");
                set_window(proto, node.window);
                break;
            case Op::AveragePool: proto.set_op_type("GlobalAveragePool"); break;
            case Op::Reshape:
                proto.set_op_type("Flatten");
                set(proto, "axis", 1);
                break;
            case Op::Add: proto.set_op_type("Add"); break;
            default: throw std::logic_error("no way to write node '" + node.name + "' (" + node.type + ")");
        }
    }

    Graph& graph_;
    onnx::ModelProto model_;
    onnx::GraphProto& proto_;
};

}  // namespace

std::string onnx_bytes(Graph&& graph) {
    return Writer(graph).write();
}

}  // namespace cim::compiler

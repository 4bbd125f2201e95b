#include "bench/networks.h"

#include <fmt/format.h>

namespace cim::bench {

using compiler::NodeKind;
using compiler::QuantNode;
using compiler::Shape3;
using compiler::TensorId;

Network::Network(const std::string& name, const Shape3& input) {
    graph_.name = name;
    graph_.inputs = {tensor(input)};
}

TensorId Network::tensor(const Shape3& shape) {
    compiler::QuantTensor made;
    made.name = fmt::format("t{}", graph_.tensors.size());
    made.shape = shape;
    made.onnx_shape = {1, shape.c, shape.h, shape.w};
    made.quant = {0.05F, 0};
    graph_.tensors.push_back(made);
    return last_ = static_cast<TensorId>(graph_.tensors.size()) - 1;
}

QuantNode Network::node(NodeKind kind, const std::string& type) const {
    QuantNode made;
    made.kind = kind;
    made.name = fmt::format("n{}", graph_.nodes.size());
    made.type = type;
    made.inputs = {last_};
    return made;
}

void Network::emit(QuantNode node, const Shape3& out) {
    node.output = tensor(out);
    graph_.nodes.push_back(std::move(node));
}

void Network::conv(int size, int channels) {
    QuantNode made = node(NodeKind::Conv, "Conv");
    made.kernel_h = made.kernel_w = size;
    made.pad_top = made.pad_left = made.pad_bottom = made.pad_right = size / 2;
    made.rows = size * size * shape().c;
    made.cols = channels;
    for (int i = 0; i < made.rows * made.cols; ++i) {
        made.matrix.push_back(static_cast<std::int8_t>(dice_() % 255));
    }
    const auto columns = static_cast<std::size_t>(channels);
    made.bias.assign(columns, 900);
    made.scale.assign(columns, 1e-4F);
    made.weight_scale.assign(columns, 1.0F);
    emit(std::move(made), {shape().h, shape().w, channels});
}

void Network::max_pool(int size) {
    QuantNode made = node(NodeKind::MaxPool, "MaxPool");
    made.kernel_h = made.kernel_w = made.stride_h = made.stride_w = size;
    emit(std::move(made), {shape().h / size, shape().w / size, shape().c});
}

void Network::add(TensorId other) {
    QuantNode made = node(NodeKind::Add, "Add");
    made.inputs.push_back(other);
    emit(std::move(made), shape());
}

compiler::QuantGraph Network::finish() {
    graph_.outputs = {last_};
    return std::move(graph_);
}

}  // namespace cim::bench

#include "compiler/zoo/network_builder.h"

#include <limits>

#include "compiler/error.h"
#include "compiler/ir/window.h"

namespace cim::compiler {
namespace {

Node node(Op op, const std::string& name, const char* type, const std::vector<ValueId>& inputs) {
    Node made;
    made.op = op;
    made.name = name;
    made.type = type;
    made.inputs = inputs;
    return made;
}

Window square(int kernel, int stride, int pad) {
    Window window;
    window.kernel_h = window.kernel_w = kernel;
    window.stride_h = window.stride_w = stride;
    window.pad_top = window.pad_left = window.pad_bottom = window.pad_right = pad;
    return window;
}

Dims windowed(const Window& window, const Dims& in, std::int64_t channels) {
    return {in[0], channels, output_h(window, in[2]), output_w(window, in[3])};
}

}  // namespace

NetworkBuilder::NetworkBuilder(const std::string& name, const Dims& image, Bias bias) : bias_(bias) {
    Graph& graph = blueprint_.graph;
    graph.name = name;
    graph.source = name;
    graph.values.push_back({"image", image});
    graph.inputs.push_back(0);
}

ValueId NetworkBuilder::append(Node node, const Dims& shape) {
    Graph& graph = blueprint_.graph;
    node.output = static_cast<ValueId>(graph.values.size());
    graph.values.push_back({node.name, shape});
    graph.nodes.push_back(std::move(node));
    blueprint_.targets.emplace_back();
    return graph.nodes.back().output;
}

ValueId NetworkBuilder::conv(const std::string& name, ValueId in, const ConvLayer& layer) {
    Node made = node(Op::Conv, name, "Conv", {in});
    made.window = square(layer.kernel, layer.stride, layer.kernel / 2);
    made.groups = static_cast<int>(layer.groups);
    made.weight.shape = {layer.outputs, channels(in) / layer.groups, layer.kernel, layer.kernel};
    const std::int64_t weights = count(made.weight.shape);
    const Dims shape = windowed(made.window, blueprint_.graph.shape(in), layer.outputs);
    values_ += weights + layer.outputs;
    blueprint_.parameters += weights + layer.outputs * (bias_ == Bias::BatchNorm ? 2 : 1);
    blueprint_.macs += weights * shape[2] * shape[3];
    const ValueId out = append(std::move(made), shape);
    blueprint_.targets.back() = layer.target;
    return out;
}

ValueId NetworkBuilder::dense(const std::string& name, ValueId in, std::int64_t outputs, Target target) {
    Node made = node(Op::Gemm, name, "Gemm", {in});
    made.weight.shape = {outputs, blueprint_.graph.shape(in)[1]};
    const std::int64_t weights = count(made.weight.shape);
    values_ += weights + outputs;
    blueprint_.parameters += weights + outputs;
    blueprint_.macs += weights;
    const ValueId out = append(std::move(made), {1, outputs});
    blueprint_.targets.back() = target;
    return out;
}

ValueId NetworkBuilder::relu(const std::string& name, ValueId in) {
    Node made = node(Op::Clip, name, "Relu", {in});
    made.hi = std::numeric_limits<float>::infinity();
    return append(std::move(made), blueprint_.graph.shape(in));
}

ValueId NetworkBuilder::relu6(const std::string& name, ValueId in) {
    Node made = node(Op::Clip, name, "Clip", {in});
    made.hi = 6;
    return append(std::move(made), blueprint_.graph.shape(in));
}

ValueId NetworkBuilder::max_pool(const std::string& name, ValueId in, int kernel, int stride, int pad) {
    Node made = node(Op::MaxPool, name, "MaxPool", {in});
    made.window = square(kernel, stride, pad);
    const Dims shape = windowed(made.window, blueprint_.graph.shape(in), channels(in));
    return append(std::move(made), shape);
}

ValueId NetworkBuilder::global_average_pool(const std::string& name, ValueId in) {
    Node made = node(Op::AveragePool, name, "GlobalAveragePool", {in});
    made.window.kernel_h = static_cast<int>(blueprint_.graph.shape(in)[2]);
    made.window.kernel_w = static_cast<int>(blueprint_.graph.shape(in)[3]);
    return append(std::move(made), {1, channels(in), 1, 1});
}

ValueId NetworkBuilder::flatten(const std::string& name, ValueId in) {
    return append(node(Op::Reshape, name, "Flatten", {in}), {1, count(blueprint_.graph.shape(in))});
}

ValueId NetworkBuilder::add(const std::string& name, ValueId a, ValueId b) {
    return append(node(Op::Add, name, "Add", {a, b}), blueprint_.graph.shape(a));
}

Blueprint NetworkBuilder::finish(ValueId output) && {
    constexpr std::int64_t most_bytes = (std::int64_t{1} << 31U) - (std::int64_t{1} << 20U);  // the rest of the file is far below 1 MiB
    if (values_ > most_bytes / static_cast<std::int64_t>(sizeof(float))) {
        const Dims& image = blueprint_.graph.shape(blueprint_.graph.inputs[0]);
        throw InputError(blueprint_.graph.name + " for images of " + to_string({image[2], image[3]}) + " would have " +
                         std::to_string(values_) + " weights and biases, more than the 2 GiB of an ONNX file hold");
    }
    blueprint_.graph.values[static_cast<std::size_t>(output)].name = "scores";
    blueprint_.graph.outputs.push_back(output);
    return std::move(blueprint_);
}

}  // namespace cim::compiler

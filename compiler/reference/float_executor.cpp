#include "compiler/reference/float_executor.h"

#include <algorithm>

#include "compiler/error.h"
#include "compiler/reference/float_kernels.h"

namespace cim::compiler {
namespace {

void execute(const Node& node, const std::vector<float>& packed, const FloatTensor& in, const FloatTensor* second, FloatTensor& out) {
    switch (node.op) {
        case Op::Conv: conv_float(node, packed, in, out); break;
        case Op::Gemm: gemm_float(node, packed, in, out); break;
        case Op::Affine: affine_float(node, in, out); break;
        case Op::MaxPool: max_pool_float(node, in, out); break;
        case Op::GlobalAveragePool: global_average_pool_float(in, out); break;
        case Op::Softmax: softmax_float(node, in, out); break;
        case Op::Reshape: out.data = in.data; break;
        case Op::Add:
            std::transform(in.data.begin(), in.data.end(), second->data.begin(), out.data.begin(), [](float a, float b) { return a + b; });
            break;
        case Op::Clip:
        case Op::LeakyRelu:
        case Op::Sigmoid:
        case Op::Tanh:
            std::transform(in.data.begin(), in.data.end(), out.data.begin(), [&](float x) { return unary_float(node, x); });
            break;
    }
}

}  // namespace

FloatExecutor::FloatExecutor(const Graph& graph) : graph_(graph) {
    for (const Node& node : graph.nodes) {
        packed_.push_back(node.op == Op::Conv || node.op == Op::Gemm ? pack_weights(node.weight) : std::vector<float>{});
    }
}

std::vector<FloatTensor> FloatExecutor::run(const std::vector<FloatTensor>& inputs, const Observer& observer) const {
    if (inputs.size() != graph_.inputs.size()) {
        throw InputError(graph_.source + ": the network has " + std::to_string(graph_.inputs.size()) + " inputs, " +
                         std::to_string(inputs.size()) + " are given");
    }
    std::vector<FloatTensor> tensors(graph_.values.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const ValueId id = graph_.inputs[i];
        const Value& value = graph_.values[static_cast<std::size_t>(id)];
        if (inputs[i].shape != value.shape) {
            throw InputError(graph_.source + ": input '" + value.name + "' has the shape " + to_string(value.shape) +
                             ", a tensor of shape " + to_string(inputs[i].shape) + " is given");
        }
        tensors[id] = inputs[i];
        if (observer) {
            observer(id, tensors[id]);
        }
    }
    std::vector<int> uses = graph_.use_counts();
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        const Node& node = graph_.nodes[n];
        FloatTensor& out = tensors[node.output];
        out.shape = graph_.values[static_cast<std::size_t>(node.output)].shape;
        out.data.resize(static_cast<std::size_t>(count(out.shape)));
        execute(node, packed_[n], tensors[node.inputs[0]], node.inputs.size() > 1 ? &tensors[node.inputs[1]] : nullptr, out);
        if (observer) {
            observer(node.output, out);
        }
        for (const ValueId input : node.inputs) {
            if (--uses[input] == 0) {
                tensors[input] = {};
            }
        }
    }
    std::vector<FloatTensor> outputs;
    for (const ValueId output : graph_.outputs) {
        outputs.push_back(std::move(tensors[output]));
    }
    return outputs;
}

}  // namespace cim::compiler

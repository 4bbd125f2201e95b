#include "compiler/reference/float_executor.h"

#include <algorithm>

#include "compiler/error.h"
#include "compiler/reference/float_kernels.h"

namespace cim::compiler {
namespace {

void execute(const Node& node, const std::vector<float>& packed, const std::vector<const FloatTensor*>& inputs, FloatTensor& out) {
    const FloatTensor& in = *inputs[0];
    switch (node.op) {
        case Op::Conv: conv_float(node, packed, in, out); break;
        case Op::Gemm: gemm_float(node, packed, in, out); break;
        case Op::Affine: affine_float(node, in, out); break;
        case Op::PRelu: prelu_float(node, in, out); break;
        case Op::MaxPool: max_pool_float(node, in, out); break;
        case Op::AveragePool: average_pool_float(node, in, out); break;
        case Op::Softmax: softmax_float(node, in, out); break;
        case Op::Reshape: out.data = in.data; break;
        case Op::Transpose: transpose_float(node, in, out); break;
        case Op::Pad: pad_float(node, in, out); break;
        case Op::Concat: concat_float(node, inputs, out); break;
        case Op::Mul: multiply_float(in, *inputs[1], out); break;
        case Op::Add:
            std::transform(in.data.begin(), in.data.end(), inputs[1]->data.begin(), out.data.begin(),
                           [](float a, float b) { return a + b; });
            break;
        case Op::Clip:
        case Op::Unary:
            std::transform(in.data.begin(), in.data.end(), out.data.begin(), [&](float x) { return unary_float(node, x); });
            break;
    }
}

}  // namespace

FloatExecutor::FloatExecutor(const Graph& graph) : graph_(graph) {
    for (const Node& node : graph.nodes) {
        packed_.push_back(node.op == Op::Conv || node.op == Op::Gemm ? pack_weights(node) : std::vector<float>{});
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
        std::vector<const FloatTensor*> read;
        for (const ValueId input : node.inputs) {
            read.push_back(&tensors[input]);
        }
        execute(node, packed_[n], read, out);
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

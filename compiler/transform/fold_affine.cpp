#include <algorithm>

#include "compiler/transform/passes.h"

namespace cim::compiler {
namespace {

bool can_take(const Node& node) {
    return node.op == Op::Conv || node.op == Op::Gemm || node.op == Op::Affine;
}

/// Multiplies channel c of the node's result by factor[c] and adds bias[c].
void scale_channels(Node& node, const std::vector<float>& factor, const std::vector<float>& bias) {
    const std::size_t channels = node.bias.size();
    const std::size_t per_channel = node.weight.data.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t i = 0; i < per_channel; ++i) {
            node.weight.data[c * per_channel + i] *= factor[c];
        }
        node.bias[c] = node.bias[c] * factor[c] + bias[c];
    }
}

}  // namespace

void fold_affine(Graph& graph) {
    const std::vector<int> uses = graph.use_counts();
    std::vector<int> producer = graph.producers();
    std::vector<bool> gone(graph.nodes.size(), false);
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        Node& affine = graph.nodes[n];
        if (affine.op != Op::Affine) {
            continue;
        }
        const int before = producer[affine.inputs[0]];
        if (before < 0 || uses[affine.inputs[0]] != 1 || !can_take(graph.nodes[static_cast<std::size_t>(before)])) {
            continue;
        }
        Node& linear = graph.nodes[static_cast<std::size_t>(before)];
        scale_channels(linear, affine.weight.data, affine.bias);
        linear.type += "+" + affine.type;
        linear.output = affine.output;
        producer[affine.output] = before;
        gone[n] = true;
    }
    graph.remove(gone);
    remove_dead_nodes(graph);
}

}  // namespace cim::compiler

#include <algorithm>

#include "compiler/transform/passes.h"

namespace cim::compiler {

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
        if (before < 0 || uses[affine.inputs[0]] != 1) {
            continue;
        }
        Node& linear = graph.nodes[static_cast<std::size_t>(before)];
        if (linear.op != Op::Conv && linear.op != Op::Gemm) {
            continue;
        }
        const std::size_t channels = linear.bias.size();
        const std::size_t per_channel = linear.weight.data.size() / channels;
        for (std::size_t c = 0; c < channels; ++c) {
            const float factor = affine.weight.data[c];
            for (std::size_t i = 0; i < per_channel; ++i) {
                linear.weight.data[c * per_channel + i] *= factor;
            }
            linear.bias[c] = linear.bias[c] * factor + affine.bias[c];
        }
        linear.type += "+" + affine.type;
        linear.output = affine.output;
        producer[affine.output] = before;
        gone[n] = true;
    }
    std::size_t kept = 0;
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        if (!gone[n]) {
            if (kept != n) {
                graph.nodes[kept] = std::move(graph.nodes[n]);
            }
            ++kept;
        }
    }
    graph.nodes.resize(kept);
    remove_dead_nodes(graph);
}

}  // namespace cim::compiler

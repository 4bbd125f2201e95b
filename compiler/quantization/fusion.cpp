#include "compiler/quantization/fusion.h"

namespace cim::compiler {
namespace {

bool has_matrix(Op op) {
    return op == Op::Conv || op == Op::Gemm || op == Op::Affine;
}

/// Its integer form ends in a clamp of its own.
bool takes_clip(const Node& node) {
    const bool prelu = node.op == Op::PRelu && node.weight.data.size() > 1;  // with one slope it is a table
    return has_matrix(node.op) || node.op == Op::Add || node.op == Op::Mul || node.op == Op::AveragePool || prelu;
}

}  // namespace

Fusion plan_fusion(const Graph& graph) {
    const std::vector<int> uses = graph.use_counts();
    std::vector<int> reader(graph.values.size(), -1);
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        for (const ValueId input : graph.nodes[n].inputs) {
            reader[input] = static_cast<int>(n);
        }
    }
    Fusion plan;
    plan.fused.assign(graph.nodes.size(), false);
    plan.tails.resize(graph.nodes.size());
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        const Node& node = graph.nodes[n];
        plan.results.push_back(node.output);
        if (plan.fused[n] || !takes_clip(node)) {
            continue;
        }
        ValueId& result = plan.results.back();
        while (uses[result] == 1 && reader[result] >= 0) {
            const Node& next = graph.nodes[static_cast<std::size_t>(reader[result])];
            if (next.op != Op::Clip && !(next.op == Op::PRelu && has_matrix(node.op) && plan.tails[n].empty())) {
                break;
            }
            plan.tails[n].push_back(reader[result]);
            plan.fused[static_cast<std::size_t>(reader[result])] = true;
            result = next.output;
        }
    }
    return plan;
}

}  // namespace cim::compiler

#include "compiler/transform/passes.h"

namespace cim::compiler {
namespace {

/// The node that alone reads `value`, null if there is another reader or none.
Node* only_reader(Graph& graph, const std::vector<int>& uses, ValueId value) {
    if (uses[value] == 1) {
        for (Node& node : graph.nodes) {
            for (const ValueId input : node.inputs) {
                if (input == value) {
                    return &node;
                }
            }
        }
    }
    return nullptr;
}

/// The mean of a whole map.
bool is_global(const Graph& graph, const Node& node) {
    if (node.op != Op::AveragePool) {
        return false;
    }
    const Dims& in = graph.shape(node.inputs[0]);
    Window whole;
    whole.kernel_h = static_cast<int>(in[2]);
    whole.kernel_w = static_cast<int>(in[3]);
    whole.stride_h = node.window.stride_h;
    whole.stride_w = node.window.stride_w;
    return node.window == whole;
}

}  // namespace

void fold_average_pool(Graph& graph) {
    const std::vector<int> uses = graph.use_counts();
    for (Node& pool : graph.nodes) {
        if (!is_global(graph, pool)) {
            continue;
        }
        Node* reshape = only_reader(graph, uses, pool.output);
        Node* gemm = reshape != nullptr && reshape->op == Op::Reshape ? only_reader(graph, uses, reshape->output) : nullptr;
        const Dims shape = graph.values[static_cast<std::size_t>(pool.inputs[0])].shape;
        if (gemm == nullptr || gemm->op != Op::Gemm || shape[0] != 1 || gemm->weight.shape[1] != shape[1]) {
            continue;
        }
        const std::int64_t positions = shape[2] * shape[3];
        if (static_cast<std::int64_t>(gemm->weight.data.size()) * positions > largest_spread) {
            continue;
        }
        std::vector<float> spread;
        spread.reserve(gemm->weight.data.size() * static_cast<std::size_t>(positions));
        for (const float w : gemm->weight.data) {
            spread.insert(spread.end(), static_cast<std::size_t>(positions), w / static_cast<float>(positions));
        }
        gemm->weight = {{gemm->weight.shape[0], shape[1] * positions}, std::move(spread)};
        gemm->type = pool.type + "+" + gemm->type;
        // The pool becomes a reshape to what it was given; the reshape then flattens the whole map.
        pool.op = Op::Reshape;
        graph.values[static_cast<std::size_t>(pool.output)].shape = shape;
        graph.values[static_cast<std::size_t>(reshape->output)].shape = {1, shape[1] * positions};
    }
}

}  // namespace cim::compiler

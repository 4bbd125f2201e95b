#include <utility>

#include "compiler/transform/passes.h"

namespace cim::compiler {

void remove_dead_nodes(Graph& graph) {
    std::vector<bool> needed(graph.values.size(), false);
    for (const ValueId output : graph.outputs) {
        needed[output] = true;
    }
    std::vector<Node> live;
    for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
        if (needed[node->output]) {
            for (const ValueId input : node->inputs) {
                needed[input] = true;
            }
            live.push_back(std::move(*node));
        }
    }
    graph.nodes.assign(std::make_move_iterator(live.rbegin()), std::make_move_iterator(live.rend()));

    for (const ValueId input : graph.inputs) {
        needed[input] = true;
    }
    std::vector<ValueId> renumbered(graph.values.size(), -1);
    std::vector<Value> values;
    for (std::size_t v = 0; v < graph.values.size(); ++v) {
        if (needed[v]) {
            renumbered[v] = static_cast<ValueId>(values.size());
            values.push_back(std::move(graph.values[v]));
        }
    }
    graph.values = std::move(values);
    for (Node& node : graph.nodes) {
        node.output = renumbered[node.output];
        for (ValueId& input : node.inputs) {
            input = renumbered[input];
        }
    }
    for (ValueId& input : graph.inputs) {
        input = renumbered[input];
    }
    for (ValueId& output : graph.outputs) {
        output = renumbered[output];
    }
}

}  // namespace cim::compiler

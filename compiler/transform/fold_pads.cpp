#include <algorithm>

#include "compiler/transform/passes.h"

namespace cim::compiler {
namespace {

void widen(Window& window, const Window& by) {
    window.pad_top += by.pad_top;
    window.pad_left += by.pad_left;
    window.pad_bottom += by.pad_bottom;
    window.pad_right += by.pad_right;
}

}  // namespace

void fold_pads(Graph& graph) {
    for (const Node& pad : graph.nodes) {
        if (pad.op != Op::Pad || std::find(graph.outputs.begin(), graph.outputs.end(), pad.output) != graph.outputs.end()) {
            continue;
        }
        const auto reads = [&](const Node& node) { return !node.inputs.empty() && node.inputs[0] == pad.output; };
        const bool convs_only = std::all_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
            return node.op == Op::Conv || std::find(node.inputs.begin(), node.inputs.end(), pad.output) == node.inputs.end();
        });
        if (!convs_only) {
            continue;
        }
        for (Node& node : graph.nodes) {
            if (reads(node)) {
                widen(node.window, pad.window);
                node.inputs[0] = pad.inputs[0];
            }
        }
    }
    remove_dead_nodes(graph);
}

}  // namespace cim::compiler

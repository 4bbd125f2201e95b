#include "compiler/ir/graph.h"

#include <utility>

namespace cim::compiler {

std::vector<int> Graph::use_counts() const {
    std::vector<int> uses(values.size(), 0);
    for (const Node& node : nodes) {
        for (const ValueId input : node.inputs) {
            ++uses[input];
        }
    }
    for (const ValueId output : outputs) {
        ++uses[output];
    }
    return uses;
}

std::vector<int> Graph::producers() const {
    std::vector<int> nodes_of(values.size(), -1);
    for (std::size_t n = 0; n < nodes.size(); ++n) {
        nodes_of[nodes[n].output] = static_cast<int>(n);
    }
    return nodes_of;
}

void Graph::remove(const std::vector<bool>& gone) {
    std::size_t kept = 0;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
        if (!gone[n]) {
            if (kept != n) {
                nodes[kept] = std::move(nodes[n]);
            }
            ++kept;
        }
    }
    nodes.resize(kept);
}

std::string Graph::message(const Node& node, const std::string& what) const {
    return source + ": node '" + node.name + "' (" + node.type + "): " + what;
}

}  // namespace cim::compiler

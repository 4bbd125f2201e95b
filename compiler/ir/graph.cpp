#include "compiler/ir/graph.h"

namespace cim::compiler {

const char* to_string(Op op) {
    switch (op) {
        case Op::Conv: return "Conv";
        case Op::Gemm: return "Gemm";
        case Op::Affine: return "Affine";
        case Op::Clip: return "Clip";
        case Op::LeakyRelu: return "LeakyRelu";
        case Op::Sigmoid: return "Sigmoid";
        case Op::Tanh: return "Tanh";
        case Op::MaxPool: return "MaxPool";
        case Op::GlobalAveragePool: return "GlobalAveragePool";
        case Op::Reshape: return "Reshape";
        case Op::Softmax: return "Softmax";
        case Op::Add: return "Add";
    }
    return "?";
}

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

std::string Graph::message(const Node& node, const std::string& what) const {
    return source + ": node '" + node.name + "' (" + node.type + "): " + what;
}

}  // namespace cim::compiler

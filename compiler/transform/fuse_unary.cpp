#include <algorithm>
#include <optional>

#include "compiler/transform/passes.h"

namespace cim::compiler {
namespace {

UnaryStep step_of(const char* function, float alpha, float beta = 0) {
    return {find_unary(function), alpha, beta, false};
}

bool all_equal(const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [&](float v) { return v == values[0]; });
}

/// The node as a chain of functions, nothing if it is none.
std::optional<std::vector<UnaryStep>> steps_of(const Node& node) {
    switch (node.op) {
        case Op::Unary: return node.steps;
        case Op::Clip: return std::vector<UnaryStep>{step_of("Clip", node.lo, node.hi)};
        case Op::PRelu:
            return node.weight.data.size() == 1 ? std::optional(std::vector<UnaryStep>{step_of("LeakyRelu", node.weight.data[0])})
                                                : std::nullopt;
        case Op::Affine:
            return all_equal(node.weight.data) && all_equal(node.bias)
                       ? std::optional(std::vector<UnaryStep>{step_of("Affine", node.weight.data[0], node.bias[0])})
                       : std::nullopt;
        default: return std::nullopt;
    }
}

class UnaryFuser {
  public:
    explicit UnaryFuser(Graph& graph) : graph_(graph), uses_(graph.use_counts()), gone_(graph.nodes.size(), false) {}

    void run() {
        std::vector<int> producer = graph_.producers();
        for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
            Node& node = graph_.nodes[n];
            if (node.op == Op::Mul && node.inputs[0] != node.inputs[1]) {
                times_input(node, producer);
            } else if (const std::optional<std::vector<UnaryStep>> steps = steps_of(node)) {
                const int before = producer[static_cast<std::size_t>(node.inputs[0])];
                if (before >= 0 && graph_.nodes[static_cast<std::size_t>(before)].op == Op::Unary && uses_[node.inputs[0]] == 1) {
                    absorb(n, before, *steps);
                    producer[static_cast<std::size_t>(node.output)] = static_cast<int>(n);
                } else if (node.op == Op::Affine) {
                    node.op = Op::Unary;
                    node.steps = *steps;
                }
            }
        }
        graph_.remove(gone_);
        remove_dead_nodes(graph_);
    }

  private:
    /// Node n takes the functions of the Unary before it.
    void absorb(std::size_t n, int before, const std::vector<UnaryStep>& steps) {
        Node& node = graph_.nodes[n];
        Node& first = graph_.nodes[static_cast<std::size_t>(before)];
        node.steps = first.steps;
        node.steps.insert(node.steps.end(), steps.begin(), steps.end());
        node.op = Op::Unary;
        node.inputs = first.inputs;
        node.type = first.type + "+" + node.type;
        node.name = first.name;
        gone_[static_cast<std::size_t>(before)] = true;
    }

    /// x * f(x), where nobody else reads f(x).
    void times_input(Node& product, const std::vector<int>& producer) {
        for (const int side : {0, 1}) {
            const ValueId x = product.inputs[static_cast<std::size_t>(1 - side)];
            const ValueId fx = product.inputs[static_cast<std::size_t>(side)];
            const int before = producer[static_cast<std::size_t>(fx)];
            if (before < 0 || uses_[fx] != 1 || graph_.shape(x) != graph_.shape(fx)) {
                continue;
            }
            Node& function = graph_.nodes[static_cast<std::size_t>(before)];
            std::optional<std::vector<UnaryStep>> steps = steps_of(function);
            if (steps && function.inputs[0] == x) {
                steps->back().times_input = true;
                product.op = Op::Unary;
                product.steps = std::move(*steps);
                product.inputs = {x};
                product.type = function.type + "+" + product.type;
                product.name = function.name;
                --uses_[x];
                gone_[static_cast<std::size_t>(before)] = true;
                return;
            }
        }
    }

    Graph& graph_;
    std::vector<int> uses_;
    std::vector<bool> gone_;
};

}  // namespace

void fuse_unary(Graph& graph) {
    UnaryFuser(graph).run();
}

}  // namespace cim::compiler

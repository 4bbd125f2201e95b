#include <algorithm>
#include <optional>

#include "compiler/transform/passes.h"

namespace cim::compiler {
namespace {

/// Where the elements of a value come from: element i is element from[i] of `root`.
struct Origin {
    ValueId root = -1;
    std::vector<std::int32_t> from;
};

bool is_identity(const std::vector<std::int32_t>& from) {
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (from[i] != static_cast<std::int32_t>(i)) {
            return false;
        }
    }
    return true;
}

/// Element of the input that comes to each place of the output.
std::vector<std::int32_t> moved(const Dims& in, const std::vector<int>& order) {
    std::vector<std::int64_t> strides(in.size(), 1);
    for (std::size_t d = in.size(); d-- > 1;) {
        strides[d - 1] = strides[d] * in[d];
    }
    std::vector<std::int32_t> from(static_cast<std::size_t>(count(in)));
    for (std::size_t i = 0; i < from.size(); ++i) {
        auto rest = static_cast<std::int64_t>(i);
        std::int64_t at = 0;
        for (std::size_t d = order.size(); d-- > 0;) {
            const auto source = static_cast<std::size_t>(order[d]);
            at += rest % in[source] * strides[source];
            rest /= in[source];
        }
        from[i] = static_cast<std::int32_t>(at);
    }
    return from;
}

class TransposeFolder {
  public:
    explicit TransposeFolder(Graph& graph) : graph_(graph), origins_(graph.values.size()) {}

    void run() {
        for (Node& node : graph_.nodes) {
            if (node.op == Op::Transpose) {
                follow(node, moved(graph_.shape(node.inputs[0]), node.order));
            } else if (node.op == Op::Reshape && origins_[node.inputs[0]]) {
                follow(node, {});
            }
        }
        for (Node& node : graph_.nodes) {
            if (origins_[node.output] && only_gemms_read(node.output)) {
                for (Node& reader : graph_.nodes) {
                    if (!reader.inputs.empty() && reader.inputs[0] == node.output) {
                        reorder_weights(reader, origins_[node.output]->from);
                    }
                }
                node.op = Op::Reshape;
                node.inputs = {origins_[node.output]->root};
            }
        }
        remove_dead_nodes(graph_);
    }

  private:
    /// Notes where the elements of a layout node's result come from. An empty `by` moves none. If in the end nothing moved, the node is a
    /// Reshape of the root.
    void follow(Node& node, std::vector<std::int32_t> by) {
        Origin origin;
        if (const std::optional<Origin>& before = origins_[node.inputs[0]]) {
            origin.root = before->root;
            if (by.empty()) {
                origin.from = before->from;
            } else {
                for (const std::int32_t i : by) {
                    origin.from.push_back(before->from[static_cast<std::size_t>(i)]);
                }
            }
        } else {
            origin = {node.inputs[0], std::move(by)};
        }
        if (is_identity(origin.from)) {
            node.op = Op::Reshape;
            node.inputs = {origin.root};
            return;
        }
        origins_[node.output] = std::move(origin);
    }

    bool only_gemms_read(ValueId value) const {
        for (const Node& node : graph_.nodes) {
            const bool reads = std::find(node.inputs.begin(), node.inputs.end(), value) != node.inputs.end();
            if (reads && (node.op != Op::Gemm || graph_.shape(value)[0] != 1)) {
                return false;
            }
        }
        return std::find(graph_.outputs.begin(), graph_.outputs.end(), value) == graph_.outputs.end();
    }

    static void reorder_weights(Node& gemm, const std::vector<std::int32_t>& from) {
        std::vector<float> weights(gemm.weight.data.size());
        for (std::size_t row = 0; row < weights.size(); row += from.size()) {
            for (std::size_t i = 0; i < from.size(); ++i) {
                weights[row + static_cast<std::size_t>(from[i])] = gemm.weight.data[row + i];
            }
        }
        gemm.weight.data = std::move(weights);
    }

    Graph& graph_;
    std::vector<std::optional<Origin>> origins_;  ///< of values whose elements have moved
};

}  // namespace

void fold_transposes(Graph& graph) {
    TransposeFolder(graph).run();
}

}  // namespace cim::compiler

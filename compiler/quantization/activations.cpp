#include "compiler/quantization/activations.h"

#include <algorithm>
#include <numeric>

#include "compiler/error.h"
#include "compiler/quantization/params.h"

namespace cim::compiler {
namespace {

/// A value whose range is narrower than this part of the Concat's keeps its own if somebody else reads it.
constexpr double narrow = 0.25;

double width(const Range& range) {
    return std::max(0.0, static_cast<double>(range.hi)) - std::min(0.0, static_cast<double>(range.lo));
}

Range hull(const std::optional<Range>& a, const Range& b) {
    return a ? Range{std::min(a->lo, b.lo), std::max(a->hi, b.hi)} : b;
}

/// Its result holds the stored values of its input.
bool passes(const Graph& graph, const Fusion& fusion, std::size_t n) {
    const Op op = graph.nodes[n].op;
    return op == Op::MaxPool || op == Op::Reshape || op == Op::Transpose || op == Op::Pad || (op == Op::Clip && !fusion.fused[n]);
}

}  // namespace

Activations::Activations(const Graph& graph, const Fusion& fusion, const Ranges& ranges)
    : graph_(graph), ranges_(ranges), parent_(graph.values.size()), fixed_(graph.values.size(), false), common_(graph.values.size()) {
    std::iota(parent_.begin(), parent_.end(), 0);
    for (const Node& node : graph.nodes) {
        fixed_[node.output] = node.op == Op::Softmax;
    }
    tie_passing_nodes(fusion);
    tie_concats(fusion);
}

int Activations::find(ValueId value) const {
    while (parent_[value] != value) {
        value = parent_[value];
    }
    return value;
}

/// The class of a takes that of b.
void Activations::join(ValueId a, ValueId b) {
    a = find(a);
    b = find(b);
    if (a == b) {
        return;
    }
    parent_[b] = a;
    fixed_[a] = fixed_[a] || fixed_[b];
    if (common_[b]) {
        common_[a] = hull(common_[a], *common_[b]);
    }
}

void Activations::tie_passing_nodes(const Fusion& fusion) {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        if (passes(graph_, fusion, n)) {
            join(graph_.nodes[n].inputs[0], graph_.nodes[n].output);
        }
    }
}

bool Activations::read_otherwise(ValueId value, const Fusion& fusion) const {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        if (graph_.nodes[n].op == Op::Concat || passes(graph_, fusion, n)) {
            continue;
        }
        for (const ValueId input : graph_.nodes[n].inputs) {
            if (find(input) == find(value)) {
                return true;
            }
        }
    }
    return false;
}

void Activations::tie_concats(const Fusion& fusion) {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        const Node& node = graph_.nodes[n];
        if (node.op != Op::Concat) {
            continue;
        }
        std::optional<Range>& common = common_[find(node.output)];
        common = hull(common, calibrated(node.output));
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
            const ValueId input = node.inputs[i];
            const bool too_narrow = width(range_of_class(input)) < narrow * width(calibrated(node.output)) && read_otherwise(input, fusion);
            if (fixed_[find(input)] || too_narrow) {
                rescaled_.insert({static_cast<int>(n), i});
            } else {
                join(input, node.output);
            }
        }
    }
}

Range Activations::calibrated(ValueId value) const {
    const std::string& name = graph_.values[static_cast<std::size_t>(value)].name;
    const auto found = ranges_.tensors.find(name);
    if (found == ranges_.tensors.end()) {
        throw InputError(graph_.source + ": the ranges know nothing about tensor '" + name + "': they were made for another network ('" +
                         ranges_.network + "')");
    }
    return found->second;
}

Range Activations::range_of_class(ValueId value) const {
    const ValueId root = find(value);
    return common_[root] ? *common_[root] : calibrated(root);
}

QuantParams Activations::params(ValueId value) const {
    return fixed_[find(value)] ? probability : choose_params(range_of_class(value));
}

}  // namespace cim::compiler

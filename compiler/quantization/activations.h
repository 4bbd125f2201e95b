#pragma once
// Scale and zero point of every value of a network.

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/ir/quant_graph.h"
#include "compiler/quantization/fusion.h"
#include "compiler/quantization/ranges.h"

namespace cim::compiler {

/// Values that must be stored alike, because the operator between them moves stored values as they are, are of one class: input and output
/// of MaxPool, Reshape and a Clip on its own, all inputs and the output of a Concat. A class takes the range that holds those of its
/// Concats' results, without one that of its first value.
class Activations {
  public:
    /// InputError if the ranges lack a value.
    Activations(const Graph& graph, const Fusion& fusion, const Ranges& ranges);

    QuantParams params(ValueId value) const;
    /// Input `i` of Concat `node` is stored otherwise than its result and needs rescaling: it is probabilities, or it has other readers
    /// and so small a range that the common one would leave them too few steps.
    bool needs_rescaling(int node, std::size_t i) const { return rescaled_.count({node, i}) != 0; }

  private:
    int find(ValueId value) const;
    void join(ValueId a, ValueId b);
    void tie_passing_nodes(const Fusion& fusion);
    void tie_concats(const Fusion& fusion);
    Range calibrated(ValueId value) const;
    Range range_of_class(ValueId value) const;
    bool read_otherwise(ValueId value, const Fusion& fusion) const;

    const Graph& graph_;
    const Ranges& ranges_;
    std::vector<int> parent_;                   ///< a class is a tree; its root is its first value
    std::vector<bool> fixed_;                   ///< classes (by root) of probabilities
    std::vector<std::optional<Range>> common_;  ///< of each class (by root) with a Concat
    std::set<std::pair<int, std::size_t>> rescaled_;
};

/// Softmax gives values of 0 to 1.
inline constexpr QuantParams probability{1.0F / 256.0F, 0};

}  // namespace cim::compiler

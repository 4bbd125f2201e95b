#pragma once
// Which nodes of the float graph become one operator of the quantised network.

#include <vector>

#include "compiler/ir/graph.h"

namespace cim::compiler {

struct Fusion {
    std::vector<bool> fused;              ///< of each node: it is part of another one
    std::vector<std::vector<int>> tails;  ///< of each node: the nodes merged into it, in order
    std::vector<ValueId> results;         ///< of each node: the value behind the last of them
};

/// A Clip goes into the operator before it if that rounds anyway and nobody else reads its result; so does a PRelu, directly behind a
/// Conv, Gemm or Affine.
Fusion plan_fusion(const Graph& graph);

}  // namespace cim::compiler

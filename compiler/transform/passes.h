#pragma once
// Passes over the float graph. Each keeps what the network computes.

#include "compiler/ir/graph.h"

namespace cim::compiler {

/// Removes nodes and values that no output depends on; inputs stay.
void remove_dead_nodes(Graph& graph);

/// Merges an Affine into the Conv or Gemm whose result only it reads. Others stay as they are.
void fold_affine(Graph& graph);

/// GlobalAveragePool -> Reshape -> Gemm, each the only reader of the one before, becomes Reshape -> Gemm over the whole feature map, each
/// weight divided by the number of positions.
void fold_average_pool(Graph& graph);

}  // namespace cim::compiler

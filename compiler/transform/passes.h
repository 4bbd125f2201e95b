#pragma once
// Passes over the float graph. Each keeps what the network computes.

#include "compiler/ir/graph.h"

namespace cim::compiler {

/// Removes nodes and values that no output depends on; inputs stay.
void remove_dead_nodes(Graph& graph);

/// Merges a Pad into the Convs that read it. Others stay as they are.
void fold_pads(Graph& graph);

/// Merges an Affine into the Conv, Gemm or Affine whose result only it reads. Others stay as they are.
void fold_affine(Graph& graph);

/// Transposes and reshapes in front of a Gemm of one row go into the order of its weights; those that together move no element become
/// one Reshape. Other Transposes stay as they are.
void fold_transposes(Graph& graph);

/// Functions of one value that follow each other, each the only reader of the one before, become one Unary; so do x * f(x), and an
/// Affine that is the same for all channels. Clip and PRelu begin none: they are better merged into what is before them.
void fuse_unary(Graph& graph);

/// AveragePool over the whole map -> Reshape -> Gemm, each the only reader of the one before, becomes Reshape -> Gemm over the whole
/// feature map, each weight divided by the number of positions, if that has no more than `largest_spread` weights.
void fold_average_pool(Graph& graph);
inline constexpr std::int64_t largest_spread = 1 << 16;

}  // namespace cim::compiler

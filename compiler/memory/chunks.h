#pragma once
// How many positions of a row travel together. One by one they arrive earliest; together they take less of the core that sends them.

#include <vector>

#include "compiler/mapping/placement.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// Positions that travel together from a part with `cols` columns. A chunk delays its first position until its last one is there, by about
/// a quarter of a row of the whole map at most.
int largest_chunk(int cols, int whole_cols);

/// By core, the fewest positions a chunk with which its move engine sends for a quarter of the time between two images at most. That time
/// is taken to be that of the slowest Conv's reads.
std::vector<int> smallest_chunks(const QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices,
                                 const std::vector<NodePlacement>& placement);

}  // namespace cim::compiler

#pragma once
// VVM-grained remapping (CIM-MLC section 3.3): a crossbar activates parallel_row rows at once, so rows of a matrix that are dealt over more
// crossbars than they fill are read in fewer steps. A crossbar more for a Conv is one for another copy of it, or for shorter windows.

#include <cstdint>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "compiler/scheduling/cg/duplication.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// How many rows of a Conv's matrix a crossbar may hold at most, as Split::tile_rows has it: 0, and of the multiples of parallel_row the
/// least for each number of tiles. Only 0 if the machine's program does not drive rows (mode WLM), or converters lose something and other
/// rows would be read together.
std::vector<int> tile_heights(const QuantNode& conv, const hw::Machine& machine);

/// Splits with which `images` images take least, as far as that is images x the slowest task + the sum of all lags, on so many `crossbars`.
/// One copy each, of the first cut, if nothing fits.
std::vector<Split> remap(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars, std::int64_t images);

}  // namespace cim::compiler

#pragma once
// Early writes (compiler/scheduling/cg/prewrite.h) for a candidate, by a rehearsal of it.

#include <cstdint>

#include "compiler/driver/search.h"

namespace cim::compiler {

/// Gives segments of the candidate early writes, and it the program for that. False, and nothing changed, if no segment has time for any.
bool add_early_writes(Candidate& candidate, const QuantGraph& network, const hw::Machine& machine, std::int64_t images);

}  // namespace cim::compiler

#pragma once
// The segments of a candidate joined (compiler/scheduling/cg/joining.h).

#include <optional>

#include "compiler/driver/search.h"

namespace cim::compiler {

/// The candidate with its segments joined, and the program for that; nothing if none can be.
std::optional<Candidate> joined(const Candidate& candidate, const QuantGraph& network, const hw::Machine& machine);

}  // namespace cim::compiler

#pragma once
// Candidates whose segments are joined (compiler/scheduling/cg/joining.h), where one is better so.

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/driver/objective.h"
#include "compiler/driver/search.h"

namespace cim::compiler {

/// Of some candidates, whose schedules are made by their strategies if they have none, the best with its segments joined, if that is less
/// than `cost`, what the best without takes. None of more than `most_operations` operations.
std::optional<Candidate> better_joined(std::vector<Candidate> candidates, std::int64_t cost, std::int64_t most_operations,
                                       const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options,
                                       const Measure& measure);

}  // namespace cim::compiler

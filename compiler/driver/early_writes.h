#pragma once
// Early writes (compiler/scheduling/cg/prewrite.h) for candidates, by rehearsals of them.

#include <cstdint>
#include <optional>
#include <set>

#include "compiler/driver/search.h"

namespace cim::compiler {

/// The fastest, by `measure`, of a candidate and of other strategies, each with early writes if it has time for them. Nothing if none of
/// them is then faster than `cost`, that of the candidate without.
std::optional<Candidate> faster_with_early_writes(const Candidate& candidate, const std::set<Strategy>& others, std::int64_t cost,
                                                  const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options,
                                                  const Measure& measure);

}  // namespace cim::compiler

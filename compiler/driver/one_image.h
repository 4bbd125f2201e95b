#pragma once
// One image is mostly the pipeline filling. Shorter segments have more copies, with which it fills sooner, where weights are written fast.

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/driver/search.h"

namespace cim::compiler {

struct Rehearsed {
    Candidate candidate;
    hw::Ticks ticks = INT64_MAX;  ///< of one image, contention included
};

/// The fastest of the programs that strategies come to, which cut for one image (Cuts::OneImage); nothing if the candidate is as fast. Each
/// is cut again with what its segments took, until that is known of all or `rounds` have passed. `ticks`: what the candidate takes, nothing
/// if that is not known.
std::optional<Rehearsed> faster_for_one_image(const Candidate& candidate, std::optional<hw::Ticks> ticks,
                                              const std::vector<Strategy>& strategies, int rounds, const QuantGraph& network,
                                              const hw::Machine& machine, const ScheduleOptions& options);

}  // namespace cim::compiler

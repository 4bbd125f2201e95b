#pragma once
// What a schedule tells before there is a program for it.

#include <cstdint>
#include <vector>

#include "compiler/scheduling/cg/segmentation.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// All that distinguishes schedules of one network: which tiles and parts lie where, in how many copies, with which memories.
std::vector<std::int64_t> fingerprint(const Schedule& schedule);

/// How often crossbars are read for an image.
std::int64_t reads_of(const Schedule& schedule);

/// Bytes that a schedule needs.
struct MemoryUsed {
    std::int64_t l1 = 0;  ///< in the core that needs most
    std::int64_t l0 = 0;
};
MemoryUsed memory_used(const Schedule& schedule);

/// What no program of the schedule goes below while its segments wait for each other, summed over them: the reads of the busiest crossbar,
/// or the weights that external memory gives. Of what `Occupancy::busiest` counts, the part that needs no program.
hw::Ticks least_ticks(const Schedule& schedule, const hw::Machine& machine, const hw::PriceList& prices, std::int64_t images);

/// Whether maps between segments stay in L1.
bool holds_maps(const Schedule& schedule);

/// Whether relays share rows of an input.
bool has_bands(const Schedule& schedule);

}  // namespace cim::compiler

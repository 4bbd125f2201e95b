#pragma once
// Which of the maps that one segment leaves to others stay in L0 in between, rather than go to external memory and come back.

#include <cstdint>
#include <vector>

#include "compiler/scheduling/cg/passed_maps.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Addresses in a memory of `size` bytes for `images` images of each map; -1: it does not stay. `taken`: of each segment, what the memory
/// holds already, from address 0 on. Maps that save most traffic for the room that they take, and for how long, come first; each gets the
/// lowest address that is free for all its segments.
std::vector<std::int64_t> addresses_of(const std::vector<Lifetime>& maps, const std::vector<std::int64_t>& taken, std::int64_t size,
                                       std::int64_t images);

/// Lets all maps of a schedule stay for which the L0 of `machine` has room beside what its segments use, `batch` images of each: their
/// landings in L0 become Landing::kept, unless they have padding between the rows. Whatever room is left is for more images.
void keep_in_l0(Schedule& schedule, const hw::Machine& machine, std::int64_t batch);

}  // namespace cim::compiler

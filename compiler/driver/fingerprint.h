#pragma once
// What tells schedules apart before there are programs.

#include <cstdint>
#include <vector>

#include "compiler/scheduling/cg/segmentation.h"

namespace cim::compiler {

/// All that distinguishes schedules of one network: which tiles and parts lie where, in how many copies, with which memories.
std::vector<std::int64_t> fingerprint(const Schedule& schedule);

/// How often crossbars are read for an image.
std::int64_t reads_of(const Schedule& schedule);

}  // namespace cim::compiler

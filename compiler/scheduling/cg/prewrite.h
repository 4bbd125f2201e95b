#pragma once
// Weights of a segment that are written while the one before still computes (CG-grained): into crossbars that it leaves free, or has read
// for the last time.

#include <vector>

#include "compiler/scheduling/cg/segmentation.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// When a segment is how far, from its begin.
struct Progress {
    hw::Ticks written = 0;        ///< its own weights
    hw::Ticks fetched = 0;        ///< its inputs
    std::vector<hw::Ticks> done;  ///< by node: its crossbars are read for the last time
    hw::Ticks end = 0;
};

/// Gives segments but the first other crossbars than the ones before them use, where there are some, and says which of their tiles are
/// written early: as many as the segment before has time for. `progress`: of each segment without early writes. False if there are none.
bool prewrite(Schedule& schedule, const hw::Machine& machine, std::vector<Progress> progress);

/// What all segments but the first take to write their weights, without contention and with nothing else going on.
hw::Ticks writing_ticks(const Schedule& schedule, const hw::Machine& machine);

}  // namespace cim::compiler

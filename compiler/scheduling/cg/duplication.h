#pragma once
// How many copies of each Conv's weights work on its output positions (CG-grained duplication, CIM-MLC section 3.3).

#include <vector>

#include "compiler/mapping/placement.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// A Conv as duplication sees it.
struct DuplicationTask {
    int tiles = 0;               ///< crossbars of one copy
    int rows = 1, cols = 1;      ///< output positions
    int most_dy = 1;             ///< copies that rows may be dealt to
    hw::Ticks window_ticks = 1;  ///< of one position on one copy
};

/// Time that a task takes on copies split so.
hw::Ticks task_ticks(const DuplicationTask& task, const Split& split);

/// Fewest copies with which a task takes `ticks` at most; copies() is 0 if no number does.
Split fewest_copies(const DuplicationTask& task, hw::Ticks ticks);

/// Splits that make the slowest task as fast as `crossbars` allow (the interval of a pipeline), with the fewest copies that do so; what is
/// left then goes to whichever task takes longest. One copy each if nothing fits.
std::vector<Split> duplicate(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars);

}  // namespace cim::compiler

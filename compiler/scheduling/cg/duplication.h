#pragma once
// How many copies of each Conv's weights work on its output positions (CG-grained duplication, CIM-MLC section 3.3).

#include <vector>

#include "compiler/mapping/placement.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// A way to cut a Conv's matrix into tiles.
struct Cut {
    int tile_rows = 0;           ///< as Split has it
    int tiles = 0;               ///< crossbars of one copy
    hw::Ticks window_ticks = 1;  ///< of one position on one copy
    int short_tiles = 0;         ///< of the tiles, those of fewer rows than the others that copies may share
    hw::Ticks short_ticks = 0;   ///< of one position on one of these
};

/// A Conv as duplication sees it.
struct DuplicationTask {
    std::vector<Cut> cuts;   ///< one or more, of different heights
    int rows = 1, cols = 1;  ///< output positions
    int most_dy = 1;         ///< copies that rows of the output may be dealt to
    int rows_behind = 0;     ///< output rows that need the last row of input, besides the first of them; of no effect on the interval
    int most_dy_apart = 1;   ///< like most_dy, if windows of a copy need not touch: each then receives its own rows
};

/// The cut that a split takes.
const Cut& cut_of(const DuplicationTask& task, const Split& split);

/// Time that a task takes on copies split so, and the crossbars that they take.
hw::Ticks task_ticks(const DuplicationTask& task, const Split& split);
std::int64_t task_crossbars(const DuplicationTask& task, const Split& split);

/// How long after its last input a Conv gives its last output: two windows, one of which is under way, and the rows that waited for the
/// last row of input.
hw::Ticks lag(const DuplicationTask& task, const Split& split);

/// A task without what costs its neighbours time: short tiles that copies share (a copy's input then goes to one core more); and besides
/// rows dealt so far that each copy receives its own.
DuplicationTask unshared(DuplicationTask task);
DuplicationTask plain(DuplicationTask task);

/// Fewest crossbars on which a task takes `ticks` at most; copies() is 0 if it cannot.
Split cheapest(const DuplicationTask& task, hw::Ticks ticks);

/// Splits that make the slowest task as fast as `crossbars` allow (the interval of a pipeline), on the fewest crossbars that do so; what is
/// left then goes to whichever task takes longest. Tasks are taken as plain() unless the slowest one is faster by an eighth if they are
/// unshared(), and as that unless it is faster by an eighth if they are not: what dealing far and sharing costs is not counted. One copy
/// each, of the first cut, if nothing fits.
std::vector<Split> duplicate(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars);

}  // namespace cim::compiler

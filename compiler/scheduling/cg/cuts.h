#pragma once
// Where to cut a network that does not fit the chip, and how many copies each segment is to have (CG-grained, CIM-MLC section 3.3):
// shorter segments leave crossbars for copies, but copies are written each time, and what one segment leaves to the next is moved twice.

#include <optional>
#include <vector>

#include "compiler/scheduling/cg/duplication.h"
#include "compiler/scheduling/cg/options.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Of the lags in a segment half counts: many pass while the slowest operator works. Set with MobileNetV2 at 64x64 on puma before us, 5 %
/// faster than with all of them; with a quarter ResNet8 on jain2021 takes 1 % longer.
constexpr int part_of_lags = 2;

/// A Conv whose weights are written in its segment.
struct WrittenTask {
    DuplicationTask task;
    hw::Ticks write_ticks = 0;  ///< of one copy
    hw::Ticks write_end = 0;    ///< from the moment that external memory has given a tile to when its crossbar holds it
    Options options{task, write_ticks, part_of_lags};
};

/// Energy as the time in which as much leaks, so that the least sum of both is the least energy. Where little leaks, next to no time is
/// worth it: `fj_a_tick` counts as 1 at least.
hw::Ticks leaking_ticks(double fj, double fj_a_tick);

/// An operator on its way through an image: what it waits for, and how long it takes.
struct PipelineStage {
    struct Input {
        int stage = 0;           ///< that gives it
        int need = 0, rows = 1;  ///< of its rows, those that have to be there for the first results
    };
    std::vector<Input> inputs;
    hw::Ticks alone = 0;  ///< on one copy; 0: done with each row as it comes
};

/// What tells how long a segment works when its slowest task is known.
struct Pipeline {
    std::int64_t images = 1;
    hw::Ticks moving = 0;  ///< of an image, through external memory and L0
    /// Stages first .. last-1 of all; from others, what comes is there.
    const std::vector<PipelineStage>* stages = nullptr;
    int first = 0, last = 0;
    hw::Ticks pace = 0;  ///< that an image takes at least, as a program showed; copies are chosen without

    /// An image passes as fast as the slowest task, what moves, or the pace, allows; the first one has to fill the pipeline: a stage begins
    /// when it has the rows that it needs of those before, which give theirs evenly, and takes as long as the slowest, or less if one copy
    /// does.
    hw::Ticks ticks(hw::Ticks slowest) const;
};

struct SegmentCopies {
    hw::Ticks writing = 0;
    hw::Ticks slowest = 0;  ///< task
    hw::Ticks lags = 0;     ///< what counts of them
    std::vector<Split> splits;
};

/// The splits with which a segment of `count` tasks takes least time: writing, lags, and working. Nothing if one copy of each is more than
/// the crossbars.
std::optional<SegmentCopies> written_copies(const WrittenTask* tasks, std::size_t count, std::int64_t crossbars, const Pipeline& pipeline);

/// What segments take, by their first place and their length less 1; nothing: not possible, like those that are longer than all of a place.
using SegmentTicks = std::vector<std::vector<std::optional<hw::Ticks>>>;

/// A way to have a segment, where weights of the next one are written while it works.
struct SegmentTimes {
    hw::Ticks writing = 0;     ///< that external memory gives its weights
    hw::Ticks write_end = 0;   ///< from then on until the last crossbar holds its tile
    hw::Ticks working = 0;     ///< the rest
    hw::Ticks spare = 0;       ///< of it, that external memory has nothing else to give
    std::int64_t used = 0;     ///< crossbars
    std::int64_t allowed = 0;  ///< crossbars that it was to have at most
    hw::Ticks lags = 0;        ///< of `working`, what counts of lags
};

/// What a segment takes from external memory and leaves there, for an image.
struct Moved {
    hw::Ticks ticks = 0;  ///< in which it computes as well
    hw::Ticks worth = 0;  ///< that its energy counts as
};

/// What a segment of `count` tasks takes by an estimate without contention, with its written_copies(). `worth`: as Moved has it.
std::optional<SegmentTimes> segment_times(const WrittenTask* tasks, std::size_t count, std::int64_t crossbars, const Pipeline& pipeline,
                                          hw::Ticks worth);

/// Time from the end of `before`, if there is one, to the end of `segment`. Early are written as many of its weights as there are free
/// crossbars, of `crossbars` in all, and spare time.
hw::Ticks ticks_after(const SegmentTimes* before, const SegmentTimes& segment, std::int64_t crossbars);

/// Ways to have each segment, by first place and length less 1.
using SegmentChoices = std::vector<std::vector<std::vector<SegmentTimes>>>;

struct ChosenSegment {
    int end = 0;
    std::int64_t allowed = 0;
};

/// As cut(), for the sum of ticks_after().
std::vector<ChosenSegment> cut_overlapping(const SegmentChoices& choices, std::int64_t crossbars);

/// Cuts all places into consecutive segments that together take least, by dynamic programming; gives the end of each. Empty if there is
/// no way.
std::vector<int> cut(const SegmentTicks& ticks);

}  // namespace cim::compiler

#pragma once
// Segments that begin while those before them work: weights are written where a crossbar is done with, and rows of a map are taken as they
// come. Nothing waits for the last row of a segment but what needs it.

#include <cstdint>
#include <vector>

#include "compiler/scheduling/cg/segmentation.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Joins each segment to the one before (Segment::joined) that takes nothing from those it is then joined to but maps that cores hold, and
/// where there is room in the memories for all that they have. They lie side by side then. Early writes are gone where segments are joined.
/// False, and nothing changed, if there are none to join.
bool join_segments(Schedule& schedule, const hw::Machine& machine);

/// Whether some of its segments are joined.
bool is_joined(const Schedule& schedule);

/// By segment, which of the program it belongs to: joined ones are one.
std::vector<int> program_segments(const Schedule& schedule);

}  // namespace cim::compiler

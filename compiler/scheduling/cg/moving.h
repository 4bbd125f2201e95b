#pragma once
// Segments on other cores of the chip, counted around its end, in the same order.

#include "compiler/scheduling/cg/segmentation.h"

namespace cim::compiler {

/// By how many cores a segment has to move to begin behind the one before it; 0 if one of them has no tiles.
int way_behind(const Segment& before, const Segment& segment, int cores);

/// Moves all that a segment has on cores; not the maps that cores hold for it.
void move(Segment& segment, int by, int cores);

/// Moves segments that need no more than three quarters of the cores to behind the one before each. They begin on crossbars that are idle,
/// then on those that are idle first, and the next one finds the others done. A segment that fills the chip gains nothing by another first
/// core.
void move_small_ones_behind(std::vector<Segment>& segments, int cores);

}  // namespace cim::compiler

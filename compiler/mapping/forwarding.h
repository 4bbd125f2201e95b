#pragma once
// Cores of a Conv that take the same of its input, and pass it on among themselves.

#include <vector>

#include "compiler/mapping/placement.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// Of the cores that work for the same copies of a Conv and take the same of its input, if they are three or more: each but the first has
/// it from another one, which passes it on to four at most. By core, ascending. None if rows are dealt so far that each copy receives its
/// own.
std::vector<Forward> forwards_of(const QuantGraph& graph, const QuantNode& conv, const NodePlacement& placement);

/// Whether to send a position of the input to every core of a Conv that takes it holds a move engine for more than a quarter of a window;
/// or a piece of a vector, which comes once an image and is passed on as a whole, for more than half of `interval`.
bool has_many_receivers(const QuantGraph& graph, const QuantNode& conv, const NodePlacement& placement, const hw::PriceList& prices,
                        hw::Ticks interval);

}  // namespace cim::compiler

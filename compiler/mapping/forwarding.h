#pragma once
// Cores of a Conv that take the same of its input, and pass it on among themselves.

#include <vector>

#include "compiler/mapping/placement.h"

namespace cim::compiler {

/// Of the cores that work for the same copies of a Conv and take the same of its input, if they are three or more: each but the first has
/// it from another one, which passes it on to four at most. By core, ascending. None if the input comes as a vector, or if windows leave
/// out rows, since then nothing tells when these are done with.
std::vector<Forward> forwards_of(const QuantGraph& graph, const QuantNode& conv, const NodePlacement& placement);

/// Ticks that the busiest crossbar is read for an image.
hw::Ticks slowest_reads(const std::vector<NodePlacement>& placement, const hw::PriceList& prices);

/// Whether some core that gives the input of a Conv would be busy for half of `interval` or more with sending it to every core of the
/// Conv, position by position. Of an input of the graph, whose rows relays share: with a row of it.
bool has_many_receivers(const QuantGraph& graph, NodeId conv, const std::vector<NodePlacement>& placement, hw::Ticks interval,
                        const hw::PriceList& prices);

}  // namespace cim::compiler

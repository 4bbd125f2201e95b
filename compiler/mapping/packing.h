#pragma once
// Which crossbar holds which tile.

#include <optional>
#include <vector>

#include "compiler/mapping/load.h"
#include "compiler/mapping/placement.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Whether the L1 port of a core whose crossbars all work is busy for a good part (a quarter) of a multiplication: then it pays to balance.
bool ports_matter(const hw::Machine& machine, const hw::PriceList& prices);

/// Crossbars that a copy of a Conv with these tiles takes up: its own, or those of its cores where they work for it alone (in CM, where the
/// core is the unit of control, and if spread by copies).
int crossbars_taken(const std::vector<Tile>& tiles, const hw::Machine& machine, Spread spread = Spread::Balanced);

/// Gives all tiles their crossbars, in order, as loosely as fits the chip; of the ways that are alike in that, the one with the fewest
/// crossbars a core that `spread` allows. False if they do not fit.
bool pack_in_order(std::vector<NodePlacement>& placement, const hw::Machine& machine, Spread spread);

/// Where several copies work: gives whole columns of tiles to cores so that L1 ports, move engines and ALUs have the same to do on all, as
/// far as that goes (compiler/mapping/load.h): the largest columns first if the spread says so or all_are_near(), else in order. How long
/// the busiest is held for an image; nothing if there are no copies, or columns do not fit so.
std::optional<hw::Ticks> pack_balanced(std::vector<NodePlacement>& placement, const QuantGraph& graph, const hw::Machine& machine,
                                       const hw::PriceList& prices, Spread spread = Spread::Balanced);

/// Whether from one core all others are as far, so that it does not matter on which of them operators lie that follow each other.
bool all_are_near(const hw::Machine& machine, const hw::PriceList& prices);

/// What each core has to do for an image, for tiles that have their crossbars, however they came to them.
std::vector<Load> loads_of_cores(const std::vector<NodePlacement>& placement, const QuantGraph& graph, const hw::Machine& machine,
                                 const hw::PriceList& prices, Spread spread = Spread::Counted);

/// How long the busiest of them is held.
hw::Ticks busiest_core(const std::vector<NodePlacement>& placement, const QuantGraph& graph, const hw::Machine& machine,
                       const hw::PriceList& prices, Spread spread = Spread::Balanced);

/// Ways to spread operators over the cores that differ on a machine.
std::vector<Spread> spreads_on(const hw::Machine& machine, const hw::PriceList& prices);

}  // namespace cim::compiler

#pragma once
// Which crossbar holds which tile.

#include <vector>

#include "compiler/mapping/placement.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// How tiles are spread over the cores.
enum class Packing : std::uint8_t {
    Balanced,   ///< where several copies work: what goes through the L1 ports is the same on all cores, as far as whole columns allow
    Columns,    ///< the row tiles of a column begin on a new core if they do not fit the rest of the present one
    Operators,  ///< each operator begins on a new core
    Dense,      ///< crossbar after crossbar
    Cores,      ///< CM: a core works for one copy of one operator, and if a column needs several cores, for that column
};

/// Whether the L1 port of a core whose crossbars all work is busy for a good part (a quarter) of a multiplication: then it pays to balance.
bool ports_matter(const hw::Machine& machine);

/// Crossbars that a copy of a Conv with these tiles takes up: its own, or in CM, where the core is the unit of control, those of its cores.
int crossbars_taken(const std::vector<Tile>& tiles, const hw::Machine& machine);

/// Gives all tiles their crossbars. False if they do not fit so.
bool pack(std::vector<NodePlacement>& placement, const hw::Machine& machine, Packing packing);

}  // namespace cim::compiler

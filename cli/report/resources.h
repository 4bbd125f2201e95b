#pragma once
// Cores, crossbars and segments that the operators of a program use.

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "isa/program.h"

namespace cim::cli {

/// Of one operator: places of its flows, crossbars that its flows program.
struct Resources {
    std::set<isa::Index> cores;
    std::set<isa::Index> segments;
    std::set<std::pair<isa::Index, isa::Index>> crossbars;
    std::map<isa::Index, std::int64_t> tiles;  ///< programmed, by segment
    std::int64_t copies = 1;                   ///< crossbars that hold the same tile in the same segment, at the most
};

/// By operator.
std::vector<Resources> resources_of(const isa::Program& program);

}  // namespace cim::cli

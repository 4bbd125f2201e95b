#pragma once
// Parts of the machine, spreads and cuts, tried from the best point on along each resource.

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "compiler/driver/search.h"

namespace cim::compiler {

struct Explored {
    Candidate best;
    std::int64_t cost = 0;                                ///< of the best, as the measure has it: what bounds it if not rehearsed
    bool rehearsed = true;                                ///< programs are short enough for that
    std::set<std::pair<std::int64_t, Strategy>> ranking;  ///< of all different schedules, by cost
};

/// The best of the schedules that wait for each other's segments and write no weights early; the first alone if not `several`. InputError
/// if there is none.
Explored explore(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const SearchOptions& search,
                 const Measure& measure, const std::vector<Spread>& spreads);

}  // namespace cim::compiler

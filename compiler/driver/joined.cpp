#include "compiler/driver/joined.h"

#include <algorithm>
#include <utility>

#include "compiler/codegen/generate.h"
#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/parallel.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/scheduling/cg/joining.h"

namespace cim::compiler {

std::optional<Candidate> better_joined(std::vector<Candidate> candidates, std::int64_t cost, std::int64_t most_operations,
                                       const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options,
                                       const Measure& measure) {
    std::vector<std::int64_t> costs(candidates.size(), INT64_MAX);
    in_parallel(static_cast<int>(candidates.size()), 1, [&](int begin, int) {
        Candidate& at_hand = candidates[at(begin)];
        try {
            if (at_hand.schedule.segments.empty()) {
                at_hand.schedule = schedule(network, machine, options, at_hand.strategy);
            }
        } catch (const InputError&) {
            return;  // cut so, it is too large for a memory
        }
        if (!join_segments(at_hand.schedule, machine)) {
            return;
        }
        at_hand.program = generate_flows(network, at_hand.schedule, machine);
        const Occupancy occupancy = occupancy_of(at_hand.program, machine, measure.images());
        if (occupancy.operations <= most_operations) {
            costs[at(begin)] = measure.rehearsed(at_hand.program, occupancy, cost);
        }
    });
    const auto least = std::min_element(costs.begin(), costs.end());
    return *least < cost ? std::make_optional(std::move(candidates[at(static_cast<int>(least - costs.begin()))])) : std::nullopt;
}

}  // namespace cim::compiler

#include "compiler/driver/paces.h"

#include <optional>
#include <utility>

#include "compiler/codegen/generate.h"
#include "compiler/prediction/occupancy.h"

namespace cim::compiler {

namespace {
constexpr int most_rounds = 32;
}

Candidate cut_by_paces(Candidate from, const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options,
                       std::int64_t images) {
    Candidate at = std::move(from);
    std::optional<Candidate> best;
    hw::Ticks least = 0;
    for (int round = 0; round < most_rounds; ++round) {
        const Occupancy occupancy = occupancy_of(at.program, machine, images);
        if (!best || occupancy.busiest < least) {
            least = occupancy.busiest;
            best = at;
        }
        const std::size_t known = at.strategy.paces.size();
        for (std::size_t s = 0; s < at.schedule.segments.size(); ++s) {
            const Segment& segment = at.schedule.segments[s];
            at.strategy.paces[{segment.first, segment.last}] = occupancy.working[s] / images;
        }
        if (at.strategy.paces.size() == known) {
            return at;
        }
        at.schedule = schedule(network, machine, options, at.strategy);
        at.program = generate_flows(network, at.schedule, machine);
    }
    return std::move(*best);
}

}  // namespace cim::compiler

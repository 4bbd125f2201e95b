#include "compiler/driver/early_writes.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/parallel.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/prediction/predict.h"
#include "compiler/scheduling/cg/prewrite.h"

namespace cim::compiler {

namespace {

/// How a candidate goes through its segments, with contention.
std::vector<Progress> progress_of(const Candidate& candidate, const hw::Machine& machine, std::int64_t images) {
    PredictOptions rehearsal;
    rehearsal.contention = true;
    const Prediction prediction = predict(candidate.program, machine, images, rehearsal);
    std::vector<Progress> list;
    for (std::size_t s = 0; s < prediction.segments.size(); ++s) {
        const SegmentPrediction& segment = prediction.segments[s];
        Progress progress{segment.written - segment.begin, segment.fetched - segment.begin, {}, segment.end - segment.begin};
        for (const Origin& origin : candidate.schedule.segments[s].origins) {
            progress.done.push_back(segment.crossbars[at(origin.node)] - segment.begin);
        }
        list.push_back(std::move(progress));
    }
    return list;
}

/// Gives segments of the candidate early writes, and it the program for that. False, and nothing changed, if no segment has time for any.
bool add_early_writes(Candidate& candidate, const QuantGraph& network, const hw::Machine& machine, std::int64_t images) {
    if (!prewrite(candidate.schedule, machine, progress_of(candidate, machine, images))) {
        return false;
    }
    candidate.program = generate_flows(network, candidate.schedule, machine);
    return true;
}

}  // namespace

std::optional<Candidate> faster_with_early_writes(const Candidate& candidate, const std::set<Strategy>& others, std::int64_t cost,
                                                  const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options,
                                                  const Measure& measure) {
    struct Way {
        Candidate candidate;
        std::int64_t cost = INT64_MAX;
    };
    std::vector<Way> ways{{candidate}};
    for (const Strategy& strategy : others) {
        ways.push_back({{strategy, {}, {}}});
    }
    in_parallel(static_cast<int>(ways.size()), 1, [&](int begin, int) {
        Way& way = ways[at(begin)];
        if (begin > 0) {
            try {
                way.candidate.schedule = schedule(network, machine, options, way.candidate.strategy);
            } catch (const InputError&) {
                return;  // cut so, it is too large for a memory
            }
            way.candidate.program = generate_flows(network, way.candidate.schedule, machine);
        }
        if (add_early_writes(way.candidate, network, machine, measure.images()) || begin > 0) {
            const isa::Program& program = way.candidate.program;
            way.cost = measure.rehearsed(program, occupancy_of(program, machine, measure.images()), cost);
        }
    });
    Way& best = *std::min_element(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return a.cost < b.cost; });
    return best.cost < cost ? std::make_optional(std::move(best.candidate)) : std::nullopt;
}

}  // namespace cim::compiler

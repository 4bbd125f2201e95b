#include "compiler/driver/early_writes.h"

#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/ir/index.h"
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

}  // namespace

bool add_early_writes(Candidate& candidate, const QuantGraph& network, const hw::Machine& machine, std::int64_t images) {
    if (!prewrite(candidate.schedule, machine, progress_of(candidate, machine, images))) {
        return false;
    }
    candidate.program = generate_flows(network, candidate.schedule, machine);
    return true;
}

}  // namespace cim::compiler

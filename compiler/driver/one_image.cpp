#include "compiler/driver/one_image.h"

#include <algorithm>
#include <utility>

#include "compiler/codegen/generate.h"
#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/parallel.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/prediction/predict.h"
#include "compiler/scheduling/cg/joining.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

/// Of external memory, to give the weights of one copy of everything.
hw::Ticks giving_weights(const Schedule& schedule, const hw::Machine& machine) {
    const hw::PriceList prices(machine);
    hw::Ticks ticks = 0;
    for (const Segment& segment : schedule.segments) {
        for (const NodePlacement& here : segment.placement) {
            for (const Tile& tile : here.tiles) {
                const std::int64_t bytes = static_cast<std::int64_t>(tile.rows) * tile.cols;
                ticks += tile.copy > 0 ? 0 : prices.write(tile.core, tile.rows, tile.cols, 8, bytes).ticks_on(hw::Resource::External);
            }
        }
    }
    return ticks;
}

Prediction rehearse(const isa::Program& program, const hw::Machine& machine) {
    PredictOptions rehearsal;
    rehearsal.contention = true;
    return predict(program, machine, 1, rehearsal);
}

/// The fastest program that cutting with an estimate, and again with what segments took, comes to.
Rehearsed cut_by_times(Strategy strategy, int rounds, const QuantGraph& network, const hw::Machine& machine,
                       const ScheduleOptions& options) {
    Rehearsed best;
    for (int round = 0; round < rounds; ++round) {
        Candidate at{strategy, {}, {}};
        try {
            at.schedule = schedule(network, machine, options, strategy);
        } catch (const InputError&) {
            break;  // cut so, it is too large for a memory
        }
        const bool joined = options.joining && join_segments(at.schedule, machine);
        const std::vector<Segment>& segments = at.schedule.segments;
        if (std::all_of(segments.begin(), segments.end(), [&](const Segment& segment) {
                return strategy.paces.count({segment.first, segment.last}) > 0;
            })) {
            break;
        }
        at.program = generate_flows(network, at.schedule, machine);
        const Prediction prediction = rehearse(at.program, machine);
        for (std::size_t s = 0; !joined && s < segments.size(); ++s) {
            const SegmentPrediction& took = prediction.segments[s];
            strategy.paces[{segments[s].first, segments[s].last}] = took.end - took.begin;
        }
        if (prediction.ticks < best.ticks) {
            best = {std::move(at), prediction.ticks};
        }
        if (joined) {
            break;  // what each took cannot be told
        }
    }
    return best;
}

}  // namespace

std::optional<Rehearsed> faster_for_one_image(const Candidate& candidate, std::optional<hw::Ticks> ticks,
                                              const std::vector<Strategy>& strategies, int rounds, const QuantGraph& network,
                                              const hw::Machine& machine, const ScheduleOptions& options) {
    const hw::Ticks least = ticks ? *ticks : occupancy_of(candidate.program, machine, 1).busiest;
    if (candidate.schedule.segments.size() == 1 && giving_weights(candidate.schedule, machine) > least) {
        return std::nullopt;
    }
    std::vector<Rehearsed> ways(strategies.size());
    in_parallel(static_cast<int>(strategies.size()) + 1, 1, [&](int begin, int) {
        if (begin == 0) {
            ticks = ticks ? ticks : rehearse(candidate.program, machine).ticks;
        } else {
            ways[at(begin - 1)] = cut_by_times(strategies[at(begin - 1)], rounds, network, machine, options);
        }
    });
    Rehearsed& best = *std::min_element(ways.begin(), ways.end(), [](const Rehearsed& a, const Rehearsed& b) { return a.ticks < b.ticks; });
    return best.ticks < *ticks ? std::make_optional(std::move(best)) : std::nullopt;
}

}  // namespace cim::compiler

#include "compiler/driver/compile.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/codegen/weights.h"
#include "compiler/driver/level.h"
#include "compiler/driver/power_limit.h"
#include "compiler/driver/search.h"
#include "compiler/error.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {

namespace {
constexpr std::int64_t endless = 1'000;  // images, so many that how long the first takes does not count

/// The best that there is for a machine driven at a level.
struct Driven {
    isa::Level level = isa::Level::None;
    hw::Machine machine;
    Candidate candidate;
};

/// At which of the levels that is best, contention included. InputError if the network fits at none.
Driven best_of_levels(const QuantGraph& network, const hw::Machine& machine, const std::vector<isa::Level>& levels,
                      const ScheduleOptions& options, const SearchOptions& search) {
    std::optional<Driven> best;
    std::optional<InputError> refusal;
    std::int64_t least = 0;
    for (const isa::Level level : levels) {
        Driven driven{level, driven_at(machine, level), {}};
        try {
            driven.candidate = best_candidate(network, driven.machine, options, search);
        } catch (const InputError& error) {
            refusal = refusal ? refusal : error;
            continue;
        }
        std::int64_t cost = 0;
        if (levels.size() > 1) {
            const Measure measure(search.objective, driven.machine, search.images);
            const isa::Program& program = driven.candidate.program;
            cost = measure.rehearsed(program, occupancy_of(program, driven.machine, measure.images()), INT64_MAX);
        }
        if (!best || cost < least) {
            best = std::move(driven);
            least = cost;
        }
    }
    if (!best) {
        throw *refusal;
    }
    return std::move(*best);
}

}  // namespace

Compiled compile(Graph graph, const Ranges& ranges, const hw::Machine& machine, const CompileOptions& options) {
    return compile(quantise(std::move(graph), ranges), machine, options);
}

Compiled compile(QuantGraph network, const hw::Machine& machine, const CompileOptions& options) {
    Compiled result;
    ScheduleOptions scheduling;
    scheduling.serial = options.level == isa::Level::None;
    scheduling.duplication = options.duplication && !scheduling.serial;
    scheduling.remapping = options.remapping && options.copies == CopyPolicy::Optimal;
    scheduling.prewriting = options.prewrite && options.copies == CopyPolicy::Optimal && !scheduling.serial;
    scheduling.keeping = options.keep && options.copies == CopyPolicy::Optimal && !scheduling.serial;
    scheduling.holding = options.hold;
    scheduling.forwarding = options.forward && options.copies == CopyPolicy::Optimal && !scheduling.serial;
    scheduling.joining = options.join && options.copies == CopyPolicy::Optimal && !scheduling.serial;
    scheduling.reloading = options.reload && options.copies == CopyPolicy::Optimal && !scheduling.serial;
    scheduling.batch = std::max<std::int64_t>(1, options.images);
    scheduling.images = options.objective == Objective::Interval ? endless : scheduling.batch;
    scheduling.copies = options.copies;
    // Baselines read the tiles of a window together.
    scheduling.staggered = options.stagger && options.copies == CopyPolicy::Optimal && !scheduling.serial;
    const bool several = options.spread && options.copies == CopyPolicy::Optimal && !scheduling.serial;
    // Candidates copy the nodes, and none looks at the matrices.
    std::vector<std::vector<std::int8_t>> matrices;
    for (QuantNode& node : network.nodes) {
        matrices.push_back(std::exchange(node.matrix, {}));
    }
    std::vector<isa::Level> levels = levels_of(machine);
    if (!options.every_level) {
        levels = {options.level.value_or(levels.front())};
    }
    Driven best = best_of_levels(network, machine, levels, scheduling, {options.objective, options.images, several, options.thorough});
    const isa::Level level = best.level;
    result.machine = std::move(best.machine);
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        network.nodes[i].matrix = std::move(matrices[i]);
    }
    result.network = std::move(network);
    result.schedule = std::move(best.candidate.schedule);
    result.program = std::move(best.candidate.program);
    result.program.level = level;
    if (options.power_limit_uw) {
        const auto flows = [&](std::int64_t most_transferred) {
            isa::Program program = generate_flows(result.network, result.schedule, result.machine, most_transferred);
            program.level = level;
            return program;
        };
        result.program = power_limited(flows, result.machine, *options.power_limit_uw, options.objective, options.images);
    }
    fill_weights(result.program, result.network, result.schedule);
    return result;
}

}  // namespace cim::compiler

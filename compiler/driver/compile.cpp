#include "compiler/driver/compile.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/codegen/weights.h"
#include "compiler/driver/level.h"
#include "compiler/driver/power_limit.h"
#include "compiler/driver/search.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {

namespace {
constexpr std::int64_t endless = 1'000;  // images, so many that how long the first takes does not count
}

Compiled compile(Graph graph, const Ranges& ranges, const hw::Machine& machine, const CompileOptions& options) {
    return compile(quantise(std::move(graph), ranges), machine, options);
}

Compiled compile(QuantGraph network, const hw::Machine& machine, const CompileOptions& options) {
    const isa::Level level = options.level.value_or(default_level(machine));
    Compiled result;
    result.machine = driven_at(machine, level);
    ScheduleOptions scheduling;
    scheduling.serial = level == isa::Level::None;
    scheduling.duplication = options.duplication && !scheduling.serial;
    scheduling.remapping = options.remapping && options.copies == CopyPolicy::Optimal;
    scheduling.prewriting = options.prewrite && options.copies == CopyPolicy::Optimal && !scheduling.serial;
    scheduling.keeping = options.keep && options.copies == CopyPolicy::Optimal && !scheduling.serial;
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
    Candidate best = best_candidate(network, result.machine, scheduling, {options.objective, options.images, several});
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        network.nodes[i].matrix = std::move(matrices[i]);
    }
    result.network = std::move(network);
    result.schedule = std::move(best.schedule);
    result.program = std::move(best.program);
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

#include "compiler/driver/compile.h"

#include <optional>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/driver/level.h"
#include "compiler/error.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {

Compiled compile(const Graph& graph, const Ranges& ranges, const hw::Machine& machine, const CompileOptions& options) {
    return compile(quantise(graph, ranges), machine, options);
}

Compiled compile(QuantGraph network, const hw::Machine& machine, const CompileOptions& options) {
    const isa::Level level = options.level.value_or(default_level(machine));
    Compiled best;
    best.machine = driven_at(machine, level);
    ScheduleOptions scheduling;
    scheduling.serial = level == isa::Level::None;
    scheduling.duplication = options.duplication && !scheduling.serial;
    // In CM a copy has cores of its own, and the baseline is not to be improved.
    const bool spread = options.spread && !scheduling.serial && best.machine.mode != hw::ComputingMode::CM;
    std::vector<Spread> spreads{Spread::Balanced};
    if (spread) {
        spreads.insert(spreads.end(), {Spread::None, Spread::Columns, Spread::Tiles});
    }
    hw::Ticks least = 0;
    bool fits = false;
    std::optional<InputError> refusal;
    for (const Spread each : spreads) {
        try {
            Schedule schedule = compiler::schedule(network, best.machine, scheduling, each);
            isa::Program program = generate(network, schedule, best.machine);
            const hw::Ticks busiest = spreads.size() > 1 ? busiest_ticks(program, best.machine, 1) : 0;
            if (!fits || busiest < least) {
                best.schedule = std::move(schedule);
                best.program = std::move(program);
                least = busiest;
            }
            fits = true;
        } catch (const InputError& error) {
            refusal = error;
        }
    }
    if (!fits) {
        throw *refusal;
    }
    best.network = std::move(network);
    best.program.level = level;
    return best;
}

}  // namespace cim::compiler

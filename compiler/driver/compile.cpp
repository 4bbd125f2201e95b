#include "compiler/driver/compile.h"

#include <optional>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/error.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {

Compiled compile_quantised(QuantGraph network, const hw::Machine& machine, const ScheduleOptions& options) {
    Compiled best;
    hw::Ticks least = 0;
    bool fits = false;
    std::optional<InputError> refusal;
    std::vector<Spread> spreads{Spread::Balanced};
    if (options.spread) {
        spreads.insert(spreads.end(), {Spread::None, Spread::Columns, Spread::Tiles});
    }
    for (const Spread spread : spreads) {
        try {
            Schedule schedule = compiler::schedule(network, machine, options, spread);
            isa::Program program = generate(network, schedule, machine);
            const hw::Ticks busiest = busiest_ticks(program, machine, 1);
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
    return best;
}

Compiled compile(const Graph& graph, const Ranges& ranges, const hw::Machine& machine, const ScheduleOptions& options) {
    return compile_quantised(quantise(graph, ranges), machine, options);
}

}  // namespace cim::compiler

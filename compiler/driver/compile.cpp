#include "compiler/driver/compile.h"

#include <utility>

#include "compiler/codegen/generate.h"
#include "compiler/driver/level.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {

Compiled compile(const Graph& graph, const Ranges& ranges, const hw::Machine& machine, const CompileOptions& options) {
    return compile(quantise(graph, ranges), machine, options);
}

Compiled compile(QuantGraph network, const hw::Machine& machine, const CompileOptions& options) {
    const isa::Level level = options.level.value_or(default_level(machine));
    Compiled result;
    result.machine = driven_at(machine, level);
    result.network = std::move(network);
    ScheduleOptions scheduling;
    scheduling.serial = level == isa::Level::None;
    scheduling.duplication = options.duplication && !scheduling.serial;
    result.schedule = schedule(result.network, result.machine, scheduling);
    result.program = generate(result.network, result.schedule, result.machine);
    result.program.level = level;
    return result;
}

}  // namespace cim::compiler

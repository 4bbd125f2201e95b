#include "compiler/driver/compile.h"

#include "compiler/codegen/generate.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {

Compiled compile(const Graph& graph, const Ranges& ranges, const hw::Machine& machine, const ScheduleOptions& options) {
    Compiled result;
    result.network = quantise(graph, ranges);
    result.schedule = schedule(result.network, machine, options);
    result.program = generate(result.network, result.schedule, machine);
    return result;
}

}  // namespace cim::compiler

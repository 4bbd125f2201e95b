#include "compiler/driver/compile.h"

#include "compiler/codegen/generate.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {

Compiled compile(const Graph& graph, const Ranges& ranges, const hw::Machine& machine) {
    Compiled result;
    result.network = quantise(graph, ranges);
    result.placement = place(result.network, machine);
    result.memory = plan_memory(result.network, machine, result.placement);
    result.program = generate(result.network, machine, result.placement, result.memory);
    return result;
}

}  // namespace cim::compiler

#include "compiler/driver/compile.h"

#include "compiler/codegen/generate.h"
#include "compiler/error.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {
namespace {

/// What quantises, but no program can be generated for yet.
void check_supported(const QuantGraph& network) {
    for (const QuantNode& node : network.nodes) {
        if (node.groups > 1 || !node.negative_scale.empty()) {
            throw InputError("node '" + node.name + "' (" + node.type + "): no program can be generated yet for a Conv " +
                             (node.groups > 1 ? "of " + std::to_string(node.groups) + " groups" : "with a PRelu behind it"));
        }
    }
}

}  // namespace

Compiled compile(const Graph& graph, const Ranges& ranges, const hw::Machine& machine) {
    Compiled result;
    result.network = quantise(graph, ranges);
    check_supported(result.network);
    result.placement = place(result.network, machine);
    result.memory = plan_memory(result.network, machine, result.placement);
    result.program = generate(result.network, machine, result.placement, result.memory);
    return result;
}

}  // namespace cim::compiler

#include "compiler/driver/compile.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/codegen/weights.h"
#include "compiler/driver/search.h"
#include "compiler/quantization/quantise.h"

namespace cim::compiler {

Compiled compile_quantised(QuantGraph network, const hw::Machine& machine, const ScheduleOptions& options) {
    // Candidates copy the nodes, and none looks at the matrices.
    std::vector<std::vector<std::int8_t>> matrices;
    for (QuantNode& node : network.nodes) {
        matrices.push_back(std::exchange(node.matrix, {}));
    }
    Candidate best = best_candidate(network, machine, options);
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        network.nodes[i].matrix = std::move(matrices[i]);
    }
    fill_weights(best.program, network, best.schedule);
    return {std::move(network), std::move(best.schedule), std::move(best.program)};
}

Compiled compile(const Graph& graph, const Ranges& ranges, const hw::Machine& machine, const ScheduleOptions& options) {
    return compile_quantised(quantise(graph, ranges), machine, options);
}

}  // namespace cim::compiler

#pragma once

#include "compiler/ir/quant_graph.h"
#include "compiler/mapping/placement.h"
#include "compiler/memory/plan.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

/// The XBM program of a placed and planned network: setup flows that program the crossbars, and flows that stream images through the
/// operators (docs/memory.md). Throws InputError if weights, input and output do not fit external memory.
isa::Program generate(const QuantGraph& graph, const hw::Machine& machine, const std::vector<NodePlacement>& placement,
                      const MemoryPlan& memory);

}  // namespace cim::compiler

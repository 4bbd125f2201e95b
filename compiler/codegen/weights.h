#pragma once
// Values of the weights of a program: apart from its flows, because how long a program takes can be known without them.

#include "compiler/ir/quant_graph.h"
#include "compiler/scheduling/cg/segmentation.h"
#include "isa/program.h"

namespace cim::compiler {

/// Fills in the values of all weights, which stand in the order of segments, nodes, and tiles of a first copy.
void fill_weights(isa::Program& program, const QuantGraph& network, const Schedule& schedule);

}  // namespace cim::compiler

#pragma once

#include <cstdint>

#include "compiler/ir/quant_graph.h"
#include "compiler/scheduling/cg/segmentation.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

/// The program of a scheduled network, in terms of the machine's computing mode. One segment: setup flows program the crossbars, the others
/// stream images through the operators (docs/memory.md). Several: each programs its crossbars first. Throws InputError if weights, inputs,
/// outputs and what segments leave for each other do not fit external memory.
isa::Program generate(const QuantGraph& network, const Schedule& schedule, const hw::Machine& machine);

/// Longest transfer to or from external memory, in bytes: whole rows of a map.
inline constexpr std::int64_t whole_rows = INT64_MAX;

/// The same, but its weights have no values: all that its time depends on. Maps pass external memory in transfers of up to
/// `most_transferred` bytes.
isa::Program generate_flows(const QuantGraph& network, const Schedule& schedule, const hw::Machine& machine,
                            std::int64_t most_transferred = whole_rows);

}  // namespace cim::compiler

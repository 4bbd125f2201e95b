#pragma once
// From a float network and its ranges to a program for a machine: the passes in their order.

#include "compiler/ir/graph.h"
#include "compiler/ir/quant_graph.h"
#include "compiler/quantization/ranges.h"
#include "compiler/scheduling/cg/segmentation.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

struct Compiled {
    QuantGraph network;
    Schedule schedule;
    isa::Program program;
};

/// Schedules a quantised network and generates its program: of the schedules that fit, the one whose busiest resource is held least
/// (compiler/prediction/occupancy.h). InputError if none does.
Compiled compile_quantised(QuantGraph network, const hw::Machine& machine, const ScheduleOptions& options = {});

/// Quantise, then that.
Compiled compile(const Graph& graph, const Ranges& ranges, const hw::Machine& machine, const ScheduleOptions& options = {});

}  // namespace cim::compiler

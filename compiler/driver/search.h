#pragma once
// Which of the ways to schedule a network gives the fastest program.

#include "compiler/ir/quant_graph.h"
#include "compiler/scheduling/cg/segmentation.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

struct Candidate {
    Strategy strategy;
    Schedule schedule;
    isa::Program program;  ///< its weights have no values
};

/// The fastest candidate found for `images` images in a row (docs/scheduling.md, "Which schedule"), or, without `several`, the first.
/// InputError if there is none. The network's matrices are not looked at.
Candidate best_candidate(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, bool several,
                         std::int64_t images);

}  // namespace cim::compiler

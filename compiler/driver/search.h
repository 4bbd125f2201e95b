#pragma once
// Which of the ways to schedule a network gives the fastest program.

#include <cstdint>
#include <optional>

#include "compiler/driver/objective.h"
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

struct SearchOptions {
    Objective objective = Objective::Latency;
    std::int64_t images = 1;          ///< in a row
    bool several = true;              ///< else the first candidate is taken
    bool thorough = false;            ///< also what takes seconds
    std::optional<Strategy> start{};  ///< looked at before others
};

/// The best candidate found (docs/scheduling.md, "Which schedule"). InputError if there is none. The network's matrices are not looked at.
Candidate best_candidate(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options,
                         const SearchOptions& search);

}  // namespace cim::compiler

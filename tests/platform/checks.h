#pragma once
// What tests of whole programs check.

#include <cstdint>

#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"
#include "tests/platform/support.h"

namespace cim::test {

/// The program has no race, ends, and gives the reference's bytes for random images. What the run came to.
Outcome check_program(const isa::Program& program, const compiler::QuantGraph& graph, const hw::Machine& machine, std::int64_t batch,
                      std::uint64_t seed);

/// The same, and it takes as long as predicted with contention.
void check_program_and_prediction(const isa::Program& program, const compiler::QuantGraph& graph, const hw::Machine& machine,
                                  std::int64_t batch, std::uint64_t seed);

}  // namespace cim::test

#include "tests/platform/checks.h"

#include <vector>

#include <catch2/catch.hpp>

#include "compiler/prediction/predict.h"
#include "isa/verifier/verify.h"
#include "tests/platform/networks.h"

namespace cim::test {

Outcome check_program(const isa::Program& program, const compiler::QuantGraph& graph, const hw::Machine& machine, std::int64_t batch,
                      std::uint64_t seed) {
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), batch)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
    }
    const std::vector<std::uint8_t> images = random_images(graph, batch, seed);
    RunOptions options;
    options.batch = batch;
    Outcome outcome = run(program, machine, options, {images});
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.outputs == reference_outputs(graph, machine, images));
    return outcome;
}

void check_program_and_prediction(const isa::Program& program, const compiler::QuantGraph& graph, const hw::Machine& machine,
                                  std::int64_t batch, std::uint64_t seed) {
    const Outcome outcome = check_program(program, graph, machine, batch, seed);
    compiler::PredictOptions contention;
    contention.contention = true;
    CHECK(compiler::predict(program, machine, batch, contention).ticks == outcome.ticks);
}

}  // namespace cim::test

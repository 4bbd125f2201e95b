// Generated programs on machines with random prices: the verifier's untimed verdict, the platform and the predictor agree; time changes,
// data does not; every engine's time is accounted for.

#include <numeric>

#include <catch2/catch.hpp>

#include "compiler/prediction/predict.h"
#include "isa/generate/dice.h"
#include "isa/generate/random_program.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using isa::Dice;

namespace {

/// A machine of the shape that `limits` describe, every price by the dice; many of them zero.
hw::Machine random_machine(const isa::Limits& limits, std::uint64_t seed) {
    Dice dice(seed);
    const auto roll = [&](int low, int high) { return static_cast<int>(dice.roll(low, high)); };
    hw::Machine m = machine_of("tiny");
    const std::array<const char*, 4> models{"ideal", "cost-matrix", "disjoint-buffer-switch", "mesh-packet"};
    m.chip.noc.model = models[static_cast<std::size_t>(roll(0, 3))];
    m.chip.noc.flit_bits = 8 << roll(0, 4);
    m.chip.noc.hop_latency = roll(0, 4);
    m.chip.noc.inject_latency = roll(0, 3);
    m.chip.noc.cost_base = roll(0, 4);
    m.chip.noc.cost_per_hop = roll(0, 3);
    m.core.noc.model = dice.once_in(2) ? "ideal" : "cost-matrix";
    reshape(m, {1, limits.cores}, {1, limits.crossbars_per_core});
    m.crossbar.rows = limits.rows;
    m.crossbar.cols = limits.cols;
    m.crossbar.parallel_row = limits.parallel_row;
    m.device.bits_per_cell = 1;
    m.crossbar.adc.bits = 16;
    m.crossbar.encoding = hw::WeightEncoding::Offset;
    for (hw::BufferSpec* buffer : {&m.core.l1, &m.chip.l0}) {
        buffer->bandwidth = dice.once_in(3) ? hw::Limit{} : hw::Limit{false, 8 << roll(0, 5)};
        buffer->latency = roll(0, 3);
    }
    m.chip.external_memory.bandwidth = dice.once_in(3) ? hw::Limit{} : hw::Limit{false, 8 << roll(0, 5)};
    m.chip.external_memory.latency = roll(0, 40);
    for (hw::AluSpec* alu : {&m.core.alu, &m.chip.alu}) {
        alu->rate = dice.once_in(3) ? hw::Limit{} : hw::Limit{false, roll(1, 16)};
        alu->latency = roll(0, 3);
    }
    m.core.control.issue_latency = roll(1, 4);
    m.chip.control.issue_latency = roll(1, 4);
    m.chip.sync_latency = roll(0, 9);
    m.crossbar.read_latency = roll(1, 20);
    m.crossbar.pipelined = dice.once_in(2);
    m.crossbar.adc.sample_latency = roll(0, 2);
    m.device.write_latency = roll(0, 50);
    for (hw::Clock* clock : {&m.chip_clock, &m.core_clock, &m.crossbar_clock}) {
        clock->ticks_per_cycle = roll(1, 5);
    }
    return m;
}

std::vector<std::vector<std::uint8_t>> random_inputs(const isa::Program& program, std::int64_t batch, std::uint64_t seed) {
    Dice dice(seed);
    std::vector<std::vector<std::uint8_t>> inputs;
    for (const isa::Tensor& tensor : program.inputs) {
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(tensor.size * batch));
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(dice.roll(0, 255));
        }
        inputs.push_back(bytes);
    }
    return inputs;
}

isa::RunnableProgram program_of_seed(std::uint64_t seed, isa::Fault fault = isa::Fault::None) {
    isa::RunnableOptions options;
    options.fault = fault;
    options.steps = static_cast<int>(seed % 20);
    return isa::random_runnable(seed, options);
}

void check_books(const Outcome& outcome) {
    for (std::size_t place = 0; place < outcome.engines.size(); ++place) {
        for (std::size_t engine = 0; engine < isa::engine_count; ++engine) {
            const platform::CauseTimes& times = outcome.engines[place][engine].times;
            INFO("place " << place << ", engine " << engine);
            CHECK(std::accumulate(times.begin(), times.end(), Ticks{0}) == outcome.ticks);
            for (const Ticks ticks : times) {
                CHECK(ticks >= 0);
            }
        }
    }
}

void check_programs(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const isa::RunnableProgram made = program_of_seed(seed);
        const std::int64_t batch = 1 + static_cast<std::int64_t>(seed % 3);
        REQUIRE(isa::verify(made.program, made.limits, batch).empty());
        const auto inputs = random_inputs(made.program, batch, seed);
        std::vector<std::vector<std::uint8_t>> expected;
        for (std::uint64_t variant = 0; variant < 3; ++variant) {
            INFO("seed " << seed << ", machine " << variant);
            const hw::Machine machine = random_machine(made.limits, 100 * seed + variant);
            RunOptions options;
            options.batch = batch;
            const Outcome outcome = run(made.program, machine, options, inputs);
            CHECK(outcome.deadlock.empty());
            check_books(outcome);
            if (variant == 0) {
                expected = outcome.outputs;
                options.functional = false;
                CHECK(timing_of(run(made.program, machine, options)) == timing_of(outcome));
            }
            CHECK(outcome.outputs == expected);
        }
    }
}

void check_predictions(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        INFO("seed " << seed);
        const isa::RunnableProgram made = program_of_seed(seed);
        const hw::Machine machine = without_contention(random_machine(made.limits, seed), seed % 2 == 0);
        const std::int64_t batch = 1 + static_cast<std::int64_t>(seed % 2);
        const compiler::Prediction prediction = compiler::predict(made.program, machine, batch);
        RunOptions options;
        options.batch = batch;
        options.functional = false;
        const Outcome outcome = run(made.program, machine, options);
        CHECK(prediction.complete);
        CHECK(prediction.setup_ticks == outcome.setup_ticks);
        CHECK(prediction.ticks == outcome.ticks);
        REQUIRE(prediction.operators.size() == outcome.operators.size());
        for (std::size_t op = 0; op < prediction.operators.size(); ++op) {
            INFO("operator " << made.program.operators[op].name);
            CHECK(prediction.operators[op].start == outcome.operators[op].start);
            CHECK(prediction.operators[op].end == outcome.operators[op].end);
        }
        check_books(outcome);
    }
}

}  // namespace

TEST_CASE("programs that the verifier passes end on every machine, with the same bytes") {
    check_programs(0, 40);
}

TEST_CASE("programs on machines without contention take the time predicted") {
    check_predictions(100, 60);
}

// Not in the usual run: test_platform '[long]'.
TEST_CASE("many programs on many machines", "[.long]") {
    check_programs(10'000, 1000);
    check_predictions(20'000, 1000);
}

TEST_CASE("programs that the verifier rejects for waiting forever do so on the platform") {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        INFO("seed " << seed);
        const isa::RunnableProgram made = program_of_seed(seed, isa::Fault::ShortCount);
        const auto findings = isa::verify(made.program, made.limits, 2);
        REQUIRE_FALSE(findings.empty());
        REQUIRE(findings[0].rule == "deadlock");
        RunOptions options;
        options.batch = 2;
        options.functional = false;
        const hw::Machine machine = random_machine(made.limits, seed);
        CHECK_FALSE(run(made.program, machine, options).deadlock.empty());
        CHECK_FALSE(compiler::predict(made.program, machine, 2).complete);
    }
}

TEST_CASE("waveforms included, two runs are the same byte for byte") {
    for (std::uint64_t seed = 200; seed < 210; ++seed) {
        const isa::RunnableProgram made = program_of_seed(seed);
        const hw::Machine machine = random_machine(made.limits, seed);
        RunOptions options;
        options.trace = true;
        const auto inputs = random_inputs(made.program, 1, seed);
        const Outcome first = run(made.program, machine, options, inputs);
        CHECK(all_of(run(made.program, machine, options, inputs)) == all_of(first));
        options.trace = false;
        CHECK(timing_of(run(made.program, machine, options, inputs)) == timing_of(first));
    }
}

// Generated networks on generated machines: grids, clusters, networks, memories down to where plans get tight or move to L0, crossbars of
// any shape, converters that lose something.

#include <iostream>
#include <numeric>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/prediction/predict.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using isa::Dice;

namespace {

/// configs/tiny.yaml with everything that the compiler plans by, and every price, by the dice.
hw::Machine random_variant(std::uint64_t seed) {
    Dice dice(seed);
    const auto roll = [&](int low, int high) { return static_cast<int>(dice.roll(low, high)); };
    hw::Machine m = machine_of("tiny");
    m.name = "variant " + std::to_string(seed);
    m.mode = dice.once_in(2) ? hw::ComputingMode::XBM : hw::ComputingMode::WLM;
    const std::array<const char*, 4> models{"ideal", "cost-matrix", "disjoint-buffer-switch", "mesh-packet"};
    m.chip.noc.model = models[static_cast<std::size_t>(roll(0, 3))];
    m.chip.noc.flit_bits = 8 << roll(0, 5);
    m.chip.noc.hop_latency = roll(0, 3);
    m.chip.noc.inject_latency = roll(0, 2);
    m.chip.noc.cost_base = roll(0, 3);
    m.chip.noc.cost_per_hop = roll(0, 3);
    hw::Grid cores{roll(2, 6), roll(2, 6)};
    if (dice.once_in(3)) {
        m.chip.cluster = hw::ClusterSpec{{roll(1, 2), roll(1, 3)}, {}};
        cores = {cores.rows * m.chip.cluster->cores.rows, cores.cols * m.chip.cluster->cores.cols};
    }
    m.chip.noc.memory_node = {roll(0, 9), roll(0, 9)};  // reshape() brings it inside
    m.core.noc.model = dice.once_in(2) ? "ideal" : "cost-matrix";
    reshape(m, cores, {roll(1, 3), roll(1, 3)});
    m.crossbar.rows = 8 * roll(1, 8);
    m.crossbar.parallel_row = roll(1, m.crossbar.rows);
    m.device.bits_per_cell = roll(1, 4);
    m.crossbar.dac.bits = 1 << roll(0, 2);
    m.crossbar.encoding = static_cast<hw::WeightEncoding>(roll(0, 3));
    m.crossbar.input_encoding = static_cast<hw::InputEncoding>(roll(0, 1));
    m.crossbar.cols = m.columns(8) * roll(1, 10) + roll(0, 2);
    m.crossbar.adc.transfer = dice.once_in(2) ? hw::AdcTransfer::Uniform : hw::AdcTransfer::Saturate;
    m.crossbar.adc.bits = dice.once_in(2) ? 16 : roll(3, 9);
    m.crossbar.adc.sample_latency = roll(0, 2);
    m.crossbar.read_latency = roll(1, 9);
    m.crossbar.pipelined = dice.once_in(2);
    m.device.write_latency = roll(0, 20);
    m.core.l1.size = {false, 64 << roll(0, 7)};
    m.chip.l0.size = {false, 512 << roll(0, 7)};
    for (hw::BufferSpec* buffer : {&m.core.l1, &m.chip.l0}) {
        buffer->bandwidth = dice.once_in(4) ? hw::Limit{} : hw::Limit{false, 8 << roll(0, 5)};
        buffer->latency = roll(0, 2);
    }
    m.chip.external_memory.bandwidth = dice.once_in(4) ? hw::Limit{} : hw::Limit{false, 8 << roll(0, 5)};
    m.chip.external_memory.latency = roll(0, 20);
    for (hw::AluSpec* alu : {&m.core.alu, &m.chip.alu}) {
        alu->rate = dice.once_in(4) ? hw::Limit{} : hw::Limit{false, roll(1, 16)};
        alu->latency = roll(0, 2);
    }
    m.core.control.issue_latency = roll(1, 3);
    m.chip.control.issue_latency = roll(1, 3);
    m.chip.sync_latency = roll(0, 5);
    for (hw::Clock* clock : {&m.chip_clock, &m.core_clock, &m.crossbar_clock}) {
        clock->ticks_per_cycle = roll(1, 4);
    }
    return m;
}

NetworkOptions random_options(std::uint64_t seed, bool branches) {
    Dice dice(seed + 77);
    NetworkOptions options;
    options.layers = static_cast<int>(dice.roll(1, 6));
    options.most_size = static_cast<int>(dice.roll(4, 20));
    options.most_channels = dice.once_in(3) ? 70 : static_cast<int>(dice.roll(2, 20));
    options.joins = dice.once_in(3);
    options.branches = branches;
    options.inputs = branches && dice.once_in(3) ? 2 : 1;
    return options;
}

struct Tally {
    int fitted = 0;
    int refused = 0;
    int in_l0 = 0;  ///< programs in which windows are staged from L0
    int lossy = 0;
    int optimistic = 0;  ///< predicted no longer than simulated
};

void check_variant(std::uint64_t seed, bool branches, Tally& tally) {
    INFO("seed " << seed);
    const hw::Machine machine = random_variant(seed);
    const compiler::QuantGraph graph = random_network(seed, random_options(seed, branches));
    isa::Program program;
    try {
        program = compile_network(graph, machine);
    } catch (const compiler::InputError& refusal) {
        const std::string message = refusal.what();
        INFO(message);
        CHECK(message.find_first_of("0123456789") != std::string::npos);  // how much there is, and how much would do
        ++tally.refused;
        return;
    }
    ++tally.fitted;
    const std::int64_t batch = 1 + static_cast<std::int64_t>(seed % 3);
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), batch)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
        return;
    }
    const std::vector<std::vector<std::uint8_t>> images = random_image_sets(graph, batch, seed);
    RunOptions options;
    options.batch = batch;
    const Outcome outcome = run(program, machine, options, images);
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.outputs == reference_outputs(graph, machine, images, batch));
    CHECK(all_of(run(program, machine, options, images)) == all_of(outcome));
    options.functional = false;
    CHECK(timing_of(run(program, machine, options)) == timing_of(outcome));
    for (const auto& engines : outcome.engines) {
        for (const platform::EngineStatistics& engine : engines) {
            CHECK(std::accumulate(engine.times.begin(), engine.times.end(), Ticks{0}) == outcome.ticks);
        }
    }
    const compiler::Prediction prediction = compiler::predict(program, machine, batch);
    CHECK(prediction.complete);
    tally.optimistic += prediction.ticks <= outcome.ticks ? 1 : 0;
    tally.lossy += outcome.adc.lossy > 0 ? 1 : 0;
    for (const isa::Buffer& buffer : program.buffers) {
        if (buffer.name.find("stage") != std::string::npos) {
            ++tally.in_l0;
            break;
        }
    }
    const hw::Machine free = without_contention(machine, seed % 2 == 0);
    const compiler::Prediction exact = compiler::predict(program, free, batch);
    const Outcome same = run(program, free, options);
    CHECK(exact.setup_ticks == same.setup_ticks);
    CHECK(exact.ticks == same.ticks);
    for (std::size_t op = 0; op < exact.operators.size(); ++op) {
        CHECK(exact.operators[op].start == same.operators[op].start);
        CHECK(exact.operators[op].end == same.operators[op].end);
    }
}

Tally check_variants(std::uint64_t first, std::uint64_t count, bool branches) {
    Tally tally;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        check_variant(seed, branches, tally);
    }
    std::cout << tally.fitted << " fit, " << tally.refused << " refused, " << tally.in_l0 << " with windows staged from L0, " << tally.lossy
              << " with lossy conversions, " << tally.optimistic << " predicted to take no longer than simulated\n";
    return tally;
}

}  // namespace

TEST_CASE("networks on machines of any shape give the reference's bytes, at every run the same times") {
    const Tally tally = check_variants(0, 60, false);
    CHECK(tally.fitted > 15);
    CHECK(tally.lossy > 3);
    CHECK(tally.in_l0 > 0);
}

TEST_CASE("networks that branch, with several inputs and outputs, give the reference's bytes") {
    CHECK(check_variants(500, 60, true).fitted > 15);
}

// Not in the usual run: test_platform '[long]'.
TEST_CASE("many networks on many machine variants", "[.long]") {
    check_variants(100'000, 3000, false);
}

TEST_CASE("many networks that branch", "[.long]") {
    check_variants(200'000, 3000, true);
}

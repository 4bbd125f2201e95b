// Generated networks, compiled and run: the bytes of the integer reference, whatever the machine; times as predicted when nothing contends.

#include "tests/platform/networks.h"

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/prediction/predict.h"
#include "isa/text/print.h"
#include "tests/platform/checks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;

namespace {

/// Bytes equal the reference, with and without data the same times, twice the same. False if the network does not fit.
bool check_network(const compiler::QuantGraph& graph, const hw::Machine& machine, std::int64_t batch, std::uint64_t seed,
                   std::optional<isa::Level> level) {
    isa::Program program;
    try {
        program = compile_network(graph, machine, level);
    } catch (const compiler::InputError&) {
        return false;
    }
    const Outcome outcome = check_program(program, graph, machine, batch, seed);
    RunOptions options;
    options.batch = batch;
    options.functional = false;
    CHECK(timing_of(run(program, machine, options)) == timing_of(outcome));
    for (std::size_t op = 0; op < outcome.operators.size(); ++op) {
        CHECK(outcome.operators[op].end <= outcome.ticks);
    }
    for (std::size_t i = 1; i < outcome.image_ends.size(); ++i) {
        CHECK(outcome.image_ends[i - 1] < outcome.image_ends[i]);
    }
    CHECK(outcome.image_ends.back() <= outcome.ticks);  // rows of the input that nothing needs may come later
    return true;
}

int check_networks(const hw::Machine& machine, std::uint64_t first, int count, const NetworkOptions& options,
                   std::optional<isa::Level> level = {}) {
    int fitted = 0;
    for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(count); ++seed) {
        INFO(machine.name << ", seed " << seed);
        fitted += check_network(random_network(seed, options), machine, 1 + static_cast<std::int64_t>(seed % 3), seed, level) ? 1 : 0;
    }
    return fitted;
}

/// Start and end of every operator, the end of setup and of all, as predicted.
bool as_predicted(const isa::Program& program, const hw::Machine& predicted_on, const hw::Machine& simulated_on, std::int64_t batch) {
    const compiler::Prediction prediction = compiler::predict(program, predicted_on, batch);
    RunOptions options;
    options.functional = false;
    options.batch = batch;
    const Outcome outcome = run(program, simulated_on, options);
    bool same = prediction.complete && outcome.deadlock.empty() && prediction.setup_ticks == outcome.setup_ticks &&
                prediction.ticks == outcome.ticks && prediction.operators.size() == outcome.operators.size();
    for (std::size_t op = 0; same && op < prediction.operators.size(); ++op) {
        same = prediction.operators[op].start == outcome.operators[op].start && prediction.operators[op].end == outcome.operators[op].end;
    }
    return same;
}

}  // namespace

TEST_CASE("small networks on the test machine give the reference's bytes") {
    CHECK(check_networks(enlarged_tiny(), 1000, 40, {}) > 15);
}

TEST_CASE("a network may call its nodes and tensors what it likes") {
    const std::array<const char*, 6> forms{"/{}/Conv", "{}", "_{}", "{}:0", "Straße {}..", "b..{}\"\\"};
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        INFO("seed " << seed);
        compiler::QuantGraph graph = random_network(seed);
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
            graph.nodes[i].name =
                fmt::format(fmt::runtime(forms[(i + seed) % forms.size()]), i / 3);  // some alike but for what a program cannot have
        }
        for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
            graph.tensors[i].name = i < graph.nodes.size() ? graph.nodes[i].name : fmt::format("{}", i);
        }
        // One segment, or several with maps that stay in L0.
        const hw::Machine machine = seed % 2 == 0 ? enlarged_tiny() : machine_of("tiny");
        CHECK(check_network(graph, machine, 2, seed, {}));
        const isa::Program program = compile_network(graph, machine);
        const isa::DataRef data{"a.data", std::string(32, '0')};
        const std::string text = isa::print_text(program, data);
        CHECK(isa::print_text(program_of(text), data) == text);
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
            CHECK(program.operators[i].name == graph.nodes[i].name);
        }
    }
}

TEST_CASE("rows of an input that several relays share give the reference's bytes") {
    hw::Machine machine = machine_of("isaac-baseline");
    reshape(machine, {8, 8}, {1, 1});
    machine.chip.l0.bandwidth = {false, 8};
    machine.core.l1.bandwidth = {false, 64};
    NetworkOptions options;
    options.most_size = 6;
    options.most_channels = 40;
    int shared = 0;
    for (std::uint64_t seed = 0; seed < 45; ++seed) {
        const compiler::QuantGraph graph = random_network(seed, options);
        const compiler::Compiled compiled = compile_with_schedule(graph, machine, {}, 0);
        bool bands = false;
        for (const compiler::Segment& segment : compiled.schedule.segments) {
            for (std::size_t i = 0; i < segment.memory.relays.size(); ++i) {
                bands = bands ||
                        (!segment.memory.relays[i].empty() &&
                         segment.relays[i][0].grid.cols < segment.graph.tensors[static_cast<std::size_t>(segment.graph.inputs[i])].shape.w);
            }
        }
        shared += bands ? 1 : 0;
        if (bands) {
            INFO("seed " << seed);
            CHECK(check_network(graph, machine, 2, seed, {}));
        }
    }
    CHECK(shared >= 5);
}

TEST_CASE("networks on puma give the reference's bytes") {
    NetworkOptions options;
    options.most_channels = 40;
    CHECK(check_networks(machine_of("puma"), 2000, 16, options) > 8);
}

TEST_CASE("networks on machine-h give the reference's bytes") {
    NetworkOptions options;
    options.most_channels = 70;
    CHECK(check_networks(machine_of("machine-h"), 3000, 16, options) > 14);
}

TEST_CASE("networks on isaac-baseline give the reference's bytes") {
    NetworkOptions options;
    options.most_channels = 70;
    CHECK(check_networks(machine_of("isaac-baseline"), 4000, 10, options) > 8);
}

TEST_CASE("networks on jain2021 give the reference's bytes") {
    NetworkOptions options;
    options.layers = 2;
    CHECK(check_networks(machine_of("jain2021"), 5000, 20, options) > 4);
}

TEST_CASE("networks on a machine whose unit of control is a core give the reference's bytes") {
    NetworkOptions options;
    options.most_channels = 40;
    CHECK(check_networks(machine_of("jia2021"), 5500, 20, options) > 15);
    hw::Machine machine = enlarged_tiny();
    machine.mode = hw::ComputingMode::CM;
    CHECK(check_networks(machine, 5600, 30, {}) > 10);
}

TEST_CASE("networks on finer machines driven core by core give the reference's bytes") {
    NetworkOptions options;
    options.most_channels = 40;
    for (const char* name : {"puma", "machine-h", "isaac-baseline"}) {
        CHECK(check_networks(machine_of(name), 5700, 8, options, isa::Level::Cg) > 4);
    }
}

TEST_CASE("networks whose groups of rows the program drives give the reference's bytes") {
    CHECK(check_networks(enlarged_tiny(), 5800, 20, {}, isa::Level::Vvm) > 8);
    NetworkOptions options;
    options.most_channels = 40;
    CHECK(check_networks(machine_of("isaac-baseline"), 5900, 6, options, isa::Level::Vvm) > 4);
}

TEST_CASE("networks without any optimisation give the reference's bytes") {
    for (const char* name : {"jia2021", "puma", "isaac-baseline"}) {
        CHECK(check_networks(machine_of(name), 6100, 8, {}, isa::Level::None) > 4);
    }
    CHECK(check_networks(enlarged_tiny(), 6200, 20, {}, isa::Level::None) > 8);
}

TEST_CASE("networks with residual joins give the reference's bytes") {
    NetworkOptions options;
    options.joins = true;
    CHECK(check_networks(enlarged_tiny(), 1000, 40, options) > 15);
}

TEST_CASE("converters that lose something lose what the reference's converters lose") {
    hw::Machine machine = enlarged_tiny();
    for (const hw::WeightEncoding encoding : {hw::WeightEncoding::Offset, hw::WeightEncoding::FlippedOffset,
                                              hw::WeightEncoding::Differential, hw::WeightEncoding::TwosComplement}) {
        machine.crossbar.encoding = encoding;
        for (const hw::AdcTransfer transfer : {hw::AdcTransfer::Saturate, hw::AdcTransfer::Uniform}) {
            machine.crossbar.adc.transfer = transfer;
            machine.crossbar.adc.bits = 4;
            CHECK(check_networks(machine, 6000, 6, {}) > 2);
        }
    }
}

TEST_CASE("without contention every operator starts and ends as predicted") {
    int compared = 0;
    for (const char* name : {"tiny", "puma", "machine-h"}) {
        hw::Machine machine = name == std::string("tiny") ? enlarged_tiny() : machine_of(name);
        for (const bool noc_ideal : {true, false}) {
            machine = without_contention(machine, noc_ideal);
            for (std::uint64_t seed = 7000; seed < 7012; ++seed) {
                INFO(name << ", ideal network " << noc_ideal << ", seed " << seed);
                isa::Program program;
                try {
                    program = compile_network(random_network(seed), machine);
                } catch (const compiler::InputError&) {
                    continue;
                }
                CHECK(as_predicted(program, machine, machine, 1 + static_cast<std::int64_t>(seed % 3)));
                ++compared;
            }
        }
    }
    CHECK(compared > 40);
}

TEST_CASE("a price that differs by one cycle between prediction and simulation is noticed") {
    const hw::Machine machine = without_contention(enlarged_tiny(), false);
    const isa::Program program = compile_network(random_network(1003), machine);
    REQUIRE(as_predicted(program, machine, machine, 2));
    const auto noticed = [&](const char* what, const auto& change) {
        INFO(what);
        hw::Machine other = machine;
        change(other);
        CHECK_FALSE(as_predicted(program, machine, other, 2));
        CHECK_FALSE(as_predicted(program, other, machine, 2));
    };
    noticed("crossbar read", [](hw::Machine& m) { m.crossbar.read_latency += 1; });
    noticed("shift-add", [](hw::Machine& m) { m.crossbar.shift_add.latency += 1; });
    noticed("core ALU", [](hw::Machine& m) { m.core.alu.latency += 1; });
    noticed("row write", [](hw::Machine& m) { m.device.write_latency += 1; });
    noticed("sync", [](hw::Machine& m) { m.chip.sync_latency += 1; });
    noticed("issue", [](hw::Machine& m) { m.core.control.issue_latency += 200; });
    noticed("external memory", [](hw::Machine& m) { m.chip.external_memory.latency += 1; });
    noticed("L1", [](hw::Machine& m) { m.core.l1.latency += 1; });
    noticed("L0", [](hw::Machine& m) { m.chip.l0.latency += 1; });
}

// Not in the usual run: test_platform '[long]'.
TEST_CASE("many networks on many machines", "[.long]") {
    NetworkOptions options;
    options.layers = 6;
    options.most_channels = 30;
    for (hw::Machine machine : {enlarged_tiny(), machine_of("puma"), machine_of("machine-h"), machine_of("isaac-baseline")}) {
        check_networks(machine, 10'000, 300, options);
        machine = without_contention(machine, false);
        for (std::uint64_t seed = 20'000; seed < 20'100; ++seed) {
            INFO(machine.name << ", seed " << seed);
            try {
                const isa::Program program = compile_network(random_network(seed, options), machine);
                CHECK(as_predicted(program, machine, machine, 1 + static_cast<std::int64_t>(seed % 3)));
            } catch (const compiler::InputError&) {
                continue;
            }
        }
    }
}

// L1 or L0 halved, and halved again: the program stays right as long as the compiler gives one, then one error says how many bytes would
// do.

#include <algorithm>
#include <iostream>
#include <regex>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/quantization/quantise.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using isa::Dice;

namespace {

compiler::QuantGraph network_of(const std::string& name) {
    const compiler::Graph graph = compiler::import_onnx(CIM_SOURCE_DIR "/networks/" + name + ".onnx");
    compiler::FloatTensor sample;
    sample.shape = graph.values[static_cast<std::size_t>(graph.inputs[0])].shape;
    Dice dice(1);
    for (std::int64_t i = 0; i < compiler::count(sample.shape); ++i) {
        sample.data.push_back(static_cast<float>(dice.roll(0, 1000)) / 1000.0F);
    }
    return compiler::quantise(graph, compiler::calibrate(graph, {sample}, compiler::CalibrationMethod::MinMax));
}

hw::Limit& size_of(hw::Machine& machine, const std::string& memory) {
    return memory == "L1" ? machine.core.l1.size : machine.chip.l0.size;
}

/// Gives the memory that the message asks for what it asks for, until the network fits.
void check_size_needed(std::string message, hw::Machine machine, const compiler::QuantGraph& graph) {
    for (int asked = 0; asked < 3; ++asked) {
        INFO(message);
        std::smatch found;
        REQUIRE(std::regex_search(message, found, std::regex("needs ([0-9]+) bytes of (L1|L0).*it has ([0-9]+)")));
        hw::Limit& size = size_of(machine, found[2]);
        CHECK(size.value == std::stoll(found[3]));
        REQUIRE(size.value < std::stoll(found[1]));
        size.value = std::stoll(found[1]);
        try {
            compile_network(graph, machine);
            return;
        } catch (const compiler::InputError& error) {
            message = error.what();
        }
    }
    FAIL_CHECK(machine.name << ": the size asked for is not enough: " << message);
}

struct HalvedTally {
    int right = 0;
    int refused = 0;
    int segmented = 0;
};

/// False if the network does not fit any more.
bool check_network(const hw::Machine& machine, const compiler::QuantGraph& graph, std::uint64_t seed, HalvedTally& tally) {
    isa::Program program;
    try {
        program = compile_network(graph, machine);
    } catch (const compiler::InputError& error) {
        check_size_needed(error.what(), machine, graph);
        ++tally.refused;
        return false;
    }
    RunOptions options;
    options.batch = std::min<std::int64_t>(1 + static_cast<std::int64_t>(seed % 2), program.batch_limit.value_or(2));
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), options.batch)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
    }
    const auto images = random_image_sets(graph, options.batch, seed);
    const Outcome outcome = run(program, machine, options, images);
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.outputs == reference_outputs(graph, machine, images, options.batch));
    ++tally.right;
    tally.segmented += program.segment_count() > 1 ? 1 : 0;
    return true;
}

void check_halvings(const hw::Machine& machine, const compiler::QuantGraph& graph, std::uint64_t seed, HalvedTally& tally) {
    for (const char* memory : {"L1", "L0"}) {
        hw::Machine small = machine;
        hw::Limit& size = size_of(small, memory);
        if (size.ideal) {
            size = {false, 1 << 20};
        }
        bool fits = true;
        while (fits && size.value > 4) {
            INFO(memory << " of " << size.value << " bytes");
            fits = check_network(small, graph, seed, tally);
            size.value /= 2;
        }
    }
}

NetworkOptions every_kind(std::uint64_t seed) {
    NetworkOptions options;
    options.every_kind = true;
    options.branches = seed % 2 == 0;
    options.layers = 6;
    options.most_size = 16;
    options.most_channels = 40;
    options.inputs = seed % 3 == 0 ? 2 : 1;
    return options;
}

hw::Machine xbm_machine(const std::string& name) {
    hw::Machine machine = machine_of(name);
    if (machine.mode == hw::ComputingMode::CM) {
        machine.mode = hw::ComputingMode::XBM;
    }
    return machine;
}

void check_machine(const std::string& name, std::uint64_t first_seed, std::uint64_t networks) {
    const hw::Machine machine = xbm_machine(name);
    HalvedTally tally;
    for (const char* network : {"lenet", "resnet8"}) {
        INFO(name << ", " << network);
        check_halvings(machine, network_of(network), 0, tally);
    }
    for (std::uint64_t seed = first_seed; seed < first_seed + networks; ++seed) {
        INFO(name << ", seed " << seed);
        check_halvings(machine, random_network(seed, every_kind(seed)), seed, tally);
    }
    std::cout << name << ": " << tally.right << " right, " << tally.segmented << " of them in segments, " << tally.refused << " refused\n";
    CHECK(tally.right > 20);
    CHECK(tally.refused > 4);
}

}  // namespace

TEST_CASE("halved memories of isaac-baseline") {
    check_machine("isaac-baseline", 100, 4);
}

TEST_CASE("halved memories of jain2021") {
    check_machine("jain2021", 200, 4);
}

TEST_CASE("halved memories of jia2021") {
    check_machine("jia2021", 300, 4);
}

TEST_CASE("halved memories of machine-h") {
    check_machine("machine-h", 400, 4);
}

TEST_CASE("halved memories of puma") {
    check_machine("puma", 500, 4);
}

TEST_CASE("halved memories of tiny") {
    check_machine("tiny", 600, 4);
}

TEST_CASE("halved memories of generated machines") {
    HalvedTally tally;
    for (std::uint64_t seed = 700; seed < 710; ++seed) {
        INFO("seed " << seed);
        check_halvings(random_variant(seed), random_network(seed, every_kind(seed)), seed, tally);
    }
    CHECK(tally.right > 20);
}

// Not in the usual run: test_platform '[long]'.
TEST_CASE("halved memories, many networks", "[.long]") {
    for (const char* name : {"isaac-baseline", "jain2021", "jia2021", "machine-h", "puma", "tiny"}) {
        check_machine(name, 1000, 30);
    }
}

// Concats of paths of unequal length: what the short one gives must lie somewhere until the long one has come as far. Averages over whole
// maps, which need not lie anywhere.

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "compiler/codegen/generate.h"
#include "compiler/driver/level.h"
#include "compiler/error.h"
#include "compiler/mapping/reading.h"
#include "compiler/memory/join_skew.h"
#include "compiler/scheduling/cg/joining.h"
#include "compiler/scheduling/cg/prewrite.h"
#include "isa/generate/dice.h"
#include "tests/platform/checks.h"
#include "tests/platform/machines.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using compiler::JoinSkew;
using compiler::NodeKind;
using compiler::QuantGraph;
using compiler::QuantNode;
using compiler::QuantTensor;
using compiler::Shape3;
using compiler::TensorId;

namespace {

class Network {
  public:
    explicit Network(std::uint64_t seed) : dice_(seed) { graph.name = "concat"; }

    TensorId tensor(const Shape3& shape) {
        QuantTensor t;
        t.name = "t" + std::to_string(graph.tensors.size());
        t.shape = shape;
        t.onnx_shape = {1, shape.c, shape.h, shape.w};
        t.quant.scale = 0.1F;
        graph.tensors.push_back(t);
        return static_cast<TensorId>(graph.tensors.size()) - 1;
    }

    /// Kernel `size` x `size`, padded to give maps of the same size.
    TensorId conv(TensorId from, int size, int channels) {
        const Shape3 in = shape(from);
        QuantNode n = node(NodeKind::Conv, {from});
        n.kernel_h = n.kernel_w = size;
        n.pad_top = n.pad_left = n.pad_bottom = n.pad_right = size / 2;
        n.rows = size * size * in.c;
        n.cols = channels;
        for (int i = 0; i < n.rows * n.cols; ++i) {
            n.matrix.push_back(static_cast<std::int8_t>(dice_.roll(-127, 127)));
        }
        n.bias.assign(static_cast<std::size_t>(channels), 4000);
        n.scale.assign(static_cast<std::size_t>(channels), 0.003F);
        n.weight_scale.assign(static_cast<std::size_t>(channels), 1.0F);
        return add(std::move(n), {in.h, in.w, channels});
    }

    TensorId chain(TensorId from, int length, int size) {
        for (int i = 0; i < length; ++i) {
            from = conv(from, size, shape(from).c);
        }
        return from;
    }

    TensorId average(TensorId from) {
        const Shape3 in = shape(from);
        QuantNode n = node(NodeKind::AveragePool, {from});
        n.kernel_h = in.h;
        n.kernel_w = in.w;
        n.scale = {1.7F};
        return add(std::move(n), {1, 1, in.c});
    }

    /// Channels times a vector that is there when the whole map is.
    TensorId squeeze(TensorId from) {
        const Shape3 in = shape(from);
        const TensorId vector = conv(average(from), 1, in.c);
        QuantNode product = node(NodeKind::Mul, {from, vector});
        product.scale = {0.01F};
        return add(std::move(product), in);
    }

    TensorId pool(TensorId from) {
        QuantNode n = node(NodeKind::MaxPool, {from});
        n.kernel_h = n.kernel_w = 3;
        n.pad_top = n.pad_left = n.pad_bottom = n.pad_right = 1;
        return add(std::move(n), shape(from));
    }

    TensorId sum(TensorId a, TensorId b) {
        QuantNode n = node(NodeKind::Add, {a, b});
        n.scale = {0.5F, 0.5F};
        return add(std::move(n), shape(a));
    }

    TensorId concat(const std::vector<TensorId>& parts) {
        Shape3 out = shape(parts[0]);
        out.c = 0;
        for (const TensorId part : parts) {
            out.c += shape(part).c;
        }
        return add(node(NodeKind::Concat, parts), out);
    }

    QuantGraph graph;

  private:
    Shape3 shape(TensorId id) const { return graph.tensors[static_cast<std::size_t>(id)].shape; }
    QuantNode node(NodeKind kind, std::vector<TensorId> inputs) {
        QuantNode n;
        n.kind = kind;
        n.name = "n" + std::to_string(graph.nodes.size());
        n.type = "Test";
        n.inputs = std::move(inputs);
        return n;
    }
    TensorId add(QuantNode n, const Shape3& out) {
        n.output = tensor(out);
        graph.nodes.push_back(std::move(n));
        return graph.nodes.back().output;
    }

    isa::Dice dice_;
};

enum class Reader { Conv, Pool, Sum, Output };

/// A stem, from it a path of no or one operator and another of up to eight, or through a whole map; their Concat, and who reads it.
QuantGraph unequal_paths(std::uint64_t seed, Reader reader) {
    isa::Dice dice(seed + 31);
    Network network(seed);
    const TensorId input = network.tensor({static_cast<int>(dice.roll(8, 24)), static_cast<int>(dice.roll(3, 10)), 3});
    network.graph.inputs = {input};
    const TensorId stem = network.conv(input, 3, 4);
    const TensorId near = network.chain(stem, static_cast<int>(dice.roll(0, 1)), 1);
    const TensorId far =
        dice.once_in(4) ? network.squeeze(stem) : network.chain(stem, static_cast<int>(dice.roll(1, 8)), dice.once_in(2) ? 3 : 5);
    TensorId result = network.concat(dice.once_in(2) ? std::vector<TensorId>{near, far} : std::vector<TensorId>{far, near});
    switch (reader) {
        case Reader::Conv: result = network.conv(result, 3, 5); break;
        case Reader::Pool: result = network.pool(result); break;
        case Reader::Sum: result = network.sum(result, network.conv(result, 3, 8)); break;
        case Reader::Output: break;
    }
    network.graph.outputs = {result};
    return network.graph;
}

/// Verified, and the reference's bytes. False if it does not fit.
bool comes_out(const QuantGraph& graph, const hw::Machine& machine, std::uint64_t seed) {
    isa::Program program;
    try {
        program = compile_network(graph, machine);
    } catch (const compiler::InputError& refusal) {
        INFO(refusal.what());
        CHECK(std::string(refusal.what()).find("deadlock") == std::string::npos);
        return false;
    }
    RunOptions options;
    options.batch = std::min<std::int64_t>(2, program.batch_limit.value_or(2));
    const std::vector<isa::Diagnostic> findings = isa::verify(program, limits_of(machine), options.batch);
    if (!findings.empty()) {
        FAIL_CHECK(findings[0].rule << ": " << findings[0].message);
        return true;
    }
    const std::vector<std::uint8_t> images = random_images(graph, options.batch, seed);
    const Outcome outcome = run(program, machine, options, {images});
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.outputs == reference_outputs(graph, machine, images));
    return true;
}

}  // namespace

TEST_CASE("the short path of a Concat may be as far ahead as the long one needs") {
    for (const Reader reader : {Reader::Conv, Reader::Pool, Reader::Sum, Reader::Output}) {
        int fitted = 0;
        for (std::uint64_t seed = 0; seed < 24; ++seed) {
            INFO("reader " << static_cast<int>(reader) << ", seed " << seed);
            fitted += comes_out(unequal_paths(seed, reader), random_variant(seed), seed) ? 1 : 0;
        }
        CHECK(fitted > 12);
    }
}

TEST_CASE("an average over a map that no memory holds gives the reference's bytes") {
    Network network(3);
    const TensorId input = network.tensor({64, 64, 3});
    network.graph.inputs = {input};
    const TensorId map = network.conv(input, 3, 8);
    network.graph.tensors[static_cast<std::size_t>(map)].quant.zero = 77;
    network.graph.outputs = {network.average(map), network.conv(network.average(map), 1, 5)};
    hw::Machine machine = enlarged_tiny();
    machine.chip.l0.size = {false, 16'384};  // the map has 32,768
    CHECK(comes_out(network.graph, machine, 3));
}

TEST_CASE("rows are added up where the whole map is averaged and its sums have room in 32 bits") {
    const auto adds_up = [](const Shape3& shape) {
        Network network(1);
        network.average(network.tensor(shape));
        return compiler::adds_up_rows(network.graph, network.graph.nodes[0]);
    };
    CHECK(adds_up({2, 1, 3}));
    CHECK(adds_up({2048, 4096, 1}));
    CHECK_FALSE(adds_up({2064, 4096, 1}));  // 255 each are 2^31 and more
    CHECK_FALSE(adds_up({1, 7, 3}));        // one row
    Network pooled(1);
    pooled.pool(pooled.tensor({3, 3, 1}));
    CHECK_FALSE(compiler::adds_up_rows(pooled.graph, pooled.graph.nodes[0]));
}

TEST_CASE("parts of a Concat are as many rows apart as their windows reach further") {
    Network network(1);
    const TensorId input = network.tensor({30, 4, 2});
    const TensorId near = network.conv(input, 1, 2);
    const TensorId far = network.chain(input, 3, 5);
    const TensorId inner = network.concat({near, far});
    const TensorId outer = network.concat({inner, network.squeeze(input)});
    JoinSkew skew(network.graph, std::vector<int>(network.graph.nodes.size(), 0));
    CHECK(skew.rows_apart(near, 0, 2) == 0);
    CHECK(skew.rows_apart(inner, 0, 2) == 6);
    CHECK(skew.rows_apart(inner, 2, 4) == 0);
    CHECK(skew.rows_apart(inner, 1, 3) == 6);
    CHECK(skew.rows_apart(outer, 0, 6) == 29);
    CHECK(skew.rows_apart(outer, 2, 4) == 23);
    CHECK(skew.rows_apart(outer, 4, 6) == 0);
}

TEST_CASE("a vector that many cores read comes from relays, or from who holds it, a slice from each") {
    for (const bool held : {false, true}) {
        INFO(held);
        Network network(5);
        const TensorId input = network.tensor({1, 1, 512});
        network.graph.inputs = {input};
        network.graph.outputs = {network.conv(network.conv(input, 1, 1024), 1, 512)};
        hw::Machine machine = machine_of("isaac-baseline");
        // As many crossbars as each of them fills.
        reshape(machine, held ? hw::Grid{16, 8} : hw::Grid{4, 2}, held ? hw::Grid{1, 1} : hw::Grid{4, 4});
        compiler::CompileOptions passes;
        passes.hold = held;
        passes.forward = false;  // cores that take the same would be few to send to
        const compiler::Compiled compiled = compiler::compile(network.graph, machine, passes);
        REQUIRE(compiled.schedule.segments.size() == 2);
        const compiler::Segment& second = compiled.schedule.segments[1];
        CHECK(second.memory.held(0) == held);
        REQUIRE(second.relays.at(0).size() > 1);
        int end = 0;
        for (const compiler::Part& relay : second.relays[0]) {
            CHECK(relay.c0 == end);
            end = relay.c1;
        }
        CHECK(end == 1024);
        CHECK(isa::verify(compiled.program, limits_of(machine), 2).empty());
        const std::vector<std::uint8_t> images = random_images(network.graph, 2, 5);
        RunOptions options;
        options.batch = 2;
        const Outcome outcome = run(compiled.program, machine, options, {images});
        CHECK(outcome.outputs == reference_outputs(network.graph, machine, images));
    }
}

TEST_CASE("a pool on a Concat gives all rows, though its parts' rows are dealt to different numbers of copies") {
    hw::Machine machine = machine_of("isaac-baseline");
    machine.mode = hw::ComputingMode::XBM;
    int mixed = 0;  // pools with parts dealt in several ways
    for (const int cores : {4, 6, 8, 10, 12, 16}) {
        INFO(cores);
        reshape(machine, {cores, cores}, {4, 4});
        Network network(9);
        const TensorId input = network.tensor({12, 12, 8});
        network.graph.inputs = {input};
        const TensorId deep = network.conv(network.conv(input, 3, 40), 3, 80);
        const TensorId joined = network.concat({network.conv(input, 1, 16), deep, network.conv(input, 3, 8)});
        network.graph.outputs = {network.conv(network.pool(network.pool(joined)), 1, 16)};
        const compiler::Schedule schedule = compiler::schedule(network.graph, machine, {}, {});
        for (const compiler::Segment& segment : schedule.segments) {
            for (std::size_t n = 0; n < segment.graph.nodes.size(); ++n) {
                std::set<int> dealt;
                for (const compiler::Part& part : segment.placement[n].parts) {
                    dealt.insert(part.grid.dy);
                }
                mixed += segment.graph.nodes[n].kind == NodeKind::MaxPool && dealt.size() > 1 ? 1 : 0;
            }
        }
        check_program_and_prediction(compiler::generate(network.graph, schedule, machine), network.graph, machine, 2, 9);
    }
    CHECK(mixed > 2);
}

TEST_CASE("a tile of few of a matrix's rows is sent its part of each window") {
    const hw::Machine machine = compiler::driven_at(machine_of("jain2021"), isa::Level::Vvm);
    Network network(11);
    const TensorId input = network.tensor({8, 8, 256});
    network.graph.inputs = {input};
    network.graph.outputs = {network.conv(input, 3, 8)};
    const compiler::Schedule schedule = compiler::schedule(network.graph, machine, {}, {});
    REQUIRE(schedule.segments.size() > 1);
    for (const compiler::Segment& segment : schedule.segments) {
        for (const compiler::NodeMemory& node : segment.memory.nodes) {
            REQUIRE(!node.stages[0].empty());
            for (const compiler::Stage& stage : node.stages[0]) {
                CHECK(stage.bytes <= 512);  // two taps' channels, while a row of the map has 2,048 bytes
                CHECK(stage.slots > 1);     // the next comes while one is read
            }
        }
        CHECK(segment.memory.relays.at(0).empty());
    }
    check_program_and_prediction(compiler::generate(network.graph, schedule, machine), network.graph, machine, 2, 11);
    // A tile of whole windows would be sent nine times as much.
    Network small(11);
    const TensorId few = small.tensor({8, 8, 8});
    small.graph.inputs = {few};
    small.graph.outputs = {small.conv(few, 3, 8)};
    for (const compiler::NodeMemory& node : compiler::schedule(small.graph, machine, {}, {}).segments.at(0).memory.nodes) {
        CHECK(node.stages[0].empty());
    }
}

TEST_CASE("what is left in L1 when a map has moved to L0 gets the room that is there") {
    hw::Machine machine = compiler::driven_at(machine_of("puma"), isa::Level::Mvm);
    Network network(12);
    const TensorId input = network.tensor({16, 16, 64});
    network.graph.inputs = {input};
    network.graph.outputs = {network.conv(input, 3, 16)};
    machine.core.l1.size = {false, 3400};  // three rows of the map are 3,456 bytes
    compiler::ScheduleOptions single;
    single.duplication = false;
    const compiler::Schedule schedule = compiler::schedule(network.graph, machine, single, {});
    int stages = 0;
    for (const compiler::NodeMemory& node : schedule.segments.at(0).memory.nodes) {
        for (const compiler::Stage& stage : node.stages[0]) {
            ++stages;
            CHECK(stage.slots > 1);
        }
    }
    CHECK(stages > 0);
    check_program_and_prediction(compiler::generate(network.graph, schedule, machine), network.graph, machine, 2, 12);
}

TEST_CASE("copies in segments share crossbars of short tiles: reading waits for who writes them, writing again for all who read them") {
    hw::Machine machine = machine_of("isaac-baseline");
    machine.mode = hw::ComputingMode::XBM;
    int shared = 0;  // schedules
    int early = 0;   // tiles written early into crossbars that several copies read before
    int joined = 0;  // schedules
    for (const int cores : {2, 3, 4, 5}) {
        INFO(cores);
        reshape(machine, {cores, 1}, {2, 1});
        Network network(3);
        const TensorId input = network.tensor({12, 12, 15});
        network.graph.inputs = {input};
        TensorId last = input;  // 135 rows, of which 7 are left over
        for (int i = 0; i < 4; ++i) {
            last = network.conv(last, 3, i == 1 ? 63 : 15);
        }
        network.graph.outputs = {last};
        compiler::ScheduleOptions choices;
        choices.batch = choices.images = 3;
        const compiler::Schedule schedule = compiler::schedule(network.graph, machine, choices, {});
        const auto shares = [](const compiler::Segment& segment) {
            return std::any_of(segment.placement.begin(), segment.placement.end(), [](const compiler::NodePlacement& here) {
                return std::any_of(here.tiles.begin(), here.tiles.end(), [](const compiler::Tile& tile) { return !tile.has_crossbar(); });
            });
        };
        if (schedule.segments.size() == 1 || std::none_of(schedule.segments.begin(), schedule.segments.end(), shares)) {
            continue;
        }
        ++shared;
        check_program_and_prediction(compiler::generate(network.graph, schedule, machine), network.graph, machine, 3, 4);

        compiler::Schedule prewritten = schedule;
        std::vector<compiler::Progress> progress;
        for (const compiler::Segment& segment : schedule.segments) {
            progress.push_back({0, 0, std::vector<hw::Ticks>(segment.graph.nodes.size(), 0), 1'000'000'000});
        }
        if (compiler::prewrite(prewritten, machine, progress)) {
            for (std::size_t s = 1; s < prewritten.segments.size(); ++s) {
                early += shares(prewritten.segments[s - 1]) ? static_cast<int>(prewritten.segments[s].early.tiles.size()) : 0;
            }
            check_program_and_prediction(compiler::generate(network.graph, prewritten, machine), network.graph, machine, 3, 4);
        }
        compiler::Schedule side_by_side = schedule;
        if (compiler::join_segments(side_by_side, machine)) {
            ++joined;
            check_program_and_prediction(compiler::generate(network.graph, side_by_side, machine), network.graph, machine, 3, 4);
        }
    }
    CHECK(shared > 0);
    CHECK(early > 0);
    CHECK(joined > 0);
}

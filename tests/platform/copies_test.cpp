// Copies that share crossbars, and copies that are sent rows which they do not read: the bytes of the integer reference, times as
// predicted.

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/prediction/predict.h"
#include "isa/verifier/verify.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using compiler::at;

namespace {

/// isaac-baseline with few, small crossbars, read a row at a time or two, and perhaps little memory or a slow ALU.
hw::Machine small_isaac(std::uint64_t seed) {
    isa::Dice dice(seed);
    hw::Machine machine = machine_of("isaac-baseline");
    reshape(machine, {static_cast<int>(dice.roll(2, 6)), static_cast<int>(dice.roll(2, 6))}, {2, static_cast<int>(dice.roll(1, 4))});
    machine.crossbar.rows = 16 * static_cast<int>(dice.roll(1, 3));
    machine.crossbar.parallel_row = static_cast<int>(dice.roll(1, 2));
    if (dice.once_in(2)) {
        machine.core.l1.size = {false, 256 << dice.roll(0, 4)};
    }
    if (dice.once_in(3)) {
        machine.core.alu.rate = {false, 2 << dice.roll(0, 4)};  // so slow that loads are balanced
    }
    return machine;
}

/// Kernels of 3x3 and of 1x1, stride 1, over a map with many rows: of each tensor rows come from several copies.
compiler::QuantGraph chain(std::uint64_t seed) {
    isa::Dice dice(seed);
    const auto number = [&](int low, int high) { return static_cast<int>(dice.roll(low, high)); };
    compiler::QuantGraph graph;
    graph.name = "chain";
    const auto tensor = [&](const compiler::Shape3& shape) {
        compiler::QuantTensor t;
        t.name = "t" + std::to_string(graph.tensors.size());
        t.shape = shape;
        t.onnx_shape = {1, shape.c, shape.h, shape.w};
        graph.tensors.push_back(t);
        return static_cast<compiler::TensorId>(graph.tensors.size()) - 1;
    };
    compiler::TensorId last = tensor({number(16, 40), number(2, 8), number(2, 20)});
    graph.inputs = {last};
    for (int layers = number(2, 4); layers > 0; --layers) {
        compiler::Shape3 shape = graph.tensors[at(last)].shape;
        compiler::QuantNode n;
        n.name = "n" + std::to_string(graph.nodes.size());
        n.type = "Conv";
        n.inputs = {last};
        n.kernel_h = n.kernel_w = dice.once_in(2) ? 1 : 3;
        n.pad_top = n.pad_left = n.pad_bottom = n.pad_right = n.kernel_h / 2;
        n.rows = n.kernel_h * n.kernel_w * shape.c;
        n.cols = shape.c = number(2, 30);
        for (int i = 0; i < n.rows * n.cols; ++i) {
            n.matrix.push_back(static_cast<std::int8_t>(number(-127, 127)));
        }
        n.bias.assign(at(n.cols), number(-20'000, 20'000));
        n.scale.assign(at(n.cols), 0.006F / static_cast<float>(n.rows));
        n.weight_scale.assign(at(n.cols), 1.0F);
        n.output = last = tensor(shape);
        graph.nodes.push_back(std::move(n));
    }
    graph.outputs = {last};
    return graph;
}

struct Kinds {
    bool shared = false;  ///< a crossbar is read for several copies
    bool apart = false;   ///< each copy receives its own rows
};

Kinds kinds_of(const compiler::Schedule& schedule) {
    Kinds kinds;
    for (const compiler::Segment& segment : schedule.segments) {
        for (std::size_t i = 0; i < segment.placement.size(); ++i) {
            const compiler::NodePlacement& here = segment.placement[i];
            kinds.shared = kinds.shared || std::any_of(here.tiles.begin(), here.tiles.end(),
                                                       [](const compiler::Tile& tile) { return !tile.has_crossbar(); });
            kinds.apart = kinds.apart || std::any_of(here.copies.begin(), here.copies.end(), [&](const compiler::Grid& grid) {
                              return compiler::reading_of(segment.graph, segment.graph.nodes[i], 0, grid).apart();
                          });
        }
    }
    return kinds;
}

void check(const compiler::Compiled& compiled, const hw::Machine& machine, std::int64_t batch, std::uint64_t seed) {
    for (const isa::Diagnostic& finding : isa::verify(compiled.program, limits_of(compiled.machine), batch)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
    }
    const std::vector<std::uint8_t> images = random_images(compiled.network, batch, seed);
    RunOptions options;
    options.batch = batch;
    const Outcome outcome = run(compiled.program, machine, options, {images});
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.outputs == reference_outputs(compiled.network, machine, images));
    compiler::PredictOptions contention;
    contention.contention = true;
    CHECK(compiler::predict(compiled.program, machine, batch, contention).ticks == outcome.ticks);
}

/// Compiles networks, one a seed from the first on, until enough of them have both kinds of copies, and runs those that do.
template <typename F>
void check_some(std::uint64_t first, F network) {
    constexpr int enough = 12;
    int shared = 0;
    int apart = 0;
    for (std::uint64_t seed = first; seed < first + 400 && (shared < enough || apart < enough); ++seed) {
        INFO("seed " << seed);
        const hw::Machine machine = small_isaac(seed);
        compiler::CompileOptions options;
        options.level = isa::Level::Mvm;
        options.spread = false;
        try {
            const compiler::Compiled compiled = compile(network(seed), machine, options);
            const Kinds kinds = kinds_of(compiled.schedule);
            if (kinds.shared || kinds.apart) {
                check(compiled, machine, 1 + static_cast<std::int64_t>(seed % 3), seed);
            }
            shared += kinds.shared ? 1 : 0;
            apart += kinds.apart ? 1 : 0;
        } catch (const compiler::InputError&) {  // too large
        }
    }
    CHECK(shared >= enough);
    CHECK(apart >= enough);
}

}  // namespace

TEST_CASE("networks whose copies share crossbars, or have rows sent in vain, give the reference's bytes") {
    NetworkOptions options;
    options.most_channels = 40;
    options.most_size = 14;
    check_some(1, [&](std::uint64_t seed) { return random_network(seed, options); });
}

TEST_CASE("so they do where rows come from several copies") {
    check_some(700, chain);  // at 702, rows freed before those in front of them have come would be a race
}

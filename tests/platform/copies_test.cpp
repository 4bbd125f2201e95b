// Copies that share crossbars, and copies that are sent rows which they do not read: the bytes of the integer reference, times as predicted.

#include <algorithm>

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

/// isaac-baseline with few, small crossbars, read a row at a time or two.
hw::Machine small_isaac(std::uint64_t seed) {
    isa::Dice dice(seed);
    hw::Machine machine = machine_of("isaac-baseline");
    reshape(machine, {static_cast<int>(dice.roll(2, 6)), static_cast<int>(dice.roll(2, 6))}, {2, static_cast<int>(dice.roll(1, 4))});
    machine.crossbar.rows = 16 * static_cast<int>(dice.roll(1, 3));
    machine.crossbar.parallel_row = static_cast<int>(dice.roll(1, 2));
    return machine;
}

struct Kinds {
    bool shared = false;  ///< a crossbar is read for several copies
    bool apart = false;   ///< a copy is sent rows that it does not read
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

}  // namespace

TEST_CASE("networks whose copies share crossbars, or have rows sent in vain, give the reference's bytes") {
    NetworkOptions network;
    network.most_channels = 40;
    network.most_size = 14;
    int shared = 0;
    int apart = 0;
    for (std::uint64_t seed = 1; seed <= 400 && (shared < 12 || apart < 12); ++seed) {
        INFO("seed " << seed);
        const hw::Machine machine = small_isaac(seed);
        compiler::CompileOptions options;
        options.level = isa::Level::Mvm;
        options.spread = false;
        try {
            const compiler::Compiled compiled = compile(random_network(seed, network), machine, options);
            const Kinds kinds = kinds_of(compiled.schedule);
            if (kinds.shared || kinds.apart) {
                check(compiled, machine, 1 + static_cast<std::int64_t>(seed % 3), seed);
            }
            shared += kinds.shared ? 1 : 0;
            apart += kinds.apart ? 1 : 0;
        } catch (const compiler::InputError&) {  // too large
        }
    }
    CHECK(shared >= 12);
    CHECK(apart >= 12);
}

// Segments that begin while those before them work: the program has no race and no deadlock, takes as long as predicted, and gives the
// reference's bytes.

#include "compiler/scheduling/cg/joining.h"

#include <algorithm>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "compiler/codegen/generate.h"
#include "compiler/driver/level.h"
#include "compiler/ir/index.h"
#include "compiler/scheduling/cg/moving.h"
#include "tests/platform/checks.h"
#include "tests/platform/machines.h"
#include "tests/platform/networks.h"

using namespace cim;
using namespace cim::test;
using compiler::at;

namespace {

int joined_segments(const compiler::Schedule& schedule) {
    return static_cast<int>(
        std::count_if(schedule.segments.begin(), schedule.segments.end(), [](const compiler::Segment& segment) { return segment.joined; }));
}

/// Of all tiles, in their order.
std::vector<int> cores_of(const compiler::Segment& segment) {
    std::vector<int> cores;
    for (const compiler::NodePlacement& here : segment.placement) {
        for (const compiler::Tile& tile : here.tiles) {
            cores.push_back(tile.core);
        }
    }
    return cores;
}

}  // namespace

TEST_CASE("segments that begin while those before work give the reference's bytes") {
    hw::Machine machine = machine_of("isaac-baseline");
    reshape(machine, {3, 1}, {2, 1});
    NetworkOptions options;
    options.layers = 7;
    options.most_channels = 48;
    int joined = 0;
    int apart = 0;
    int concats = 0;
    for (std::uint64_t seed = 0; seed < 120; ++seed) {
        INFO("seed " << seed);
        hw::Machine small = compiler::driven_at(machine, seed % 5 == 1 ? isa::Level::Cg : isa::Level::Mvm);
        if (seed % 3 == 0) {
            small.core.l1.size = {false, 2048 + 512 * static_cast<std::int64_t>(seed)};  // room for some
        }
        options.branches = options.every_kind = seed % 2 == 0;
        const compiler::QuantGraph graph = random_network(seed, options);
        const std::int64_t batch = 1 + static_cast<std::int64_t>(seed % 3);
        compiler::ScheduleOptions choices;
        choices.batch = batch;
        compiler::Schedule schedule;
        try {
            schedule = compiler::schedule(graph, small, choices, {});
        } catch (const compiler::InputError&) {
            continue;  // too large for L1
        }
        if (!compiler::join_segments(schedule, small)) {
            CHECK(joined_segments(schedule) == 0);
            continue;
        }
        const int here = joined_segments(schedule);
        const auto program = compiler::generate(graph, schedule, small);
        CHECK(program.segment_count() == static_cast<int>(schedule.segments.size()) - here);
        CHECK(program.rewrites());
        joined += here;
        apart += program.segment_count() > 1 ? 1 : 0;
        for (const compiler::Kept& map : schedule.kept) {
            concats += map.parts.size() > 1 && !map.holders.empty() ? 1 : 0;
        }
        check_program_and_prediction(program, graph, small, batch, seed);
    }
    CHECK(joined > 60);
    CHECK(apart > 5);
    CHECK(concats > 0);
}

TEST_CASE("segments that leave a quarter of the cores free begin behind the one before") {
    hw::Machine machine = machine_of("isaac-baseline");
    reshape(machine, {8, 4}, {1, 1});
    NetworkOptions options;
    options.layers = 9;
    options.most_channels = 160;
    int behind = 0;
    for (std::uint64_t seed = 0; seed < 800; ++seed) {
        INFO("seed " << seed);
        const compiler::Schedule schedule = compiler::schedule(random_network(seed, options), machine, {}, {});
        for (std::size_t s = 1; s < schedule.segments.size(); ++s) {
            const std::vector<int> before = cores_of(schedule.segments[s - 1]);
            const std::vector<int> cores = cores_of(schedule.segments[s]);
            if (!cores.empty() && std::set<int>(cores.begin(), cores.end()).size() <= 24) {
                const int by = compiler::way_behind(schedule.segments[s - 1], schedule.segments[s], machine.core_count());
                CHECK(by == 0);
                CHECK((before.empty() || cores.front() == (before.back() + 1) % machine.core_count()));
                behind += cores.front() > 0 ? 1 : 0;
            }
        }
    }
    CHECK(behind > 10);
}

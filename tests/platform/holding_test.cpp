// Maps that stay in L1 between segments: whatever gives and reads them, in whatever shares, outputs are the reference's bytes.

#include <algorithm>

#include <catch2/catch.hpp>

#include "compiler/ir/index.h"
#include "compiler/scheduling/cg/segmentation.h"
#include "tests/platform/checks.h"
#include "tests/platform/machines.h"
#include "tests/platform/networks.h"

using namespace cim;
using namespace cim::test;
using compiler::at;

namespace {

/// Of the maps of schedules, those that are held.
struct Held {
    int maps = 0;
    int concats = 0;   ///< that several nodes give
    int apart = 0;     ///< over a segment that does not read them
    int in_bands = 0;  ///< whose rows are shared
};

void count(const compiler::Schedule& schedule, Held& held) {
    for (const compiler::Kept& map : schedule.kept) {
        if (map.holders.empty()) {
            continue;
        }
        const compiler::Shape3& shape = schedule.network.graph.tensors[at(map.tensor)].shape;
        std::int64_t bytes = 0;
        for (const compiler::Holder& holder : map.holders) {
            bytes += holder.part.grid.positions() * (holder.part.c1 - holder.part.c0);
        }
        CHECK(bytes == shape.count());
        ++held.maps;
        held.concats += map.parts.size() > 1 ? 1 : 0;
        held.apart += map.last - map.first > 1 ? 1 : 0;
        held.in_bands += map.holders[0].part.grid.cols < shape.w ? 1 : 0;
    }
}

}  // namespace

TEST_CASE("maps that cores hold between segments give the reference's bytes") {
    hw::Machine machine = machine_of("isaac-baseline");
    reshape(machine, {3, 1}, {2, 1});
    NetworkOptions options;
    options.layers = 7;
    options.most_channels = 48;
    Held held;
    for (std::uint64_t seed = 0; seed < 90; ++seed) {
        INFO("seed " << seed);
        hw::Machine small = machine;
        if (seed % 3 == 0) {
            small.core.l1.size = {false, 1024 + 512 * static_cast<std::int64_t>(seed)};  // room for some
        }
        options.branches = options.every_kind = seed % 2 == 0;
        const compiler::QuantGraph graph = random_network(seed, options);
        compiler::Compiled compiled;
        try {
            compiled = compiler::compile(graph, small, {});
        } catch (const compiler::InputError&) {
            continue;  // too large for L1
        }
        count(compiled.schedule, held);
        check_program_and_prediction(compiled.program, graph, small, 1 + static_cast<std::int64_t>(seed % 2), seed);
    }
    CHECK(held.maps > 60);
    CHECK(held.concats > 0);
    CHECK(held.apart > 0);
    CHECK(held.in_bands > 0);
}

TEST_CASE("a held map is shared in bands of columns, each of two cores, where there are enough") {
    // Cores that had few rows of many columns would bring each late to the last of its readers.
    hw::Machine machine = machine_of("isaac-baseline");
    reshape(machine, {8, 8}, {1, 1});
    NetworkOptions options;
    options.layers = 9;
    options.most_size = 32;
    options.most_channels = 160;
    int wide = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        INFO("seed " << seed);
        const compiler::QuantGraph graph = random_network(seed, options);
        const compiler::Schedule schedule = compiler::schedule(graph, machine, {}, {});
        for (const compiler::Kept& map : schedule.kept) {
            const compiler::Shape3& shape = schedule.network.graph.tensors[at(map.tensor)].shape;
            if (shape.w == 1 || map.holders.size() <= 2 || 2 * static_cast<int>(map.holders.size()) > machine.core_count()) {
                continue;
            }
            ++wide;
            for (const compiler::Holder& holder : map.holders) {
                CHECK((holder.part.grid.dy <= 2 || holder.part.grid.cols == 1));
            }
        }
    }
    CHECK(wide > 10);
}

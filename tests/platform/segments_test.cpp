// Segments run one after the other, and the predictor knows; where they are cut.

#include <algorithm>

#include <catch2/catch.hpp>

#include "compiler/codegen/generate.h"
#include "compiler/driver/paces.h"
#include "compiler/driver/schedule_facts.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/prediction/predict.h"
#include "tests/platform/machines.h"
#include "tests/platform/networks.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;

namespace {

hw::Machine slow_alu(hw::Cycles sync) {
    hw::Machine m = bare_machine();
    m.core.alu.rate = {false, 1};
    m.chip.sync_latency = sync;
    return m;
}

const char* const two_segments = R"(template fill(dst, n, c, i) {
  alu.fill dst=dst n=n
  signal c[i] += 1
}
flow a core[0] alu op=0 fill(0, 5, @c0, 0)
segment 1 flow b core[1] alu op=0 fill(0, 4, @c1, 0)
segment 1 flow d core[0] alu op=1 fill(0, 2, @c0, 1)
segment 3 flow e core[1] alu op=1 fill(0, 3, @c1, 1)
)";

void check(hw::Cycles sync) {
    const hw::Machine m = slow_alu(sync);
    const isa::Program program = timing_program(two_segments);
    RunOptions options;
    options.trace = true;
    const Outcome o = run(program, m, options);
    REQUIRE(o.deadlock.empty());
    using List = std::vector<Ticks>;
    CHECK(growth(o, program, "c0", 0) == List{5});
    CHECK(growth(o, program, "c1", 0) == List{5 + sync + 4});
    CHECK(growth(o, program, "c0", 1) == List{5 + sync + 2});
    // Segment 2 has no flows: it is over when it begins.
    CHECK(growth(o, program, "c1", 1) == List{9 + 3 * sync + 3});
    CHECK(o.ticks == 12 + 3 * sync);
    const compiler::Prediction prediction = compiler::predict(program, m, 1);
    CHECK(prediction.complete);
    CHECK(prediction.ticks == o.ticks);
    CHECK(prediction.operators[1].start == o.operators[1].start);
    CHECK(prediction.operators[1].end == o.operators[1].end);
}

}  // namespace

TEST_CASE("a segment begins when all flows of the one before have ended") {
    check(0);
}

TEST_CASE("a segment begins when all places have heard that the one before has ended") {
    check(7);
}

TEST_CASE("a segment whose program showed it to be slow is cut elsewhere") {
    const hw::Machine machine = machine_of("jia2021");
    NetworkOptions options;
    options.layers = 9;
    options.most_channels = 400;
    int tried = 0;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const compiler::QuantGraph graph = random_network(seed, options);
        const compiler::Schedule before = compiler::schedule(graph, machine);
        for (const compiler::Segment& segment : before.segments) {
            const auto convs = std::count_if(segment.graph.nodes.begin(), segment.graph.nodes.end(),
                                             [](const compiler::QuantNode& node) { return node.kind == compiler::NodeKind::Conv; });
            if (before.segments.size() == 1 || convs < 2) {
                continue;
            }
            INFO("seed " << seed << ", nodes " << segment.first << " to " << segment.last);
            compiler::Strategy strategy;
            strategy.paces[{segment.first, segment.last}] = 1;
            CHECK(compiler::fingerprint(compiler::schedule(graph, machine, {}, strategy)) == compiler::fingerprint(before));
            strategy.paces[{segment.first, segment.last}] = INT32_MAX;
            for (const compiler::Segment& other : compiler::schedule(graph, machine, {}, strategy).segments) {
                CHECK((other.first != segment.first || other.last != segment.last));
            }
            ++tried;
        }
    }
    CHECK(tried > 5);
}

TEST_CASE("cut for one image, what a segment took stands in place of the estimate, where the network fits as well") {
    NetworkOptions options;
    options.layers = 9;
    options.most_channels = 60;
    options.joins = false;  // a cut in front of each Conv
    compiler::Strategy one_image;
    one_image.cuts = compiler::Cuts::OneImage;
    compiler::ScheduleOptions apart;
    apart.joining = false;  // what joined segments take cannot be told
    const hw::Machine machine = machine_of("isaac-baseline");
    int tried = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const compiler::QuantGraph graph = random_network(seed, options);
        REQUIRE(compiler::schedule(graph, machine).segments.size() == 1);
        const compiler::Schedule whole = compiler::schedule(graph, machine, apart, one_image);
        const auto convs = std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                         [](const compiler::QuantNode& node) { return node.kind == compiler::NodeKind::Conv; });
        if (whole.segments.size() != 1 || convs < 3) {
            continue;
        }
        INFO("seed " << seed);
        compiler::Strategy known = one_image;
        known.paces[{whole.segments[0].first, whole.segments[0].last}] = 0;
        CHECK(compiler::fingerprint(compiler::schedule(graph, machine, apart, known)) == compiler::fingerprint(whole));
        known.paces.begin()->second = INT32_MAX;
        CHECK(compiler::schedule(graph, machine, apart, known).segments.size() > 1);
        ++tried;
    }
    CHECK(tried > 5);
}

TEST_CASE("a network cut by paces has the paces that its program shows") {
    const hw::Machine machine = machine_of("jia2021");
    NetworkOptions network;
    network.layers = 9;
    network.most_channels = 400;
    int segments = 0;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        INFO("seed " << seed);
        const compiler::QuantGraph graph = random_network(seed, network);
        compiler::Candidate first;
        first.schedule = compiler::schedule(graph, machine);
        first.program = compiler::generate_flows(graph, first.schedule, machine);
        if (first.schedule.segments.size() == 1) {
            continue;
        }
        const compiler::Candidate cut = compiler::cut_by_paces(first, graph, machine, {}, 2);
        const compiler::Occupancy occupancy = compiler::occupancy_of(cut.program, machine, 2);
        REQUIRE(occupancy.working.size() == cut.schedule.segments.size());
        for (std::size_t s = 0; s < cut.schedule.segments.size(); ++s) {
            const compiler::Segment& segment = cut.schedule.segments[s];
            CHECK(occupancy.working[s] > 0);
            CHECK(cut.strategy.paces.at({segment.first, segment.last}) == occupancy.working[s] / 2);
            ++segments;
        }
        // And cut so again with what is known.
        CHECK(compiler::fingerprint(compiler::schedule(graph, machine, {}, cut.strategy)) == compiler::fingerprint(cut.schedule));
    }
    CHECK(segments > 10);
}

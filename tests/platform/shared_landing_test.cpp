// Two copies of other columns and other rows on one core: of the rectangle that both read, the last row under the columns of the copy that
// does not give the last row of the output is read by nobody. What comes into its place must come after it all the same.

#include <algorithm>
#include <numeric>
#include <string>

#include <catch2/catch.hpp>

#include "compiler/codegen/generate.h"
#include "compiler/ir/index.h"
#include "compiler/prediction/predict.h"
#include "hw_models/timing/price.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using compiler::at;

namespace {

/// Convs of 2x2 without padding, 3 channels, over a map of `rows` x 12.
compiler::QuantGraph convs(int count, int rows) {
    compiler::QuantGraph graph;
    graph.name = "convs";
    for (int i = 0; i <= count; ++i) {
        compiler::QuantTensor t;
        t.name = "t" + std::to_string(i);
        t.shape = {rows - i, 12 - i, 3};
        graph.tensors.push_back(t);
    }
    for (int i = 0; i < count; ++i) {
        compiler::QuantNode n;
        n.name = "n" + std::to_string(i);
        n.type = "Conv";
        n.inputs = {i};
        n.output = i + 1;
        n.kernel_h = n.kernel_w = 2;
        n.rows = 12;
        n.cols = 3;
        for (int k = 0; k < n.rows * n.cols; ++k) {
            n.matrix.push_back(static_cast<std::int8_t>(37 * k % 101 - 50));
        }
        n.bias.assign(3, 9000);
        n.scale.assign(3, 0.006F);
        n.weight_scale.assign(3, 1.0F);
        graph.nodes.push_back(std::move(n));
    }
    graph.inputs = {0};
    graph.outputs = {count};
    return graph;
}

/// The last Conv in four copies, its rows and columns halved: those that touch at a corner only on one core. The Convs before it in two, of
/// every second row.
std::vector<compiler::NodePlacement> diagonal(const compiler::QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices) {
    const std::size_t convs = graph.nodes.size();
    std::vector<compiler::Split> splits(convs, compiler::Split{1, 2});
    splits.back().dx = 2;
    std::vector<compiler::Origin> origins;
    for (std::size_t i = 0; i < convs; ++i) {
        origins.push_back({static_cast<int>(i), 0, 0, 0, 3});
    }
    std::vector<compiler::NodePlacement> placement =
        compiler::place(graph, origins, machine, prices, splits, compiler::Spread::Copies).value().nodes;
    compiler::NodePlacement& last = placement.back();
    std::vector<int> cores(at(machine.core_count()));
    std::iota(cores.begin(), cores.end(), 0);
    cores[at(last.tiles[2].core)] = last.tiles[1].core;
    cores[at(last.tiles[3].core)] = last.tiles[0].core;
    compiler::renumber_cores(placement, cores);
    last.tiles[2].xb = last.tiles[3].xb = last.tiles[0].xb + 1;
    return placement;
}

/// As scheduled, but for places and relays.
isa::Program program_by_hand(const compiler::QuantGraph& graph, const hw::Machine& machine, const std::vector<compiler::Part>& relays) {
    const hw::PriceList prices(machine);
    compiler::Schedule schedule = compiler::schedule(graph, machine);
    compiler::Segment& segment = schedule.segments.at(0);
    segment.placement = diagonal(segment.graph, machine, prices);
    segment.relays = {relays};
    segment.memory = compiler::plan_memory(segment.graph, machine, prices, segment.placement, segment.relays);
    REQUIRE(segment.memory.relays[0].size() == relays.size());
    return compiler::generate(graph, schedule, machine);
}

void check(const compiler::QuantGraph& graph, const hw::Machine& machine, const std::vector<compiler::Part>& relays) {
    constexpr std::int64_t batch = 3;
    const isa::Program program = program_by_hand(graph, machine, relays);
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), batch)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
    }
    const std::vector<std::uint8_t> images = random_images(graph, batch, 1);
    RunOptions options;
    options.batch = batch;
    const Outcome outcome = run(program, machine, options, {images});
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.outputs == reference_outputs(graph, machine, images));
    compiler::PredictOptions contention;
    contention.contention = true;
    CHECK(compiler::predict(program, machine, batch, contention).ticks == outcome.ticks);
}

}  // namespace

TEST_CASE("a row of several copies that no reader on a core reads to its end is freed when all of it has come") {
    for (int rows = 8; rows < 14; ++rows) {
        INFO(rows << " rows");
        check(convs(2, rows), enlarged_tiny(), {});
    }
}

TEST_CASE("so is one that relays of some of its columns bring") {
    for (int rows = 8; rows < 14; ++rows) {
        INFO(rows << " rows");
        std::vector<compiler::Part> relays;
        for (int k = 0; k < 4; ++k) {
            const int y0 = k / 2;
            relays.push_back({20 + k, 0, 3, {y0, 2, (rows - y0 + 1) / 2, k % 2 * 6, 6}, k});
        }
        check(convs(1, rows), enlarged_tiny(), relays);
    }
}

// Copies of other columns and other rows on one core: of the rectangle that all of them read, the last row under the columns of a copy that
// does not give the last row of the output is read by nobody. What comes into its place must come after it all the same.

#include <string>

#include <catch2/catch.hpp>

#include "compiler/codegen/generate.h"
#include "compiler/ir/index.h"
#include "hw_models/timing/price.h"
#include "tests/platform/checks.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using compiler::at;

namespace {

/// Convs of `kernel` x `kernel` without padding, 2 channels, over a map of `rows` x 12.
compiler::QuantGraph convs(int count, int kernel, int rows) {
    compiler::QuantGraph graph;
    graph.name = "convs";
    for (int i = 0; i <= count; ++i) {
        compiler::QuantTensor t;
        t.name = "t" + std::to_string(i);
        t.shape = {rows - i * (kernel - 1), 12 - i * (kernel - 1), 2};
        graph.tensors.push_back(t);
    }
    for (int i = 0; i < count; ++i) {
        compiler::QuantNode n;
        n.name = "n" + std::to_string(i);
        n.type = "Conv";
        n.inputs = {i};
        n.output = i + 1;
        n.kernel_h = n.kernel_w = kernel;
        n.rows = kernel * kernel * 2;
        n.cols = 2;
        for (int k = 0; k < n.rows * n.cols; ++k) {
            n.matrix.push_back(static_cast<std::int8_t>(37 * k % 101 - 50));
        }
        n.bias.assign(2, 9000);
        n.scale.assign(2, 0.006F);
        n.weight_scale.assign(2, 1.0F);
        graph.nodes.push_back(std::move(n));
    }
    graph.inputs = {0};
    graph.outputs = {count};
    return graph;
}

/// How a Conv is split, and the core of each copy.
struct Copies {
    compiler::Split split;
    std::vector<int> cores;
};

std::vector<compiler::NodePlacement> place_by_hand(const compiler::QuantGraph& graph, const hw::Machine& machine,
                                                   const std::vector<Copies>& copies) {
    std::vector<compiler::Split> splits;
    std::vector<compiler::Origin> origins;
    for (std::size_t i = 0; i < copies.size(); ++i) {
        splits.push_back(copies[i].split);
        origins.push_back({static_cast<int>(i), 0, 0, 0, 2});
    }
    std::vector<compiler::NodePlacement> placement =
        compiler::place(graph, origins, machine, hw::PriceList(machine), splits, compiler::Spread::Copies, compiler::Forwarding::None)
            .value()
            .nodes;
    std::vector<int> used(at(machine.core_count()), 0);
    for (std::size_t i = 0; i < copies.size(); ++i) {
        for (std::size_t k = 0; k < copies[i].cores.size(); ++k) {  // of one tile and one part each
            const int core = copies[i].cores[k];
            placement[i].tiles.at(k).core = placement[i].parts.at(k).core = core;
            placement[i].tiles[k].xb = used[at(core)]++;
        }
    }
    return placement;
}

/// Compiled with these copies and relays, it runs without a race, as predicted, and gives the reference's bytes.
void check(const compiler::QuantGraph& graph, const std::vector<Copies>& copies, const std::vector<compiler::Part>& relays = {}) {
    constexpr std::int64_t batch = 3;
    const hw::Machine machine = enlarged_tiny();
    compiler::Schedule schedule = compiler::schedule(graph, machine);
    compiler::Segment& segment = schedule.segments.at(0);
    segment.placement = place_by_hand(graph, machine, copies);
    segment.relays = {relays};
    segment.memory = compiler::plan_memory(segment.graph, machine, hw::PriceList(machine), segment.placement, segment.relays);
    REQUIRE(segment.memory.relays[0].size() == relays.size());
    check_program_and_prediction(compiler::generate(graph, schedule, machine), graph, machine, batch, 1);
}

/// Rows and columns halved, copies that touch at a corner only on one core.
const Copies diagonal{{2, 2}, {2, 3, 3, 2}};

/// Rows of a map of `rows` x 12 dealt to `dy` in turn, in bands of 12 / `dx` columns.
std::vector<compiler::Part> bands(int rows, int dy, int dx) {
    std::vector<compiler::Part> relays;
    for (int k = 0; k < dy * dx; ++k) {
        const int y0 = k / dx;
        relays.push_back({20 + k, 0, 2, {y0, dy, (rows - y0 + dy - 1) / dy, k % dx * 12 / dx, 12 / dx}, k});
    }
    return relays;
}

}  // namespace

TEST_CASE("a row of several copies that no reader on a core reads to its end is freed when all of it has come") {
    for (int rows = 8; rows < 14; ++rows) {
        INFO(rows << " rows");
        check(convs(2, 2, rows), {{{1, 2}, {0, 1}}, diagonal});
    }
}

TEST_CASE("so is one that relays of some of its columns bring") {
    for (int rows = 8; rows < 14; ++rows) {
        INFO(rows << " rows");
        check(convs(1, 2, rows), {diagonal}, bands(rows, 2, 2));
    }
}

TEST_CASE("copies of any columns and rows on any cores free their rows in time") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        INFO("seed " << seed);
        isa::Dice dice(seed);
        const auto number = [&](int low, int high) { return static_cast<int>(dice.roll(low, high)); };
        const int kernel = number(2, 4);
        const int rows = number(10, 16);
        const bool relayed = dice.once_in(2);
        std::vector<Copies> copies;
        for (int i = relayed ? 1 : 0; i < 2; ++i) {
            Copies some{{number(1, 2), number(1, kernel)}, {}};
            for (int k = 0; k < some.split.copies(); ++k) {
                some.cores.push_back(3 * i + number(0, 2));
            }
            copies.push_back(some);
        }
        check(convs(relayed ? 1 : 2, kernel, rows), copies,
              relayed ? bands(rows, number(1, 3), number(1, 3)) : std::vector<compiler::Part>{});
    }
}

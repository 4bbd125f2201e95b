// Which cores of a Conv have their input from each other.

#include "compiler/mapping/forwarding.h"

#include <catch2/catch.hpp>

#include "hw_models/spec/load.h"
#include "hw_models/timing/price.h"

using namespace cim;
using compiler::Forward;

namespace {

/// A 3x3 Conv of 512 channels on a map of 8 x 8.
compiler::QuantGraph conv3x3() {
    compiler::QuantGraph graph;
    graph.tensors.resize(2);
    graph.tensors[0].shape = graph.tensors[1].shape = {8, 8, 512};
    graph.nodes.resize(1);
    compiler::QuantNode& conv = graph.nodes[0];
    conv.kind = compiler::NodeKind::Conv;
    conv.inputs = {0};
    conv.output = 1;
    conv.kernel_h = conv.kernel_w = 3;
    conv.pad_top = conv.pad_left = 1;
    return graph;
}

/// A column of tiles for each copy, one tile on each of its cores.
compiler::NodePlacement on_cores(const std::vector<std::vector<int>>& cores) {
    compiler::NodePlacement placement;
    const auto copies = static_cast<int>(cores.size());
    for (int copy = 0; copy < copies; ++copy) {
        placement.copies.push_back({0, 1, 8, 8 * copy / copies, 8 / copies});
        int row = 0;
        for (const int core : cores[static_cast<std::size_t>(copy)]) {
            compiler::Tile tile;
            tile.core = core;
            tile.copy = copy;
            tile.row = 128 * row++;
            tile.rows = 128;
            tile.cols = 32;
            tile.c1 = 512;
            placement.tiles.push_back(tile);
        }
    }
    return placement;
}

std::vector<std::pair<int, int>> forwards(const compiler::QuantGraph& graph, const compiler::NodePlacement& placement) {
    std::vector<std::pair<int, int>> pairs;
    for (const Forward& forward : compiler::forwards_of(graph, graph.nodes[0], placement)) {
        pairs.emplace_back(forward.core, forward.from);
    }
    return pairs;
}

using Pairs = std::vector<std::pair<int, int>>;

}  // namespace

TEST_CASE("each core of a copy passes the input on to four at most, and the first has it from outside") {
    const compiler::QuantGraph graph = conv3x3();
    CHECK(forwards(graph, on_cores({{3, 4, 5, 6, 7, 8, 9}})) == Pairs{{4, 3}, {5, 3}, {6, 3}, {7, 3}, {8, 4}, {9, 4}});
    CHECK(forwards(graph, on_cores({{0, 1}})).empty());
}

TEST_CASE("only cores that work for the same copies pass on to each other") {
    // Core 2 works for both, and takes the columns of both.
    CHECK(forwards(conv3x3(), on_cores({{0, 1, 2, 5}, {2, 6, 7, 8}})) == Pairs{{1, 0}, {5, 0}, {7, 6}, {8, 6}});
}

TEST_CASE("what comes as a vector, or leaves out rows, is not passed on") {
    compiler::QuantGraph graph = conv3x3();
    graph.nodes[0].kernel_h = graph.nodes[0].kernel_w = 8;
    graph.nodes[0].pad_top = graph.nodes[0].pad_left = 0;
    graph.tensors[1].shape = {1, 1, 512};
    compiler::NodePlacement whole = on_cores({{0, 1, 2, 3}});
    whole.copies[0] = {0, 1, 1, 0, 1};
    CHECK(forwards(graph, whole).empty());

    compiler::QuantGraph strided = conv3x3();
    strided.nodes[0].kernel_h = strided.nodes[0].kernel_w = 1;
    strided.nodes[0].stride_h = strided.nodes[0].stride_w = 2;
    strided.nodes[0].pad_top = strided.nodes[0].pad_left = 0;
    strided.tensors[1].shape = {4, 4, 512};
    compiler::NodePlacement placement = on_cores({{0, 1, 2, 3}});
    placement.copies[0] = {0, 1, 4, 0, 4};
    for (compiler::Tile& tile : placement.tiles) {
        tile.row = 0;
    }
    CHECK(forwards(strided, placement).empty());
}

TEST_CASE("receivers are many when sending to all of them takes half of the time that the slowest crossbar works") {
    // A Conv on one core gives 64 positions, each in 130 cycles, to another one; a send takes 2 cycles. 32 receivers: 4,096 of 8,320.
    compiler::QuantGraph graph = conv3x3();
    graph.tensors.push_back(graph.tensors[1]);
    graph.nodes.push_back(graph.nodes[0]);
    graph.nodes[1].inputs = {1};
    graph.nodes[1].output = 2;
    graph.inputs = {0};
    graph.outputs = {2};
    const hw::Machine machine = hw::load_machine(CIM_SOURCE_DIR "/configs/isaac-baseline.yaml").machine;
    const hw::PriceList prices(machine);
    const auto are_many = [&](int receivers) {
        std::vector<int> cores;
        for (int core = 1; core <= receivers; ++core) {
            cores.push_back(core);
        }
        std::vector<compiler::NodePlacement> placement{on_cores({{0}}), on_cores({cores})};
        placement[0].parts = {{0, 0, 32, {0, 1, 8, 0, 8}, 0}};
        CHECK(compiler::slowest_reads(placement, prices) == 8320);
        return compiler::has_many_receivers(graph, 1, placement, 8320, prices);
    };
    CHECK_FALSE(are_many(32));
    CHECK(are_many(33));
}

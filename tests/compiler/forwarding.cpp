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

TEST_CASE("vectors and strided rows are passed on, what comes to each copy by itself is not") {
    compiler::QuantGraph graph = conv3x3();
    graph.nodes[0].kernel_h = graph.nodes[0].kernel_w = 8;
    graph.nodes[0].pad_top = graph.nodes[0].pad_left = 0;
    graph.tensors[1].shape = {1, 1, 512};
    compiler::NodePlacement whole = on_cores({{0, 1, 2, 3}});
    whole.copies[0] = {0, 1, 1, 0, 1};
    CHECK(forwards(graph, whole).empty());  // each takes other pixels
    for (compiler::Tile& tile : whole.tiles) {
        tile.row = 0;
    }
    CHECK(forwards(graph, whole) == Pairs{{1, 0}, {2, 0}, {3, 0}});

    compiler::QuantGraph strided = conv3x3();
    strided.nodes[0].kernel_h = strided.nodes[0].kernel_w = 1;
    strided.nodes[0].stride_h = strided.nodes[0].stride_w = 2;
    strided.nodes[0].pad_top = strided.nodes[0].pad_left = 0;
    strided.tensors[1].shape = {4, 4, 512};
    compiler::NodePlacement placement = on_cores({{0, 1, 2, 3}});
    for (compiler::Tile& tile : placement.tiles) {
        tile.row = 0;
    }
    placement.copies[0] = {0, 1, 4, 0, 4};
    CHECK(forwards(strided, placement) == Pairs{{1, 0}, {2, 0}, {3, 0}});
    placement.copies[0] = {0, 2, 2, 0, 4};
    CHECK(forwards(strided, placement).empty());
}

TEST_CASE("receivers are many when sending to all of them takes a quarter of a window") {
    const compiler::QuantGraph graph = conv3x3();
    // A window of 128 rows takes 130 cycles, a send 2: 16 cores take 32 cycles, 17 take 34.
    const hw::Machine machine = hw::load_machine(CIM_SOURCE_DIR "/configs/isaac-baseline.yaml").machine;
    const hw::PriceList prices(machine);
    std::vector<int> cores;
    for (int core = 0; core < 16; ++core) {
        cores.push_back(core);
    }
    CHECK_FALSE(compiler::has_many_receivers(graph, graph.nodes[0], on_cores({cores}), prices, 130));
    cores.push_back(16);
    CHECK(compiler::has_many_receivers(graph, graph.nodes[0], on_cores({cores}), prices, 130));
    // A vector comes once an image, and 17 cores take 34 cycles of it.
    compiler::QuantGraph vector = conv3x3();
    vector.nodes[0].kernel_h = vector.nodes[0].kernel_w = 8;
    vector.nodes[0].pad_top = vector.nodes[0].pad_left = 0;
    vector.tensors[1].shape = {1, 1, 512};
    CHECK(compiler::has_many_receivers(vector, vector.nodes[0], on_cores({cores}), prices, 67));
    CHECK_FALSE(compiler::has_many_receivers(vector, vector.nodes[0], on_cores({cores}), prices, 68));
}

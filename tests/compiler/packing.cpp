// Which columns of tiles go to which core where loads are balanced.

#include "compiler/mapping/packing.h"

#include <algorithm>
#include <cstdlib>

#include <catch2/catch.hpp>

#include "hw_models/spec/load.h"
#include "hw_models/timing/price.h"

using namespace cim;
using namespace cim::compiler;

namespace {

/// Two Convs of 32 channels on a map of 16 x 16, one behind the other.
QuantGraph two_convs() {
    QuantGraph graph;
    graph.tensors.resize(3);
    graph.nodes.resize(2);
    for (TensorId id = 0; id < 3; ++id) {
        graph.tensors[static_cast<std::size_t>(id)].shape = {16, 16, 32};
    }
    for (NodeId id = 0; id < 2; ++id) {
        graph.nodes[static_cast<std::size_t>(id)].inputs = {id};
        graph.nodes[static_cast<std::size_t>(id)].output = id + 1;
    }
    return graph;
}

/// `copies` bands of the map, each with one column of `tiles` tiles.
NodePlacement bands(int copies, int tiles) {
    NodePlacement conv;
    for (int copy = 0; copy < copies; ++copy) {
        conv.copies.push_back({0, 1, 16, 16 * copy / copies, 16 / copies});
        for (int row = 0; row < tiles; ++row) {
            Tile tile;
            tile.row = 128 * row;
            tile.rows = 128;
            tile.cols = 32;
            tile.c1 = 32;
            tile.copy = copy;
            conv.tiles.push_back(tile);
        }
    }
    return conv;
}

/// The baseline machine with few cores of 16 crossbars; a flit to the next core takes a cycle, and `per_hop` cycles more for each core
/// between.
hw::Machine row_of_cores(int cores, int per_hop) {
    hw::Machine machine = hw::load_machine(CIM_SOURCE_DIR "/configs/isaac-baseline.yaml").machine;
    machine.chip.cores = {1, cores};
    machine.chip.noc.model = "cost-matrix";
    machine.chip.noc.cost.assign(static_cast<std::size_t>(cores + 1), std::vector<hw::Cycles>(static_cast<std::size_t>(cores + 1), 0));
    for (int from = 0; from <= cores; ++from) {
        for (int to = 0; to <= cores; ++to) {
            machine.chip.noc.cost[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)] =
                from == to ? 0 : 1 + per_hop * (std::abs(to - from) - 1);
        }
    }
    return machine;
}

int most_on_a_core(const std::vector<NodePlacement>& placement, int cores) {
    std::vector<int> used(static_cast<std::size_t>(cores), 0);
    for (const NodePlacement& conv : placement) {
        for (const Tile& tile : conv.tiles) {
            ++used[static_cast<std::size_t>(tile.core)];
        }
    }
    return *std::max_element(used.begin(), used.end());
}

}  // namespace

TEST_CASE("small columns fill what large ones leave of a core") {
    // In order two or three columns of 5 tiles fill a core each, and one of those of 11 finds no room.
    const QuantGraph graph = two_convs();
    const hw::Machine machine = row_of_cores(4, 0);
    const hw::PriceList prices(machine);
    std::vector<NodePlacement> placement{bands(4, 5), bands(4, 11)};
    const std::optional<hw::Ticks> busiest = pack_balanced(placement, graph, machine, prices);
    REQUIRE(busiest);
    CHECK(most_on_a_core(placement, 4) == 16);
    CHECK(busiest_core(placement, graph, machine, prices) <= *busiest);
    for (const NodePlacement& conv : placement) {
        for (std::size_t t = 1; t < conv.tiles.size(); ++t) {
            CHECK((conv.tiles[t].core == conv.tiles[t - 1].core) == (conv.tiles[t].copy == conv.tiles[t - 1].copy));
        }
    }
}

TEST_CASE("operators that follow each other stay near each other where distance counts") {
    const QuantGraph graph = two_convs();
    for (const int per_hop : {0, 1}) {
        const hw::Machine machine = row_of_cores(4, per_hop);
        const hw::PriceList prices(machine);
        std::vector<NodePlacement> placement{bands(4, 4), bands(4, 8)};
        REQUIRE(pack_balanced(placement, graph, machine, prices));
        CHECK(placement[0].tiles[0].xb == (per_hop > 0 ? 0 : 8));  // else behind a column of 8 tiles
        CHECK(placement[0].tiles[0].core == 0);
        placement = {bands(4, 4), bands(4, 8)};
        REQUIRE(pack_balanced(placement, graph, machine, prices, Spread::Largest));
        CHECK(placement[0].tiles[0].xb == 8);
    }
}

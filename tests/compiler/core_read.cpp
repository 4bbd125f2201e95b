// Cores as units of control: which crossbars a copy takes up, and how many positions a read computes.

#include "compiler/memory/core_read.h"

#include <catch2/catch.hpp>

#include "compiler/mapping/packing.h"
#include "hw_models/spec/load.h"

using namespace cim;
using namespace cim::compiler;

namespace {

/// Columns with so many tiles each.
std::vector<Tile> columns(const std::vector<int>& tiles) {
    std::vector<Tile> all;
    for (std::size_t column = 0; column < tiles.size(); ++column) {
        for (int row = 0; row < tiles[column]; ++row) {
            Tile tile;
            tile.row = 10 * row;
            tile.rows = 10;
            tile.col = 4 * static_cast<int>(column);
            tile.cols = 4;
            tile.c1 = 10;
            all.push_back(tile);
        }
    }
    return all;
}

}  // namespace

TEST_CASE("a copy takes up whole cores where a core is the unit of control") {
    hw::Machine machine = hw::load_machine(CIM_SOURCE_DIR "/configs/puma.yaml").machine;  // two crossbars a core
    CHECK(crossbars_taken(columns({1, 1, 1}), machine) == 3);
    machine.mode = hw::ComputingMode::CM;
    CHECK(crossbars_taken(columns({1}), machine) == 2);
    CHECK(crossbars_taken(columns({1, 1, 1}), machine) == 4);
    CHECK(crossbars_taken(columns({3}), machine) == 4);
    CHECK(crossbars_taken(columns({3, 1}), machine) == 6);  // no other column on the cores of a column that needs several
    CHECK(crossbars_taken(columns({1, 2}), machine) == 4);
}

TEST_CASE("copies in CM have cores of their own") {
    hw::Machine machine = hw::load_machine(CIM_SOURCE_DIR "/configs/puma.yaml").machine;
    machine.mode = hw::ComputingMode::CM;
    std::vector<NodePlacement> placement(2);
    placement[0].tiles = columns({1});
    placement[1].tiles = columns({1});
    Tile again = placement[1].tiles[0];
    again.copy = 1;
    placement[1].tiles.push_back(again);
    REQUIRE(pack_in_order(placement, machine, Spread::Balanced));
    CHECK(placement[0].tiles[0].core == 0);
    CHECK(placement[1].tiles[0].core == 1);
    CHECK(placement[1].tiles[1].core == 2);
}

TEST_CASE("a group's window spans those of its tiles") {
    NodePlacement placement;
    placement.tiles = columns({3});
    Group group;
    group.tiles = {1, 2};
    const TileWindow window = window_of(group, placement);
    CHECK(window.row == 10);
    CHECK(window.rows == 20);
    CHECK(window.c1 == 10);
}

TEST_CASE("a read computes as many positions of a row as make filling its pipeline a twentieth, and no more") {
    CHECK(grain_of({100, 100}, 28) == 1);  // nothing to fill
    CHECK(grain_of({94, 80}, 28) == 4);    // 14 of 4 * 80
    CHECK(grain_of({94, 80}, 9) == 9);     // 3 are too few, and what is between does not divide the row
    CHECK(grain_of({94, 80}, 7) == 7);
    CHECK(grain_of({94, 80}, 1) == 1);
    CHECK(grain_of({1000, 10}, 12) == 12);  // never enough: the row
}

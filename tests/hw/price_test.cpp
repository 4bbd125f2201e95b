// The figures of docs/timing.md, operation by operation and stage by stage.

#include "hw_models/timing/price.h"

#include <catch2/catch.hpp>

#include "hw_models/spec/load.h"
#include "tests/hw/support.h"

using namespace cim;
using hw::Resource;

namespace {

struct Expected {
    Resource resource;
    hw::Ticks ticks;
};

/// Both machines run all clocks at 1 GHz: a tick is a cycle.
void expect_stages(const hw::OpCost& cost, const std::vector<Expected>& expected) {
    REQUIRE(cost.stage_count == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        INFO("stage " << i);
        CHECK(cost.stages[i].resource == expected[i].resource);
        CHECK(cost.stages[i].ticks == expected[i].ticks);
    }
}

std::int64_t count(const hw::OpCost& cost, hw::Event event) {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < cost.event_count; ++i) {
        total += cost.events[i].event == event ? cost.events[i].count : 0;
    }
    return total;
}

}  // namespace

TEST_CASE("a full crossbar of puma, not pipelined") {
    const hw::Machine m = test::loaded_machine("puma");
    const hw::PriceList prices(m);
    const hw::OpCost cost = prices.read(0, 128, 32, 8, 8, 128, false);
    expect_stages(cost, {{Resource::L1Port, 9}, {Resource::Crossbar, 1152}, {Resource::L1Port, 9}});
    CHECK(cost.sync_ticks() == 1170);
    CHECK(count(cost, hw::Event::RowRead) == 128 * 8);
    CHECK(count(cost, hw::Event::DacDrive) == 128 * 8);
    CHECK(count(cost, hw::Event::AdcSample) == 128 * 8);
    CHECK(count(cost, hw::Event::ShiftAdd) == 128 * 8);
    CHECK(count(cost, hw::Event::RegisterByte) == 128 + 4 * 32);
    CHECK(count(cost, hw::Event::L1ReadByte) == 128);
    CHECK(count(cost, hw::Event::L1WriteByte) == 4 * 32);
    CHECK(count(cost, hw::Event::CoreIssue) == 1);
    CHECK(prices.mvm_ticks(128, 16, 16, 16) == 2304);  // 16-bit weights: 8 slices, 16 columns
}

TEST_CASE("a full crossbar of machine-h, pipelined") {
    const hw::Machine m = test::loaded_machine("machine-h");
    const hw::PriceList prices(m);
    expect_stages(prices.read(0, 128, 128, 8, 8, 128, false), {{Resource::L1Port, 17}, {Resource::Crossbar, 5168}, {Resource::L1Port, 65}});
}

TEST_CASE("sums added to those in L1 are read first") {
    const hw::Machine m = test::loaded_machine("puma");
    expect_stages(hw::PriceList(m).read(0, 128, 32, 8, 8, 128, true),
                  {{Resource::L1Port, 9}, {Resource::Crossbar, 1152}, {Resource::L1Port, 9}, {Resource::L1Port, 9}});
}

TEST_CASE("more rows than one activation takes cost another step") {
    hw::Machine m = test::loaded_machine("puma");
    m.crossbar.parallel_row = 32;
    const hw::PriceList prices(m);
    CHECK(prices.mvm_ticks(32, 32, 8, 8) == 8 * 144);
    CHECK(prices.mvm_ticks(33, 32, 8, 8) == 2 * 8 * 144);
    CHECK(prices.mvm_ticks(128, 32, 8, 8) == 4 * 8 * 144);
    m.crossbar.dac.bits = 3;
    CHECK(hw::PriceList(m).mvm_ticks(32, 32, 8, 8) == 3 * 144);
}

TEST_CASE("the first convolution of LeNet on puma") {
    const hw::Machine m = test::loaded_machine("puma");
    const hw::PriceList prices(m);
    expect_stages(prices.read(0, 25, 16, 8, 8, 25, false), {{Resource::L1Port, 3}, {Resource::Crossbar, 640}, {Resource::L1Port, 5}});
    expect_stages(prices.alu(0, hw::AluWork::Requant, 16, 1, 64, 16), {{Resource::L1Port, 5}, {Resource::Alu, 7}, {Resource::L1Port, 2}});
}

TEST_CASE("sixteen bytes to the core beside it") {
    const hw::Machine puma = test::loaded_machine("puma");
    const hw::OpCost mesh = hw::PriceList(puma).send(0, 1, 16);
    expect_stages(mesh, {{Resource::L1Port, 2}, {Resource::Noc, 11}, {Resource::RemoteL1Port, 2}});
    CHECK(count(mesh, hw::Event::NocFlitHop) == 4 * 2);
    const hw::Machine h = test::loaded_machine("machine-h");
    const hw::OpCost matrix = hw::PriceList(h).send(0, 1, 16);
    expect_stages(matrix, {{Resource::L1Port, 3}, {Resource::Noc, 8}, {Resource::RemoteL1Port, 3}});
    CHECK(count(matrix, hw::Event::NocFlitHop) == 2);
    // To itself: no network.
    expect_stages(hw::PriceList(puma).send(0, 0, 16), {{Resource::L1Port, 2}, {Resource::L1Port, 2}});
}

TEST_CASE("a core's slice as one pipeline") {
    const hw::Machine m = test::loaded_machine("puma");
    const hw::PriceList prices(m);
    const std::vector<hw::PriceList::Tile> tiles{{128, 32, 8}, {64, 32, 8}};
    // In 9, tiles side by side 1152, 64 sums + 3 x 32 operations: 1 + 20, out 3.
    const hw::OpCost one = prices.read_core(tiles, 32, true, 1, 128);
    expect_stages(one, {{Resource::Crossbar, 9 + 1152 + 21 + 3}});
    const hw::OpCost ten = prices.read_core(tiles, 32, true, 10, 128);
    expect_stages(ten, {{Resource::Crossbar, 9 + 1152 + 21 + 3 + 9 * 1152}});
    CHECK(count(ten, hw::Event::RowRead) == 10 * (128 + 64) * 8);
    CHECK(count(ten, hw::Event::CoreAluOp) == 10 * (64 + 3 * 32));
    // Sums, four bytes a channel, are not requantised: 64 operations 1 + 8, out 1 + 8.
    const hw::OpCost sums = prices.read_core(tiles, 32, false, 10, 128);
    expect_stages(sums, {{Resource::Crossbar, 9 + 1152 + 9 + 9 + 9 * 1152}});
    CHECK(count(sums, hw::Event::CoreAluOp) == 10 * 64);
    CHECK(count(sums, hw::Event::L1WriteByte) == 10 * 4 * 32);
}

TEST_CASE("operations of the ALU for each kind of work") {
    const hw::Machine m = test::loaded_machine("puma");
    const hw::PriceList prices(m);
    const auto operations = [&](hw::AluWork work, std::int64_t n, std::int64_t terms) {
        return count(prices.alu(0, work, n, terms, 0, n), hw::Event::CoreAluOp);
    };
    CHECK(operations(hw::AluWork::Fill, 10, 1) == 10);
    CHECK(operations(hw::AluWork::Clip, 10, 1) == 10);
    CHECK(operations(hw::AluWork::Lut, 10, 1) == 10);
    CHECK(operations(hw::AluWork::Sum, 10, 3) == 30);
    CHECK(operations(hw::AluWork::Max, 10, 4) == 40);
    CHECK(operations(hw::AluWork::ShiftAdd, 10, 3) == 60);
    CHECK(operations(hw::AluWork::Average, 10, 4) == 40 + 30);
    CHECK(operations(hw::AluWork::Requant, 10, 1) == 30);
    CHECK(operations(hw::AluWork::PRelu, 10, 1) == 30);
    CHECK(operations(hw::AluWork::Add, 10, 1) == 40);
    CHECK(operations(hw::AluWork::Mul, 10, 1) == 50);
    CHECK(operations(hw::AluWork::Softmax, 10, 1) == 40);
}

// Prices against formulas worked by hand.

#include <map>

#include <catch2/catch.hpp>

#include "hw_models/spec/load.h"
#include "hw_models/timing/price.h"
#include "tests/hw/support.h"

using namespace cim;
using namespace cim::hw;

namespace {

Machine config(const std::string& name) {
    return load_machine(test::config_path(name)).machine;
}

std::map<std::string, std::int64_t> events_of(const OpCost& cost) {
    std::map<std::string, std::int64_t> events;
    for (std::size_t i = 0; i < cost.event_count; ++i) {
        events[std::string(event_info(cost.events[i].event).name)] += cost.events[i].count;
    }
    return events;
}

using Stages = std::vector<std::pair<Resource, Ticks>>;

Stages stages_of(const OpCost& cost) {
    Stages stages;
    for (std::size_t i = 0; i < cost.stage_count; ++i) {
        stages.emplace_back(cost.stages[i].resource, cost.stages[i].ticks);
    }
    return stages;
}

}  // namespace

TEST_CASE("puma: an 8-bit multiplication on a whole crossbar takes half of the published 2304 ns") {
    const Machine m = config("puma");
    const PriceList prices(m);
    // 8 input bits, each a read of 16 and 128 samples of one converter; 32 weights of four cells.
    CHECK(prices.mvm_ticks(128, 32, 8, 8) == 8 * (16 + 128));
    CHECK(prices.mvm_ticks(128, 32, 8, 8) == 1152);
    CHECK(prices.mvm_ticks(128, 32, 16, 8) == 2304);
    // Fewer rows are one activation all the same; fewer columns are fewer samples.
    CHECK(prices.mvm_ticks(1, 32, 8, 8) == 1152);
    CHECK(prices.mvm_ticks(128, 8, 8, 8) == 8 * (16 + 32));
    // L1 moves 16 bytes a cycle after one of latency: 128 bytes in, 32 sums of four bytes out.
    const OpCost read = prices.read(0, 128, 32, 8, 8, 128, false);
    CHECK(stages_of(read) == Stages{{Resource::L1Port, 1 + 8}, {Resource::Crossbar, 1152}, {Resource::L1Port, 1 + 8}});
    CHECK(read.sync_ticks() == 1170);
    CHECK(events_of(read) == std::map<std::string, std::int64_t>{{"core_issue", 1},
                                                                 {"l1_read_byte", 128},
                                                                 {"l1_write_byte", 128},
                                                                 {"register_byte", 256},
                                                                 {"row_read", 8 * 128},
                                                                 {"dac_drive", 8 * 128},
                                                                 {"adc_sample", 8 * 128},
                                                                 {"shift_add", 8 * 128}});
}

TEST_CASE("puma: the energy of a multiplication is what its power makes of its time") {
    const Machine m = config("puma");
    const std::array<double, event_count> prices = event_prices(m);
    const OpCost read = PriceList(m).read(0, 128, 32, 8, 8, 128, false);
    double crossbar = 0;
    for (std::size_t i = 0; i < read.event_count; ++i) {
        if (event_info(read.events[i].event).tier == "crossbar") {
            crossbar += static_cast<double>(read.events[i].count) * prices[static_cast<std::size_t>(read.events[i].event)];
        }
    }
    // 343.5 pJ a crossbar and input bit, a tenth of the part outside the array leaking instead.
    CHECK(crossbar > 8 * 343.5 * 0.88);
    CHECK(crossbar < 8 * 343.5 * 0.96);
}

TEST_CASE("machine-h: a multiplication takes the 5168 ns that its peers count") {
    const Machine m = config("machine-h");
    const PriceList prices(m);
    CHECK(prices.mvm_ticks(128, 128, 8, 8) == 30 + 7 * 640 + 640 + 18);
    CHECK(prices.mvm_ticks(128, 128, 8, 8) == 5168);
    // With few columns reading is slower than converting.
    CHECK(prices.mvm_ticks(128, 4, 8, 8) == 30 + 7 * 30 + 20 + 18);
    CHECK(stages_of(prices.load(9, 20)) == Stages{{Resource::L0Port, 0}, {Resource::Noc, 3 * (2 * 2 + 2)}, {Resource::L1Port, 1 + 3}});
    CHECK(stages_of(prices.fetch(20)) == Stages{{Resource::External, 15 + 3}, {Resource::L0Port, 0}});
}

TEST_CASE("tiny: every stage and every event of a read that adds to what is there") {
    const Machine m = config("tiny");
    const PriceList prices(m);
    // Ticks of 1/2400 MHz: two a core cycle, three a crossbar cycle. 16 rows, 8 weights of 4 cells: 32 bitlines, 8 rounds of 4 converters.
    const OpCost read = prices.read(3, 16, 8, 8, 8, 16, true);
    const Ticks core = 2;
    const Ticks network = 3;  // crossbar 3 is two hops from L1: 1 + 2 cycles a flit
    CHECK(stages_of(read) == Stages{{Resource::L1Port, (1 + 2) * core},
                                    {Resource::Crossbar, 1 * network * core},
                                    {Resource::Crossbar, (4 + 7 * 8 + 8 + 2) * 3},
                                    {Resource::Crossbar, 2 * network * core},
                                    {Resource::L1Port, (1 + 4) * core},
                                    {Resource::L1Port, (1 + 4) * core}});
    CHECK(events_of(read) == std::map<std::string, std::int64_t>{{"core_issue", 1},
                                                                 {"core_noc_flit", 1 + 2},
                                                                 {"l1_read_byte", 16 + 32},
                                                                 {"l1_write_byte", 32},
                                                                 {"register_byte", 48},
                                                                 {"row_read", 8 * 16},
                                                                 {"dac_drive", 8 * 16},
                                                                 {"adc_sample", 8 * 32},
                                                                 {"shift_add", 8 * 32}});
    // 20 rows are two activations an input bit, each row in one of them.
    const auto two = events_of(prices.read(0, 20, 8, 8, 8, 20, false));
    CHECK(two.at("row_read") == 8 * 20);
    CHECK(two.at("adc_sample") == 2 * 8 * 32);
}

TEST_CASE("tiny: writes, transfers and digital work") {
    const Machine m = config("tiny");
    const PriceList prices(m);
    // 40 ns and 100 ns in cycles of 1200 and 800 MHz: 48 and 80.
    const OpCost write = prices.write(3, 16, 8, 8, 128);
    CHECK(stages_of(write) ==
          Stages{{Resource::External, (48 + 16) * 2}, {Resource::Noc, (1 + 2 + 2 + 1 + 15) * 2}, {Resource::Crossbar, 16 * 80 * 3}});
    CHECK(events_of(write) == std::map<std::string, std::int64_t>{
                                  {"core_issue", 1}, {"external_read_byte", 128}, {"noc_flit_hop", 16 * 3}, {"cell_write", 16 * 8 * 4}});
    const OpCost send = prices.send(1, 2, 10);
    CHECK(stages_of(send) ==
          Stages{{Resource::L1Port, (1 + 2) * 2}, {Resource::Noc, (1 + 2 + 2 + 1 + 1) * 2}, {Resource::RemoteL1Port, (1 + 2) * 2}});
    CHECK(send.src_node == 1);
    CHECK(send.dst_node == 2);
    CHECK(events_of(send) ==
          std::map<std::string, std::int64_t>{{"core_issue", 1}, {"l1_read_byte", 10}, {"l1_write_byte", 10}, {"noc_flit_hop", 2 * 3}});
    CHECK(stages_of(prices.send(1, 1, 10)) == Stages{{Resource::L1Port, (1 + 2) * 2}, {Resource::L1Port, (1 + 2) * 2}});
    const OpCost requant = prices.alu(0, AluWork::Requant, 10, 1, 40, 10);
    CHECK(stages_of(requant) == Stages{{Resource::L1Port, (1 + 5) * 2}, {Resource::Alu, (1 + 8) * 2}, {Resource::L1Port, (1 + 2) * 2}});
    CHECK(events_of(requant).at("core_alu_op") == 30);
    const OpCost chip = prices.alu(-1, AluWork::Add, 10, 1, 20, 10);
    CHECK(stages_of(chip) == Stages{{Resource::L0Port, (3 + 2) * 2}, {Resource::Alu, (2 + 5) * 2}, {Resource::L0Port, (3 + 1) * 2}});
    CHECK(events_of(chip) ==
          std::map<std::string, std::int64_t>{{"chip_issue", 1}, {"chip_alu_op", 40}, {"l0_read_byte", 20}, {"l0_write_byte", 10}});
}

TEST_CASE("cim.read_core: the slowest of crossbar, digital part and port sets the pace") {
    Machine m = config("tiny");
    // Two tiles of 16 x 8 side by side; 16 channels, windows of 16 bytes: port (1+2) + (1+2) core cycles, crossbar 70 crossbar cycles.
    const std::vector<PriceList::Tile> tiles{{16, 8, 8}, {16, 8, 8}};
    const Ticks mvm = 70 * 3;
    const Ticks digital = (1 + 16) * 2;  // 16 sums and three operations for each of 16 channels, four a cycle
    const Ticks ports = 3 * 2 + 3 * 2;
    CHECK(PriceList(m).read_core(tiles, 16, true, 1, 16).stage_ticks() == mvm + digital + ports);
    CHECK(PriceList(m).read_core(tiles, 16, true, 10, 16).stage_ticks() == mvm + digital + ports + 9 * mvm);
    m.core.alu.latency = 500;
    CHECK(PriceList(m).read_core(tiles, 16, true, 10, 16).stage_ticks() == mvm + ports + 10 * (500 + 16) * 2);
    const auto events = events_of(PriceList(m).read_core(tiles, 16, true, 10, 16));
    CHECK(events.at("adc_sample") == 10 * 2 * 8 * 32);
    CHECK(events.at("row_read") == 10 * 2 * 8 * 16);
    CHECK(events.at("l1_read_byte") == 160);
    CHECK(events.at("l1_write_byte") == 160);
    CHECK(events.at("core_issue") == 1);
}

TEST_CASE("nothing costs an issue less than one tick") {
    Machine m = config("tiny");
    m.core.control.issue_latency = 0;
    CHECK(PriceList(m).copy(0, 1).issue_ticks == 1);
}

TEST_CASE("each event has a price of the machine, and each price an event") {
    Machine m = config("tiny");
    const std::array<double, event_count> before = event_prices(m);
    for (const double price : before) {
        CHECK(price > 0);
    }
    const auto doubled = [&](const char* event, double& price) {
        INFO(event);
        price *= 2;
        const std::array<double, event_count> after = event_prices(m);
        for (std::size_t e = 0; e < event_count; ++e) {
            const bool meant = event_info(static_cast<Event>(e)).name == event;
            CHECK(after[e] == (meant ? 2 : 1) * before[e]);
        }
        price /= 2;
    };
    doubled("row_read", m.crossbar.row_read_pj);
    doubled("dac_drive", m.crossbar.dac.drive_pj);
    doubled("adc_sample", m.crossbar.adc.sample_pj);
    doubled("shift_add", m.crossbar.shift_add.op_pj);
    doubled("register_byte", m.crossbar.registers.byte_pj);
    doubled("cell_write", m.device.cell_write_pj);
    doubled("core_noc_flit", m.core.noc.flit_hop_pj);
    doubled("l1_read_byte", m.core.l1.read_pj_per_byte);
    doubled("l1_write_byte", m.core.l1.write_pj_per_byte);
    doubled("core_alu_op", m.core.alu.op_pj);
    doubled("core_issue", m.core.control.op_pj);
    doubled("noc_flit_hop", m.chip.noc.flit_hop_pj);
    doubled("l0_read_byte", m.chip.l0.read_pj_per_byte);
    doubled("l0_write_byte", m.chip.l0.write_pj_per_byte);
    doubled("chip_alu_op", m.chip.alu.op_pj);
    doubled("chip_issue", m.chip.control.op_pj);
    doubled("external_read_byte", m.chip.external_memory.read_pj_per_byte);
    doubled("external_write_byte", m.chip.external_memory.write_pj_per_byte);
}

TEST_CASE("static parts count what is there") {
    Machine m = config("tiny");
    const auto instances = [&](std::string_view component) {
        std::int64_t n = 0;
        for (const StaticPart& part : static_parts(m)) {
            n += part.component == component ? part.instances : 0;
        }
        return n;
    };
    CHECK(instances("array") == 16);
    CHECK(instances("dac") == 16 * 32);
    CHECK(instances("adc") == 16 * 4);
    CHECK(instances("l1") == 4);
    CHECK(instances("l0") == 1);
    CHECK(instances("noc") == 4);  // routers
    CHECK(instances("cluster") == 0);
    m.chip.cluster = ClusterSpec{{1, 2}, {}};
    CHECK(instances("noc") == 2);
    CHECK(instances("cluster") == 2);
    m.chip.noc.model = "cost-matrix";
    CHECK(instances("noc") == 1);
}

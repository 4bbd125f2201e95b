// The machines under configs/: they load, say what their sources say, and show as files that load to the same machine.

#include <catch2/catch.hpp>

#include "hw_models/crossbar/bit_serial.h"
#include "hw_models/energy/events.h"
#include "hw_models/spec/document.h"
#include "hw_models/timing/price.h"
#include "tests/hw/support.h"

using namespace cim;

namespace {

/// Cycles of the crossbar clock for one multiplication over the whole crossbar with 8-bit inputs and weights.
hw::Cycles mvm_cycles(const hw::Machine& m) {
    return hw::PriceList(m).mvm_ticks(m.crossbar.rows, m.logical_cols(8), 8, 8) / m.crossbar_clock.ticks_per_cycle;
}

/// Energy in pJ of the crossbar for the same, with one byte a row in and four a result out.
double mvm_energy(const hw::Machine& m) {
    const auto& x = m.crossbar;
    const double activations = 8;
    const double bytes = x.rows + 4.0 * m.logical_cols(8);
    return activations * (x.rows * (x.row_read_pj + x.dac.drive_pj) + x.cols * (x.adc.sample_pj + x.shift_add.op_pj)) +
           bytes * x.registers.byte_pj;
}

/// Leakage in mW of one crossbar with its converters.
double crossbar_leakage(const hw::Machine& m) {
    const auto& x = m.crossbar;
    return x.fixed.leakage_mw + x.rows * x.dac.fixed.leakage_mw + x.adc.count * x.adc.fixed.leakage_mw + x.shift_add.fixed.leakage_mw +
           x.registers.fixed.leakage_mw;
}

double crossbar_area(const hw::Machine& m) {
    const auto& x = m.crossbar;
    return x.fixed.area_mm2 + x.rows * x.dac.fixed.area_mm2 + x.adc.count * x.adc.fixed.area_mm2 + x.shift_add.fixed.area_mm2 +
           x.registers.fixed.area_mm2;
}

}  // namespace

TEST_CASE("Every machine loads and shows as a file that loads to the same machine", "[hw]") {
    const auto names = test::config_names();
    CHECK(names == std::vector<std::string>{"isaac-baseline", "jain2021", "jia2021", "machine-h", "puma", "tiny"});
    for (const std::string& name : names) {
        INFO(name);
        const hw::Machine m = test::loaded_machine(name);
        CHECK(m.name == name);
        CHECK_FALSE(m.description.empty());
        const auto& memory = m.chip.external_memory.size;
        CHECK((memory.ideal || memory.value >= 64 << 20));
        const std::string shown = hw::show_machine(test::config_path(name));
        const hw::LoadResult again = hw::load_machine_text(shown, name + ".yaml");
        REQUIRE(again.ok());
        CHECK(again.machine.hash == m.hash);
        CHECK(again.machine.name == m.name);
        CHECK(again.machine.description == m.description);
    }
}

TEST_CASE("A shown machine tells where each value came from", "[hw]") {
    const std::string shown = hw::show_machine(test::config_path("tiny"));
    const auto has = [&](const std::string& line) {
        INFO(line);
        CHECK(shown.find(line) != std::string::npos);
    };
    has("# derived: 2400000000 ticks a second; cycles of chip, core and crossbar take 2, 2 and 3 ticks\n");
    has("\nmode: WLM                                                     # tiny.yaml:5\n");
    has("\n    latency: 48 cycle                                         # derived: 40 ns, tiny.yaml:49\n");
    hw::Document unnamed =
        hw::judge(test::replaced(test::config_text("tiny"),
                                 "description: Test machine of 2x2 cores of 2x2 crossbars in which nothing is ideal\n", ""),
                  "tiny.yaml");
    const std::string defaulted = hw::show(unnamed);
    const std::size_t line = defaulted.find("\ndescription: \"\" ");
    REQUIRE(line != std::string::npos);
    CHECK(defaulted.find("  # default\n", line) < defaulted.find("\nmode:", line));
}

TEST_CASE("ISAAC baseline is table 3 of the paper", "[hw]") {
    const hw::Machine m = test::loaded_machine("isaac-baseline");
    CHECK(m.core_count() == 768);
    CHECK(m.crossbars_per_core() == 16);
    CHECK(m.chip.l0.bandwidth.value == 384);
    CHECK(m.core.l1.bandwidth.value == 8192);
    CHECK(m.crossbar.read_latency == 1);
    CHECK(mvm_cycles(m) == 8 * 16);
    CHECK(hw::adc_is_lossless(m));
    CHECK(m.chip.noc.model == "ideal");
}

TEST_CASE("PUMA multiplies in the published time, energy and area", "[hw]") {
    const hw::Machine m = test::loaded_machine("puma");
    CHECK(m.core_count() == 138);
    CHECK(mvm_cycles(m) == 8 * 144);
    CHECK(hw::adc_is_lossless(m));
    // 16 bits on 8 crossbars: 2304 ns and 43.97 nJ, so 8 bits on one: a sixteenth.
    const double energy = mvm_energy(m) + crossbar_leakage(m) * 8 * 144;
    CHECK(energy == Approx(43970.0 / 16).epsilon(0.005));
    CHECK(8 * crossbar_area(m) == Approx(0.012).epsilon(0.01));
}

TEST_CASE("Jia reaches the published rate and efficiency", "[hw]") {
    const hw::Machine m = test::loaded_machine("jia2021");
    CHECK(m.mode == hw::ComputingMode::CM);
    CHECK(m.logical_cols(8) == 32);
    const double seconds = static_cast<double>(mvm_cycles(m)) / m.crossbar_clock.hertz;
    const double operations = 2.0 * m.crossbar.rows * m.logical_cols(8);
    CHECK(16 * operations / seconds == Approx(3e12).epsilon(0.02));
    CHECK(operations / (mvm_energy(m) * 1e-12) == Approx(30e12).epsilon(0.01));
    CHECK_FALSE(hw::adc_is_lossless(m));
}

TEST_CASE("Jain activates 32 of its wordlines at once", "[hw]") {
    const hw::Machine m = test::loaded_machine("jain2021");
    CHECK(m.core_count() == 4);
    CHECK(m.mode == hw::ComputingMode::WLM);
    CHECK(mvm_cycles(m) == 8 * 8 * (1 + 4) + 1);
    CHECK(hw::adc_is_lossless(m));
}

TEST_CASE("Machine H multiplies in 5168 cycles and moves at twice hops plus two", "[hw]") {
    const hw::Machine m = test::loaded_machine("machine-h");
    CHECK(mvm_cycles(m) == 5168);
    CHECK(hw::adc_is_lossless(m));
    REQUIRE(m.chip.noc.cost.size() == 65);
    CHECK(m.chip.noc.cost[0][0] == 0);
    CHECK(m.chip.noc.cost[0][1] == 4);
    CHECK(m.chip.noc.cost[0][63] == 2 * 14 + 2);
    CHECK(m.chip.noc.cost[0][64] == 2);  // L0 sits at the first core's router
    CHECK(m.chip.noc.cost[63][64] == 30);
}

TEST_CASE("Nothing is ideal on the test machine", "[hw]") {
    CHECK(hw::show_machine(test::config_path("tiny")).find(": ideal") == std::string::npos);
    const hw::Machine m = test::loaded_machine("tiny");
    for (const double price : hw::event_prices(m)) {
        CHECK(price > 0);
    }
    for (const hw::StaticPart& part : hw::static_parts(m)) {
        INFO(part.component);
        CHECK(part.leakage_mw > 0);
    }
    CHECK(m.ticks_per_second == 2'400'000'000);
    CHECK(m.chip_clock.ticks_per_cycle == 2);
    CHECK(m.crossbar_clock.ticks_per_cycle == 3);
}

TEST_CASE("A cost matrix over clusters counts hops between their routers", "[hw]") {
    const std::string mesh =
        "    model: mesh-packet\n    flit: 64 bit\n    hop_latency: 2 cycle\n    inject_latency: 1 cycle\n    memory_node: [0, 0]\n";
    const std::string cost =
        "    model: cost-matrix\n    flit: 64 bit\n    cost: {base: 3 cycle, per_hop: 10 cycle, memory_node: [1, 0]}\n";
    const std::string cluster = "cluster:\n  cores: [1, 2]\n  leakage: 1 mW\n  area: 1 mm2\ncore:\n";
    const std::string text = test::replaced(test::replaced(test::config_text("tiny"), mesh, cost), "core:\n", cluster);
    const hw::LoadResult result = hw::load_machine_text(text, "m.yaml");
    REQUIRE(result.ok());
    const hw::CostMatrix expected{{0, 3, 13, 13, 13}, {3, 0, 13, 13, 13}, {13, 13, 0, 3, 3}, {13, 13, 3, 0, 3}, {13, 13, 3, 3, 0}};
    CHECK(result.machine.chip.noc.cost == expected);
}

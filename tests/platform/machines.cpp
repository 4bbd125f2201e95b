#include "tests/platform/machines.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "hw_models/spec/load.h"
#include "isa/generate/dice.h"

namespace cim::test {

using isa::Dice;

namespace {

const hw::Machine& sound(const hw::LoadResult& loaded) {
    if (!loaded.diagnostics.empty()) {
        throw std::runtime_error(loaded.diagnostics.front().text());
    }
    return loaded.machine;
}

hw::Grid routers(const hw::Machine& m) {
    const hw::Grid cluster = m.chip.cluster ? m.chip.cluster->cores : hw::Grid{1, 1};
    return {m.chip.cores.rows / cluster.rows, m.chip.cores.cols / cluster.cols};
}

void derive_cost(hw::NocSpec& noc, hw::Grid grid, hw::Grid cluster) {
    if (noc.model != "cost-matrix") {
        return;
    }
    std::vector<hw::Grid> at;
    for (int i = 0; i < grid.count(); ++i) {
        at.push_back({i / grid.cols / cluster.rows, i % grid.cols / cluster.cols});
    }
    at.push_back(noc.memory_node);
    noc.cost.assign(at.size(), std::vector<hw::Cycles>(at.size(), 0));
    for (std::size_t i = 0; i < at.size(); ++i) {
        for (std::size_t j = 0; j < at.size(); ++j) {
            const int hops = std::abs(at[i].rows - at[j].rows) + std::abs(at[i].cols - at[j].cols);
            noc.cost[i][j] = i == j ? 0 : noc.cost_base + noc.cost_per_hop * hops;
        }
    }
}

}  // namespace

hw::Machine machine_of(const std::string& name) {
    return sound(hw::load_machine(CIM_SOURCE_DIR "/configs/" + name + ".yaml"));
}

hw::Machine enlarged_tiny() {
    hw::Machine machine = machine_of("tiny");
    reshape(machine, {6, 5}, {4, 2});
    return machine;
}

hw::Machine machine_from(const std::string& yaml) {
    return sound(hw::load_machine_text(yaml, "machine.yaml"));
}

void reshape(hw::Machine& machine, hw::Grid cores, hw::Grid crossbars) {
    machine.chip.cores = cores;
    machine.core.crossbars = crossbars;
    const hw::Grid last = routers(machine);
    machine.chip.noc.memory_node = {std::min(machine.chip.noc.memory_node.rows, last.rows - 1),
                                    std::min(machine.chip.noc.memory_node.cols, last.cols - 1)};
    derive_cost(machine.chip.noc, cores, machine.chip.cluster ? machine.chip.cluster->cores : hw::Grid{1, 1});
    derive_cost(machine.core.noc, crossbars, {1, 1});
}

hw::Machine without_contention(hw::Machine machine, bool noc_ideal) {
    for (hw::BufferSpec* buffer : {&machine.core.l1, &machine.chip.l0}) {
        buffer->bandwidth = {};
        buffer->latency = 0;
    }
    machine.chip.external_memory.bandwidth = {};
    machine.chip.external_memory.latency = 0;
    machine.chip.noc.model = noc_ideal ? "ideal" : "cost-matrix";
    if (!noc_ideal) {
        machine.chip.noc.cost_base = 3;
        machine.chip.noc.cost_per_hop = 2;
        derive_cost(machine.chip.noc, machine.chip.cores, machine.chip.cluster ? machine.chip.cluster->cores : hw::Grid{1, 1});
    }
    return machine;
}

hw::Machine random_variant(std::uint64_t seed) {
    Dice dice(seed);
    const auto roll = [&](int low, int high) { return static_cast<int>(dice.roll(low, high)); };
    hw::Machine m = machine_of("tiny");
    m.name = "variant " + std::to_string(seed);
    m.mode = dice.once_in(2) ? hw::ComputingMode::XBM : hw::ComputingMode::WLM;
    const std::array<const char*, 4> models{"ideal", "cost-matrix", "disjoint-buffer-switch", "mesh-packet"};
    m.chip.noc.model = models[static_cast<std::size_t>(roll(0, 3))];
    m.chip.noc.flit_bits = 8 << roll(0, 5);
    m.chip.noc.hop_latency = roll(0, 3);
    m.chip.noc.inject_latency = roll(0, 2);
    m.chip.noc.cost_base = roll(0, 3);
    m.chip.noc.cost_per_hop = roll(0, 3);
    hw::Grid cores{roll(2, 6), roll(2, 6)};
    if (dice.once_in(3)) {
        m.chip.cluster = hw::ClusterSpec{{roll(1, 2), roll(1, 3)}, {}};
        cores = {cores.rows * m.chip.cluster->cores.rows, cores.cols * m.chip.cluster->cores.cols};
    }
    m.chip.noc.memory_node = {roll(0, 9), roll(0, 9)};  // reshape() brings it inside
    m.core.noc.model = dice.once_in(2) ? "ideal" : "cost-matrix";
    reshape(m, cores, {roll(1, 3), roll(1, 3)});
    m.crossbar.rows = 8 * roll(1, 8);
    m.crossbar.parallel_row = roll(1, m.crossbar.rows);
    m.device.bits_per_cell = roll(1, 4);
    m.crossbar.dac.bits = 1 << roll(0, 2);
    m.crossbar.encoding = static_cast<hw::WeightEncoding>(roll(0, 3));
    m.crossbar.input_encoding = static_cast<hw::InputEncoding>(roll(0, 1));
    m.crossbar.cols = m.columns(8) * roll(1, 10) + roll(0, 2);
    m.crossbar.adc.transfer = dice.once_in(2) ? hw::AdcTransfer::Uniform : hw::AdcTransfer::Saturate;
    m.crossbar.adc.bits = dice.once_in(2) ? 16 : roll(3, 9);
    m.crossbar.adc.sample_latency = roll(0, 2);
    m.crossbar.read_latency = roll(1, 9);
    m.crossbar.pipelined = dice.once_in(2);
    m.device.write_latency = roll(0, 20);
    m.core.l1.size = {false, 64 << roll(0, 7)};
    m.chip.l0.size = {false, 512 << roll(0, 7)};
    for (hw::BufferSpec* buffer : {&m.core.l1, &m.chip.l0}) {
        buffer->bandwidth = dice.once_in(4) ? hw::Limit{} : hw::Limit{false, 8 << roll(0, 5)};
        buffer->latency = roll(0, 2);
    }
    m.chip.external_memory.bandwidth = dice.once_in(4) ? hw::Limit{} : hw::Limit{false, 8 << roll(0, 5)};
    m.chip.external_memory.latency = roll(0, 20);
    for (hw::AluSpec* alu : {&m.core.alu, &m.chip.alu}) {
        alu->rate = dice.once_in(4) ? hw::Limit{} : hw::Limit{false, roll(1, 16)};
        alu->latency = roll(0, 2);
    }
    m.core.control.issue_latency = roll(1, 3);
    m.chip.control.issue_latency = roll(1, 3);
    m.chip.sync_latency = roll(0, 5);
    for (hw::Clock* clock : {&m.chip_clock, &m.core_clock, &m.crossbar_clock}) {
        clock->ticks_per_cycle = roll(1, 4);
    }
    return m;
}

hw::Machine small_variant(std::uint64_t seed) {
    hw::Machine m = random_variant(seed);
    Dice dice(seed + 33);
    const auto roll = [&](int low, int high) { return static_cast<int>(dice.roll(low, high)); };
    m.name = "small " + m.name;
    m.chip.cluster.reset();
    reshape(m, {roll(1, 3), roll(1, 2)}, {roll(1, 2), roll(1, 2)});
    m.crossbar.rows = 8 * roll(1, 4);
    m.crossbar.parallel_row = roll(1, m.crossbar.rows);
    m.crossbar.cols = m.columns(8) * roll(1, 6) + roll(0, 2);
    m.core.l1.size = {false, 64 << roll(0, 5)};
    m.chip.l0.size = {false, 256 << roll(0, 5)};
    return m;
}

}  // namespace cim::test

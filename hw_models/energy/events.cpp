#include "hw_models/energy/events.h"

namespace cim::hw {

namespace {

constexpr std::array<EventInfo, event_count> table{{
    {"row_read", "array", "crossbar"},
    {"dac_drive", "dac", "crossbar"},
    {"adc_sample", "adc", "crossbar"},
    {"shift_add", "shift_add", "crossbar"},
    {"register_byte", "registers", "crossbar"},
    {"cell_write", "device", "device"},
    {"core_noc_flit", "core_noc", "core"},
    {"l1_read_byte", "l1", "core"},
    {"l1_write_byte", "l1", "core"},
    {"core_alu_op", "core_alu", "core"},
    {"core_issue", "core_control", "core"},
    {"noc_flit_hop", "noc", "chip"},
    {"l0_read_byte", "l0", "chip"},
    {"l0_write_byte", "l0", "chip"},
    {"chip_alu_op", "chip_alu", "chip"},
    {"chip_issue", "chip_control", "chip"},
    {"external_read_byte", "external_memory", "external"},
    {"external_write_byte", "external_memory", "external"},
}};

}  // namespace

const EventInfo& event_info(Event event) {
    return table[static_cast<std::size_t>(event)];
}

std::array<double, event_count> event_prices(const Machine& m) {
    return {
        m.crossbar.row_read_pj,
        m.crossbar.dac.drive_pj,
        m.crossbar.adc.sample_pj,
        m.crossbar.shift_add.op_pj,
        m.crossbar.registers.byte_pj,
        m.device.cell_write_pj,
        m.core.noc.flit_hop_pj,
        m.core.l1.read_pj_per_byte,
        m.core.l1.write_pj_per_byte,
        m.core.alu.op_pj,
        m.core.control.op_pj,
        m.chip.noc.flit_hop_pj,
        m.chip.l0.read_pj_per_byte,
        m.chip.l0.write_pj_per_byte,
        m.chip.alu.op_pj,
        m.chip.control.op_pj,
        m.chip.external_memory.read_pj_per_byte,
        m.chip.external_memory.write_pj_per_byte,
    };
}

std::vector<StaticPart> static_parts(const Machine& m) {
    const std::int64_t cores = m.core_count();
    const std::int64_t crossbars = cores * m.crossbars_per_core();
    const CrossbarSpec& x = m.crossbar;
    const auto part = [](std::string_view component, std::string_view tier, std::int64_t instances, const StaticPrice& price) {
        return StaticPart{component, tier, instances, price.leakage_mw, price.area_mm2};
    };
    const bool mesh = m.chip.noc.model == "mesh-packet";
    const std::int64_t clusters = m.chip.cluster ? cores / m.chip.cluster->cores.count() : 0;
    std::vector<StaticPart> parts{
        part("array", "crossbar", crossbars, x.fixed),
        part("dac", "crossbar", crossbars * x.rows, x.dac.fixed),
        part("adc", "crossbar", crossbars * x.adc.count, x.adc.fixed),
        part("shift_add", "crossbar", crossbars, x.shift_add.fixed),
        part("registers", "crossbar", crossbars, x.registers.fixed),
        part("core_noc", "core", cores, m.core.noc.fixed),
        part("l1", "core", cores, m.core.l1.fixed),
        part("core_alu", "core", cores, m.core.alu.fixed),
        part("core_control", "core", cores, m.core.control.fixed),
        part("noc", "chip", mesh ? (clusters > 0 ? clusters : cores) : 1, m.chip.noc.fixed),
        part("l0", "chip", 1, m.chip.l0.fixed),
        part("chip_alu", "chip", 1, m.chip.alu.fixed),
        part("chip_control", "chip", 1, m.chip.control.fixed),
    };
    if (m.chip.cluster) {
        parts.push_back(part("cluster", "cluster", clusters, m.chip.cluster->fixed));
    }
    parts.push_back({"external_memory", "external", 1, m.chip.external_memory.standby_mw, 0});
    return parts;
}

double leakage_mw(const Machine& machine) {
    double total = 0;
    for (const StaticPart& part : static_parts(machine)) {
        total += static_cast<double>(part.instances) * part.leakage_mw;
    }
    return total;
}

double leakage_fj(const Machine& machine) {
    return leakage_mw(machine) * 1e12 / static_cast<double>(machine.ticks_per_second);
}

}  // namespace cim::hw

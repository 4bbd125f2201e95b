// Keys and sections: unknown, missing, given twice, not used. Every message in full.
#include <catch2/catch.hpp>

#include "tests/hw/support.h"

namespace {

using cim::test::Edit;
using cim::test::Mistake;

const std::vector<Mistake> structure_mistakes{
    {"unknown key with a near name",
     {{"  adc:\n    model: saturate\n    bits: 6", "  adc:\n    model: saturate\n    bitz: 6"}},
     {"m.yaml:106:5: crossbar.adc.bitz: is not a key (did you mean bits?)"}},
    {"unknown key that belongs elsewhere",
     {{"  parallel_row: 16\n", "  parallel_row: 16\n  drive_energy: 1 pJ\n"}},
     {"m.yaml:92:3: crossbar.drive_energy: is not a key here (did you mean crossbar.dac.drive_energy?)"}},
    {"unknown key like nothing",
     {{"mode: WLM", "mode: WLM\nwheels: 4"}},
     {"m.yaml:6:1: wheels: is not a key; the file has name, description, mode, clocks, chip, cluster, core, crossbar and device"}},
    {"dotted key",
     {{"mode: WLM", "mode: WLM\nchip.cores: [2, 2]"}},
     {"m.yaml:6:1: chip.cores: is not a key; the file has name, description, mode, clocks, chip, cluster, core, crossbar and device"}},
    {"missing key", {{"  parallel_row: 16\n", ""}}, {"m.yaml:88:1: crossbar.parallel_row: is missing (most wordlines active at once)"}},
    {"missing price",
     {{"    sample_energy: 1 pJ\n", ""}},
     {"m.yaml:104:3: crossbar.adc.sample_energy: is missing; give an energy in aJ, fJ, pJ, nJ or uJ, or say `ideal` (one sample)"}},
    {"missing leakage",
     {{"  leakage: 0.001 mW\n", ""}},
     {"m.yaml:88:1: crossbar.leakage: is missing; give a power in nW, uW, mW or W, or say `ideal` (leakage of one crossbar's array)"}},
    {"missing endurance",
     {{"  endurance: 1e6 write\n", ""}},
     {"m.yaml:122:1: device.endurance: is missing; give an endurance in write, or say `ideal` (writes that a cell survives; ideal: any "
      "number)"}},
    {"missing section",
     {{"  dac:\n    bits: 1\n    drive_energy: 0.2 pJ\n    leakage: 0.1 uW\n    area: 0.2 um2\n", ""}},
     {"m.yaml:88:1: crossbar.dac: this section is missing; it has bits, drive_energy, leakage and area (digital-to-analogue converters, "
      "one a row)"}},
    {"section that is a value",
     {{"  dac:\n    bits: 1\n    drive_energy: 0.2 pJ\n    leakage: 0.1 uW\n    area: 0.2 um2\n", "  dac: 1 bit\n"}},
     {"m.yaml:99:8: crossbar.dac: must be a section with the keys bits, drive_energy, leakage and area"}},
    {"section without keys",
     {{"  dac:\n    bits: 1\n    drive_energy: 0.2 pJ\n    leakage: 0.1 uW\n    area: 0.2 um2\n", "  dac:\n"}},
     {"m.yaml:99:3: crossbar.dac: must be a section with the keys bits, drive_energy, leakage and area"}},
    {"key without value", {{"  parallel_row: 16\n", "  parallel_row:\n"}}, {"m.yaml:91:3: crossbar.parallel_row: has no value"}},
    {"duplicate key",
     {{"  parallel_row: 16\n", "  parallel_row: 16\n  parallel_row: 8\n"}},
     {"m.yaml:92:3: crossbar.parallel_row: the key is given twice, first in line 91"}},
    {"duplicate section",
     {{"mode: WLM", "mode: WLM\ndevice:\n  type: ReRAM"}},
     {"m.yaml:6:1: device.bits_per_cell: is missing (bits that one cell holds)",
      "m.yaml:6:1: device.write_latency: is missing; give a time in cycle, ps, ns, us or ms, or say `ideal` (to program one row)",
      "m.yaml:6:1: device.cell_write_energy: is missing; give an energy in aJ, fJ, pJ, nJ or uJ, or say `ideal` (to program one cell)",
      "m.yaml:6:1: device.endurance: is missing; give an endurance in write, or say `ideal` (writes that a cell survives; ideal: any "
      "number)",
      "m.yaml:124:1: device: the key is given twice, first in line 6"}},
    {"key not used by the model",
     {{"    model: mesh-packet", "    model: disjoint-buffer-switch"}},
     {"m.yaml:19:5: chip.noc.inject_latency: is not used with chip.noc.model = disjoint-buffer-switch; it needs chip.noc.model = "
      "mesh-packet",
      "m.yaml:20:5: chip.noc.memory_node: is not used with chip.noc.model = disjoint-buffer-switch; it needs chip.noc.model = "
      "mesh-packet"}},
    {"keys not used by the ideal network",
     {{"    model: cost-matrix", "    model: ideal"}},
     {"m.yaml:58:5: core.noc.flit: is not used with core.noc.model = ideal; it needs core.noc.model = cost-matrix",
      "m.yaml:59:5: core.noc.cost: is not used with core.noc.model = ideal; it needs core.noc.model = cost-matrix and core.noc.cost_matrix "
      "not given",
      "m.yaml:63:5: core.noc.flit_hop_energy: is not used with core.noc.model = ideal; it needs core.noc.model = cost-matrix",
      "m.yaml:64:5: core.noc.leakage: is not used with core.noc.model = ideal; it needs core.noc.model = cost-matrix",
      "m.yaml:65:5: core.noc.area: is not used with core.noc.model = ideal; it needs core.noc.model = cost-matrix"}},
    {"cost both ways",
     {{"    flit: 128 bit", "    flit: 128 bit\n    cost_matrix: [[0,1,1,1,1],[1,0,1,1,1],[1,1,0,1,1],[1,1,1,0,1],[1,1,1,1,0]]"}},
     {"m.yaml:60:5: core.noc.cost: cannot be given together with core.noc.cost_matrix"}},
    {"no cost at all",
     {{"    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n", ""}},
     {"m.yaml:56:3: core.noc.cost: this section is missing; it has base, per_hop and memory_node; or give core.noc.cost_matrix (the cost "
      "matrix as base + per_hop x Manhattan hops; a node to itself costs nothing)"}},
    {"cluster without keys",
     {{"core:\n", "cluster:\n  cores: [1, 2]\ncore:\n"}},
     {"m.yaml:54:1: cluster.leakage: is missing; give a power in nW, uW, mW or W, or say `ideal` (leakage of one cluster besides its cores "
      "and router)",
      "m.yaml:54:1: cluster.area: is missing; give an area in um2 or mm2, or say `ideal` (area of one cluster besides its cores and "
      "router)"}},
    {"several mistakes at once",
     {{"mode: WLM", "mode: WLMM"},
      {"  crossbar: 800 MHz", "  crossbar: fast"},
      {"parallel_row: 16", "parallel_row: 64"},
      {"bits_per_cell: 2", "bits_per_cel: 2"},
      {"  endurance: 1e6 write", "  endurance: 5 ns"}},
     {"m.yaml:5:7: mode: there is no mode `WLMM`; choose CM, XBM or WLM (did you mean WLM?)",
      "m.yaml:10:13: clocks.crossbar: `fast` does not begin with a number: a clock takes a number and Hz, kHz, MHz or GHz",
      "m.yaml:91:17: crossbar.parallel_row: 64 rows at once, but crossbar.size has only 32",
      "m.yaml:124:3: device.bits_per_cel: is not a key (did you mean bits_per_cell?)",
      "m.yaml:127:14: device.endurance: `ns` is not a unit of an endurance: use write"}},
};

}  // namespace

TEST_CASE("A hardware file with wrong keys is refused", "[hw]") {
    cim::test::expect_mistakes(structure_mistakes);
}

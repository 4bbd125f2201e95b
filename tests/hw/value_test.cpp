// Single values of a hardware file: numbers, units, ranges, choices. Every message in full.
#include <catch2/catch.hpp>

#include "tests/hw/support.h"

namespace {

using cim::test::Edit;
using cim::test::Mistake;

const std::vector<Mistake> value_mistakes{
    {"wrong unit",
     {{"read_latency: 4 cycle", "read_latency: 4 GHz"}},
     {"m.yaml:92:17: crossbar.read_latency: `GHz` is not a unit of a time: use cycle, ps, ns, us or ms"}},
    {"misspelt unit",
     {{"chip: 1200 MHz", "chip: 1200 Mhz"}},
     {"m.yaml:8:9: clocks.chip: `Mhz` is not a unit of a clock: use Hz, kHz, MHz or GHz (did you mean MHz?)"}},
    {"no unit",
     {{"sample_energy: 1 pJ", "sample_energy: 1"}},
     {"m.yaml:109:20: crossbar.adc.sample_energy: `1` has no unit: an energy takes aJ, fJ, pJ, nJ or uJ"}},
    {"no number",
     {{"sample_energy: 1 pJ", "sample_energy: pJ"}},
     {"m.yaml:109:20: crossbar.adc.sample_energy: `pJ` does not begin with a number: an energy takes a number and aJ, fJ, pJ, nJ or uJ"}},
    {"not a number",
     {{"sample_energy: 1 pJ", "sample_energy: nan pJ"}},
     {"m.yaml:109:20: crossbar.adc.sample_energy: `nan pJ` does not begin with a number: an energy takes a number and aJ, fJ, pJ, nJ or "
      "uJ"}},
    {"infinite",
     {{"sample_energy: 1 pJ", "sample_energy: .inf"}},
     {"m.yaml:109:20: crossbar.adc.sample_energy: `.inf` does not begin with a number: an energy takes a number and aJ, fJ, pJ, nJ or uJ"}},
    {"negative price",
     {{"sample_energy: 1 pJ", "sample_energy: -1 pJ"}},
     {"m.yaml:109:20: crossbar.adc.sample_energy: `-1 pJ` is negative"}},
    {"huge price",
     {{"sample_energy: 1 pJ", "sample_energy: 1e20 pJ"}},
     {"m.yaml:109:20: crossbar.adc.sample_energy: 1e20 pJ is out of range [0,1000000000000] pJ"}},
    {"huge exponent",
     {{"sample_energy: 1 pJ", "sample_energy: 1e999 pJ"}},
     {"m.yaml:109:20: crossbar.adc.sample_energy: `1e999 pJ` has an exponent beyond 30: an energy takes a number and aJ, fJ, pJ, nJ or "
      "uJ"}},
    {"too many digits",
     {{"sample_energy: 1 pJ", "sample_energy: 1.2345678901234567890123 pJ"}},
     {"m.yaml:109:20: crossbar.adc.sample_energy: `1.2345678901234567890123 pJ` has more than 18 significant digits: an energy takes a "
      "number "
      "and aJ, fJ, pJ, nJ or uJ"}},
    {"huge time",
     {{"read_latency: 4 cycle", "read_latency: 1e25 cycle"}},
     {"m.yaml:92:17: crossbar.read_latency: `1e25 cycle` is too large"}},
    {"time out of range",
     {{"read_latency: 4 cycle", "read_latency: 0 cycle"}},
     {"m.yaml:92:17: crossbar.read_latency: 0 cycle is out of range [1,1000000000] cycle"}},
    {"fraction of a byte",
     {{"size: 4 KiB", "size: 4.0001 KiB"}},
     {"m.yaml:68:11: core.l1.size: `4.0001 KiB` is not a whole number of bytes"}},
    {"rate that is no whole number of bits a cycle",
     {{"bandwidth: 128 bit/cycle", "bandwidth: 1 GB/s"}},
     {"m.yaml:27:16: chip.l0.bandwidth: `1 GB/s` is not a whole number of bit/cycle at 1200 MHz"}},
    {"integer out of range", {{"    bits: 6", "    bits: 0"}}, {"m.yaml:106:11: crossbar.adc.bits: 0 is out of range [1,24]"}},
    {"integer too large",
     {{"    bits: 6", "    bits: 99999999999999999999"}},
     {"m.yaml:106:11: crossbar.adc.bits: `99999999999999999999` is too large"}},
    {"fraction for an integer", {{"    bits: 6", "    bits: 6.5"}}, {"m.yaml:106:11: crossbar.adc.bits: `6.5` is not an integer"}},
    {"word for an integer", {{"    bits: 6", "    bits: six"}}, {"m.yaml:106:11: crossbar.adc.bits: `six` is not an integer"}},
    {"leading zero", {{"    bits: 6", "    bits: 010"}}, {"m.yaml:106:11: crossbar.adc.bits: `010` is not an integer"}},
    {"quoted integer",
     {{"    bits: 6", "    bits: \"6\""}},
     {"m.yaml:106:11: crossbar.adc.bits: `6` stands in quotes; write the integer without"}},
    {"integer as a list", {{"    bits: 6", "    bits: [6]"}}, {"m.yaml:106:11: crossbar.adc.bits: is a list; it must be an integer"}},
    {"dac out of range", {{"    bits: 1\n", "    bits: 17\n"}}, {"m.yaml:100:11: crossbar.dac.bits: 17 is out of range [1,16]"}},
    {"cell bits out of range",
     {{"bits_per_cell: 2", "bits_per_cell: 9"}},
     {"m.yaml:124:18: device.bits_per_cell: 9 is out of range [1,8]"}},
    {"boolean", {{"pipelined: true", "pipelined: yes"}}, {"m.yaml:93:14: crossbar.pipelined: `yes` is neither true nor false"}},
    {"grid of one", {{"  size: [32, 32]", "  size: [32]"}}, {"m.yaml:90:9: crossbar.size: must be a pair of integers [rows, columns]"}},
    {"grid with a zero", {{"  size: [32, 32]", "  size: [32, 0]"}}, {"m.yaml:90:14: crossbar.size: 0 is out of range [1,65536]"}},
    {"grid as a number", {{"  size: [32, 32]", "  size: 32"}}, {"m.yaml:90:9: crossbar.size: must be a pair of integers [rows, columns]"}},
    {"unknown model",
     {{"    model: mesh-packet", "    model: mesh-paket"}},
     {"m.yaml:16:12: chip.noc.model: there is no model `mesh-paket`; choose ideal, cost-matrix, disjoint-buffer-switch or mesh-packet (did "
      "you mean mesh-packet?)"}},
    {"unknown model like nothing",
     {{"    model: mesh-packet", "    model: token-ring"}},
     {"m.yaml:16:12: chip.noc.model: there is no model `token-ring`; choose ideal, cost-matrix, disjoint-buffer-switch or mesh-packet"}},
    {"unknown mode", {{"mode: WLM", "mode: wlm"}}, {"m.yaml:5:7: mode: there is no mode `wlm`; choose CM, XBM or WLM (did you mean WLM?)"}},
    {"unknown device",
     {{"type: ReRAM", "type: DRAM"}},
     {"m.yaml:123:9: device.type: there is no type `DRAM`; choose SRAM, ReRAM, Flash, STT-MRAM, PCM or FeFET (did you mean SRAM?)"}},
    {"ideal where a value is needed",
     {{"read_latency: 4 cycle", "read_latency: ideal"}},
     {"m.yaml:92:17: crossbar.read_latency: cannot be `ideal`: a time is needed"}},
    {"ideal for an integer", {{"    bits: 6", "    bits: ideal"}}, {"m.yaml:106:11: crossbar.adc.bits: `ideal` is not an integer"}},
    {"clock that may not be ideal", {{"chip: 1200 MHz", "chip: ideal"}}, {"m.yaml:8:9: clocks.chip: cannot be `ideal`: a clock is needed"}},
    {"matrix with a negative cost",
     {{"    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n",
       "    cost_matrix: [[0,-1,1,1,1],[1,0,1,1,1],[1,1,0,1,1],[1,1,1,0,1],[1,1,1,1,0]]\n"}},
     {"m.yaml:59:22: core.noc.cost_matrix: -1 is out of range [0,1000000000]"}},
    {"matrix of numbers",
     {{"    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n", "    cost_matrix: [0, 1]\n"}},
     {"m.yaml:59:19: core.noc.cost_matrix: each row must be a list of integers"}},
    {"matrix as a number",
     {{"    cost:\n      base: 1 cycle\n      per_hop: 1 cycle\n      memory_node: [0, 0]\n", "    cost_matrix: 3\n"}},
     {"m.yaml:59:18: core.noc.cost_matrix: must be a list of rows, each a list of integers"}},
    {"empty name", {{"name: tiny", "name: \"\""}}, {"m.yaml:3:7: name: a text of 0 bytes is out of range [1,64]"}},
    {"list for a text", {{"name: tiny", "name: [tiny]"}}, {"m.yaml:3:7: name: is a list; it must be a text"}},
};

}  // namespace

TEST_CASE("A hardware file with a wrong value is refused", "[hw]") {
    cim::test::expect_mistakes(value_mistakes);
}

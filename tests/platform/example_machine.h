#pragma once
// A machine with round prices, for tests that count cycles by hand.

#include <string>

namespace cim::test {

/// `model: ...` and what else belongs to it, for the chip's network.
inline const std::string ideal_noc = "model: ideal";
inline const std::string switch_noc =
    "model: disjoint-buffer-switch\n    flit: 8 bit\n    hop_latency: 1 cycle\n    flit_hop_energy: 1 pJ\n    leakage: 1 mW\n    area: 1 "
    "mm2";

inline std::string example_machine(const std::string& noc) {
    return R"(name: example
description: Prices are round and describe no chip
mode: XBM
clocks:
  chip: 1 GHz
  core: 1 GHz
  crossbar: 1 GHz
chip:
  cores: [2, 2]
  sync_latency: 1 cycle
  noc:
    )" + noc +
           R"(
  l0:
    model: single-port
    size: 96 KiB
    bandwidth: ideal
    latency: ideal
    read_energy: 1 pJ/byte
    write_energy: 1 pJ/byte
    leakage: 1 mW
    area: 1 mm2
  alu:
    model: simd
    rate: 8 op/cycle
    latency: 1 cycle
    op_energy: 1 pJ
    leakage: 1 mW
    area: 1 mm2
  control:
    issue_latency: 2 cycle
    op_energy: 1 pJ
    leakage: 1 mW
    area: 1 mm2
  external_memory:
    model: fixed-latency
    size: 1 GiB
    bandwidth: ideal
    latency: ideal
    read_energy: 1 pJ/byte
    write_energy: 1 pJ/byte
    standby: 1 mW
core:
  crossbars: [1, 1]
  noc:
    model: ideal
  l1:
    model: single-port
    size: 1 KiB
    bandwidth: ideal
    latency: ideal
    read_energy: 1 pJ/byte
    write_energy: 1 pJ/byte
    leakage: 1 mW
    area: 1 mm2
  alu:
    model: simd
    rate: 4 op/cycle
    latency: 1 cycle
    op_energy: 1 pJ
    leakage: 1 mW
    area: 1 mm2
  control:
    issue_latency: 1 cycle
    op_energy: 1 pJ
    leakage: 1 mW
    area: 1 mm2
crossbar:
  model: bit-serial
  size: [8, 32]
  parallel_row: 8
  read_latency: 1 cycle
  pipelined: false
  row_read_energy: 1 pJ
  weight_encoding: offset
  input_encoding: unsigned
  leakage: 1 mW
  area: 1 um2
  dac:
    bits: 1
    drive_energy: 1 pJ
    leakage: 1 uW
    area: 1 um2
  adc:
    model: saturate
    bits: 8
    count: 1
    sample_latency: ideal
    sample_energy: 1 pJ
    leakage: 1 mW
    area: 1 um2
  shift_add:
    latency: 2 cycle
    op_energy: 1 pJ
    leakage: 1 mW
    area: 1 um2
  registers:
    byte_energy: 1 pJ/byte
    leakage: 1 mW
    area: 1 um2
device:
  type: ReRAM
  bits_per_cell: 2
  write_latency: 1 cycle
  cell_write_energy: 1 pJ
  endurance: 1e9 write
)";
}

}  // namespace cim::test

#pragma once
// A resolved machine: what a hardware file says, checked, in base units. Loaded by hw_models/spec/load.h; every other part of the
// project takes it (or a part of it) by const reference.
//
// Units: time in cycles of the component's own clock or in ticks (the common base tick of all clocks), energy in pJ, power in mW, area
// in mm2, sizes in bytes, rates in bits or operations a cycle. `Limit` and `Price` know the explicit value `ideal`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cim::hw {

using Ticks = std::int64_t;
using Cycles = std::int64_t;

/// A size or rate that the file may declare `ideal`, that is without limit.
struct Limit {
    bool ideal = true;
    std::int64_t value = 0;
};

/// Rows x columns.
struct Grid {
    int rows = 1;
    int cols = 1;
    int count() const { return rows * cols; }
};

enum class ComputingMode : std::uint8_t { CM, XBM, WLM };

struct Clock {
    double hertz = 1e9;
    Ticks ticks_per_cycle = 1;
};

/// Prices of the parts that every component has. All zero where the file says `ideal`.
struct StaticPrice {
    double leakage_mw = 0;  ///< of one instance
    double area_mm2 = 0;    ///< of one instance
};

/// A memory with one port: L0, L1.
struct BufferSpec {
    std::string model;   ///< `single-port`
    Limit size;          ///< bytes
    Limit bandwidth;     ///< bits a cycle; ideal: no time and no contention
    Cycles latency = 0;  ///< added once an access
    double read_pj_per_byte = 0;
    double write_pj_per_byte = 0;
    StaticPrice fixed;
};

struct AluSpec {
    std::string model;   ///< `simd`
    Limit rate;          ///< operations a cycle
    Cycles latency = 0;  ///< added once an operation
    double op_pj = 0;
    StaticPrice fixed;
};

struct NocSpec {
    std::string model;          ///< `ideal`, `cost-matrix`, `disjoint-buffer-switch`, `mesh-packet`; core tier: `ideal`, `cost-matrix`
    int flit_bits = 64;         ///< all but `ideal`
    Cycles hop_latency = 1;     ///< mesh-packet: cycles a head flit takes from router to router; disjoint-buffer-switch: through the switch
    Cycles inject_latency = 0;  ///< mesh-packet: from the core into its router and from the router into the core, each
    /// cost-matrix: cycles a flit from node i to node j; nodes are the cores (crossbars) row-major, the last is the L0 (L1).
    std::vector<std::vector<Cycles>> cost;
    Cycles cost_base = 0;     ///< what `cost` was derived from, if the file gives `cost` and not `cost_matrix`: base + per_hop x hops,
    Cycles cost_per_hop = 0;  ///< hops by Manhattan distance between routers; 0 on the diagonal
    Grid memory_node{0, 0};   ///< coordinates of the router (crossbar) at which L0 (L1) is attached; unused with `cost_matrix`
    double flit_hop_pj = 0;   ///< a flit over one link (mesh: hops; else: once)
    StaticPrice fixed;        ///< of a router (mesh-packet, one a core or cluster) or of the whole
};

struct ExternalMemorySpec {
    std::string model;   ///< `fixed-latency`
    Limit size;          ///< bytes
    Limit bandwidth;     ///< bits a chip cycle
    Cycles latency = 0;  ///< chip cycles added once an access
    double read_pj_per_byte = 0;
    double write_pj_per_byte = 0;
    double standby_mw = 0;
};

struct ControlSpec {
    Cycles issue_latency = 1;  ///< least cycles an engine is held by an operation, >= 1
    double op_pj = 0;          ///< per operation issued
    StaticPrice fixed;
};

/// Optional tier: cores that share a router.
struct ClusterSpec {
    Grid cores{1, 1};
    StaticPrice fixed;
};

struct ChipSpec {
    Grid cores;
    NocSpec noc;
    BufferSpec l0;
    AluSpec alu;
    ControlSpec control;
    Cycles sync_latency = 0;  ///< chip cycles until a counter signalled from another place is seen
    ExternalMemorySpec external_memory;
    std::optional<ClusterSpec> cluster;
};

struct CoreSpec {
    Grid crossbars;
    NocSpec noc;
    BufferSpec l1;
    AluSpec alu;
    ControlSpec control;
};

/// Classes in hw_models/crossbar/weight_encoder.h.
enum class WeightEncoding : std::uint8_t { Offset, FlippedOffset, Differential, TwosComplement };
/// Classes in hw_models/crossbar/input_encoder.h.
enum class InputEncoding : std::uint8_t { Unsigned, TwosComplement };

enum class AdcTransfer : std::uint8_t {
    Saturate,  ///< one code a unit of sum, clipped at 2^bits - 1
    Uniform,   ///< the largest possible sum is spread over 2^bits - 1 codes, rounded to the nearest
};

struct DacSpec {
    int bits = 1;
    double drive_pj = 0;  ///< one wordline driven once
    StaticPrice fixed;    ///< of one DAC; a crossbar has one a row
};

struct AdcSpec {
    AdcTransfer transfer = AdcTransfer::Saturate;  ///< key `model`: `saturate`, `uniform`
    int bits = 8;
    int count = 1;              ///< per crossbar
    Cycles sample_latency = 0;  ///< crossbar cycles a sample; 0: `ideal`, hidden behind the read
    double sample_pj = 0;
    StaticPrice fixed;  ///< of one ADC
};

struct ShiftAddSpec {
    Cycles latency = 0;  ///< crossbar cycles added once an MVM
    double op_pj = 0;    ///< one sample shifted and added
    StaticPrice fixed;   ///< of one crossbar's
};

struct RegisterSpec {
    double byte_pj = 0;  ///< a byte through the input or output registers of a crossbar
    StaticPrice fixed;   ///< of one crossbar's
};

struct CrossbarSpec {
    std::string model;  ///< `bit-serial`
    int rows = 128;
    int cols = 128;
    int parallel_row = 128;
    Cycles read_latency = 1;  ///< crossbar cycles of one activation of a row group with one input slice
    bool pipelined = false;   ///< conversion of one activation overlaps the read of the next
    double row_read_pj = 0;   ///< one wordline active in one activation, all its cells
    WeightEncoding encoding = WeightEncoding::Offset;
    InputEncoding input_encoding = InputEncoding::Unsigned;
    DacSpec dac;
    AdcSpec adc;
    ShiftAddSpec shift_add;
    RegisterSpec registers;
    StaticPrice fixed;  ///< of one crossbar's array
};

struct DeviceSpec {
    std::string type;  ///< see hw_models/device/traits.h
    int bits_per_cell = 1;
    Cycles write_latency = 1;  ///< crossbar cycles to program one row; 0: `ideal`
    double cell_write_pj = 0;
    Limit endurance;  ///< writes a cell survives; ideal if the type does not wear
};

struct Machine {
    std::string name;
    std::string description;
    ComputingMode mode = ComputingMode::XBM;
    Clock chip_clock;
    Clock core_clock;
    Clock crossbar_clock;
    double tick_seconds = 1e-9;                     ///< for people; time itself is counted in ticks
    std::int64_t ticks_per_second = 1'000'000'000;  ///< exact: least common multiple of the clocks
    ChipSpec chip;
    CoreSpec core;
    CrossbarSpec crossbar;
    DeviceSpec device;
    std::string hash;  ///< content hash of the resolved values (not of the text), hexadecimal

    int core_count() const { return chip.cores.count(); }
    int crossbars_per_core() const { return core.crossbars.count(); }
    /// Crossbar columns that one weight of `bits` bits takes.
    int columns(int bits) const;
    /// Conversions that it takes in each step: its columns, or pairs of them.
    int samples(int bits) const;
    /// Steps in which an input of `bits` bits is applied to a row group.
    int input_steps(int bits) const;
    /// Logical columns (weights side by side) of one crossbar.
    int logical_cols(int bits) const { return crossbar.cols / columns(bits); }
};

}  // namespace cim::hw

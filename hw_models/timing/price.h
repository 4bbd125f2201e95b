#pragma once
// What one operation costs: its stages in time and its energy events. Predictor and platform both ask here, and only here.
// docs/timing.md derives the formulas; ADR-0001 says how stages are executed.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "hw_models/energy/events.h"
#include "hw_models/noc/noc.h"
#include "hw_models/spec/machine.h"

namespace cim::hw {

/// Where a stage spends its time.
enum class Resource : std::uint8_t {
    L1Port,        ///< of the operation's own core
    RemoteL1Port,  ///< of the core that receives
    L0Port,
    External,
    Noc,
    Crossbar,  ///< includes the core NoC: held by one operation, never contended
    Alu,       ///< held by the engine, never contended
};

struct Stage {
    Ticks ticks = 0;         ///< uncontended; 0 if the resource is ideal
    std::int64_t flits = 0;  ///< Noc
    Resource resource = Resource::Alu;
    bool write = false;  ///< ports: direction
};

struct EventCount {
    Event event;
    std::int64_t count;
};

/// Stages in order; which ones depends on the operation alone, not on the machine. Events in no particular order.
struct OpCost {
    static constexpr std::size_t most_stages = 6;
    static constexpr std::size_t most_events = 12;
    std::size_t stage_count = 0;
    Ticks issue_ticks = 1;  ///< least time that the engine is held
    int src_node = 0;       ///< of the Noc stage, if any
    int dst_node = 0;
    std::array<Stage, most_stages> stages{};
    std::size_t event_count = 0;
    std::array<EventCount, most_events> events{};

    Ticks stage_ticks() const;
    /// Of the stages on one resource.
    Ticks ticks_on(Resource resource) const;
    /// Engine time of a synchronous operation without contention.
    Ticks sync_ticks() const;
    void add_stage(Resource resource, Ticks ticks, bool write = false, std::int64_t flits = 0);
    void add_event(Event event, std::int64_t count);
};

/// pJ of an operation's events, `event_pj` each.
double picojoules(const OpCost& cost, const std::array<double, event_count>& event_pj);

/// Digital operation, for its count of ALU operations an element (docs/timing.md).
enum class AluWork : std::uint8_t { Fill, Sum, ShiftAdd, Requant, Max, Average, Clip, Add, Mul, PRelu, Lut, Softmax };

/// Prices operations of one machine. Cheap to call: everything that can be is computed once.
class PriceList {
  public:
    explicit PriceList(const Machine& machine);
    ~PriceList();
    PriceList(const PriceList&) = delete;
    PriceList& operator=(const PriceList&) = delete;

    /// MVM of `rows` inputs of `input_bits` bits with a tile of `cols` weights of `weight_bits` bits in crossbar `xb`. `groups_of_one`: the
    /// rows are one activation (cim.read_row). `accumulate`: sums are added to those in L1.
    OpCost read(int xb, int rows, int cols, int input_bits, int weight_bits, std::int64_t window_bytes, bool accumulate,
                int first_row = 0) const;
    /// cim.read_core: `positions` MVMs of tiles that work side by side, their sums added and, if `requantised`, turned into bytes. Tiles:
    /// rows x cols each.
    struct Tile {
        int rows = 0;
        int cols = 0;
        int weight_bits = 8;
    };
    OpCost read_core(const std::vector<Tile>& tiles, int channels, bool requantised, std::int64_t positions,
                     std::int64_t window_bytes) const;
    /// Programming `rows` rows of `cols` weights into a crossbar of `core`, `bytes` from external memory.
    OpCost write(int core, int rows, int cols, int weight_bits, std::int64_t bytes) const;
    /// Digital work on n elements; `terms`: vectors summed, taps of a window (else 1). core < 0: the chip's ALU and L0.
    OpCost alu(int core, AluWork work, std::int64_t n, std::int64_t terms, std::int64_t bytes_read, std::int64_t bytes_written) const;

    OpCost fetch(std::int64_t bytes) const;
    OpCost flush(std::int64_t bytes) const;
    OpCost load(int core, std::int64_t bytes) const;
    OpCost store(int core, std::int64_t bytes) const;
    OpCost send(int from, int to, std::int64_t bytes) const;
    /// How long an operation holds what all of its kind pass: `memory`, or the way of a link out of its node, whichever is longer.
    Ticks gate_ticks(const OpCost& cost, Resource memory) const;
    OpCost copy(int core, std::int64_t bytes) const;

    /// Ticks of the crossbar part of an MVM (docs/timing.md): activations and conversions, shift-add at the end.
    Ticks mvm_ticks(int rows, int cols, int input_bits, int weight_bits, int first_row = 0) const;

    const NocModel& noc() const { return *noc_; }

  private:
    Ticks port_ticks(const BufferSpec& spec, const Clock& clock, std::int64_t bytes) const;
    Ticks external_ticks(std::int64_t bytes) const;
    std::int64_t flits(const NocSpec& spec, std::int64_t bytes) const;
    void add_local(OpCost& cost, int core, std::int64_t bytes, bool write) const;
    void add_noc(OpCost& cost, int src, int dst, std::int64_t bytes) const;
    void add_core_noc(OpCost& cost, int from, int to, std::int64_t bytes) const;
    std::int64_t steps(int rows, int input_bits, int first_row) const;
    void add_mvm_events(OpCost& cost, int rows, int cols, int input_bits, int weight_bits, int first_row = 0) const;
    OpCost start(int core) const;

    const Machine& m_;
    std::unique_ptr<NocModel> noc_;
    std::array<int, 17> samples_{};      ///< a weight and step, by weight bits
    std::array<int, 17> columns_{};      ///< a weight, by weight bits
    std::array<int, 17> input_steps_{};  ///< a row group, by input bits
    bool fixed_groups_ = false;          ///< row groups begin at multiples of parallel_row, not at the first row read
};

}  // namespace cim::hw

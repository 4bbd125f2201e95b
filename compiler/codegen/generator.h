#pragma once
// State of one code generation: the plan, the tables made so far, and who feeds which landing. The flows themselves are written by
// io_flows.cpp (network inputs and outputs, weights), transfer_flows.cpp (between operators) and compute_flows.cpp (operators).

#include <string>
#include <vector>

#include "compiler/codegen/flow_builder.h"
#include "compiler/codegen/generate.h"

namespace cim::compiler {

/// Counters and buffer of a landing.
struct LandingCode {
    std::string name;
    isa::Index buffer = -1;
    isa::Index ready = -1;  ///< [feeder]: positions that have come, padding included
    int feeders = 0;
    isa::Index freed = -1;  ///< [reader]: output rows (flat: images) that are done with
    isa::Index pad = -1;    ///< the first fill and then each padding row filled; -1: no padding
    int operator_index = 0;
};

/// Counters and buffer of a part's results.
struct OutboxCode {
    isa::Index buffer = -1;
    isa::Index out = -1;   ///< results written, in raster order
    isa::Index sent = -1;  ///< [sender]: results that need no longer be kept
    int senders = 0;
};

/// Results of part `part` of `node` that go to a landing.
struct Transfer {
    int node = 0, part = 0;
    int landing = 0;
    int feeder = 0;  ///< which of the landing's feeders
    int sender = 0;  ///< which of the outbox's senders
    int c0 = 0, c1 = 0;
};

class Generator {
  public:
    Generator(const QuantGraph& graph, const hw::Machine& machine, const std::vector<NodePlacement>& placement, const MemoryPlan& memory);
    isa::Program run();

  private:
    static std::size_t at(int i) { return static_cast<std::size_t>(i); }
    const QuantTensor& tensor(TensorId id) const { return graph_.tensors[at(id)]; }
    const QuantNode& node(int i) const { return graph_.nodes[at(i)]; }
    /// Tensor that a landing receives.
    TensorId tensor_of(const Landing& landing) const;
    int producer_of(TensorId id) const;  ///< node, or -1: a network input

    // tables
    void add_operators();
    void add_weights();
    void add_params();
    void add_tensors();
    void add_landings();
    void find_transfers();
    void add_outboxes();

    // io_flows.cpp
    void write_flows();
    void fetch_flow(int input, int landing);
    void load_flow(int input_landing, int reader, int landing);
    void flush_flow(int output);

    // transfer_flows.cpp
    void pad_flow(int landing);
    void transfer_flow(const Transfer& transfer);

    // compute_flows.cpp
    void conv_flows(int index);
    void stage_flow(int index, int reader);
    void read_flow(int index, int core, int reader);
    void merge_flow(int index, int group);
    void partial_flow(int index, int group);
    void part_flow(int index, int part);
    void join_flow(int index, int part);

    // shared
    /// Waits until row g (counted over all images) of a landing may be overwritten.
    void await_room(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex row);
    /// Waits until the window at output position (n, oy, ox) has come. `which` distinguishes the inputs of a join.
    void await_window(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n, Ex oy, Ex ox, const std::string& which = "");
    /// Window operand of the ring at output position, of `bytes` bytes from `from` on; channels c0 .. c1-1 of each pixel.
    std::vector<FlowBuilder::Field> ring_window(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n, Ex oy, Ex ox, int c0,
                                                int c1, Ex from, Ex bytes);
    void signal_if(FlowBuilder& f, Ex counter, const std::string& name, std::int64_t amount, std::int64_t index);

    const QuantGraph& graph_;
    const hw::Machine& machine_;
    const std::vector<NodePlacement>& placement_;
    const MemoryPlan& memory_;
    ProgramBuilder builder_;

    std::vector<LandingCode> landings_;
    std::vector<std::vector<OutboxCode>> outboxes_;  ///< by node, part
    std::vector<Transfer> transfers_;
    std::vector<std::vector<isa::Index>> weights_;  ///< by node, tile
    std::vector<isa::Index> params_;                ///< by node, -1: none

    // Counters of a Conv, filled by conv_flows() for the flows of that operator.
    struct CoreCode {
        int core = 0;
        isa::Index done = -1;       ///< reads completed, all tiles of the core
        isa::Index sums_free = -1;  ///< [group of this core]
        isa::Index sums_buffer = -1;
        isa::Index staged = -1;
        isa::Index stage_free = -1;
        isa::Index stage_buffer = -1;
        int reader = 0;
        std::vector<int> groups;  ///< into NodeMemory::groups
    };
    struct GroupCode {
        isa::Index buffer = -1;
        isa::Index arrived = -1;  ///< sums that have come from the core before
        isa::Index summed = -1;   ///< not home: sums ready to be sent
        std::size_t core = 0;     ///< into cores_
        int position = 0;         ///< among the groups of its core
    };
    std::vector<CoreCode> cores_;
    std::vector<GroupCode> groups_;
};

}  // namespace cim::compiler

#pragma once
// One execution of a meta-operator on its way through its stages, and the pool that such objects come from.

#include <cstdint>
#include <deque>
#include <tlm>
#include <vector>

#include "hw_models/timing/price.h"
#include "isa/interpreter/resolved.h"
#include "isa/semantics/accesses.h"
#include "platform/memory/transfer.h"

namespace cim::platform {

class FlowState;

/// What an operator of a flow costs, and how often it was executed at that price.
struct PricedOp {
    std::int64_t executions = 0;  ///< not yet in the statistics
    double pj = 0;                ///< its events at their prices
    isa::Index weight = -1;       ///< tile that was read
    isa::Opcode opcode = isa::Opcode::Fill;
    bool moves_only = false;  ///< the price stays the same while the tile does
    bool known = false;
    hw::OpCost cost;
    std::int64_t multiply_accumulates = 0;
    Ticks crossbar_work = 0;  ///< uncontended ticks, for each crossbar that it holds
};

/// Ordered so that what every tick touches lies together.
struct Operation {
    const isa::OpInstance* op = nullptr;  ///< the flow's as long as it is the flow's present step, else `kept`
    const PricedOp* priced = nullptr;     ///< the flow's, or `own`
    FlowState* flow = nullptr;
    Ticks started = 0;  ///< dispatch
    Ticks stage_started = 0;
    std::uint64_t ticket = 0;  ///< order of its signal, if it signals
    isa::Index signal = -1;    ///< counter that its completion signals, or -1
    std::uint8_t stage = 0;    ///< next stage
    std::uint8_t covered = 1;  ///< stages that the present transfer stands for
    bool async = false;
    Transfer transfer;
    tlm::tlm_generic_payload payload;
    std::vector<std::uint8_t> data;  ///< bytes on the way between memories
    isa::Window window;
    isa::OpInstance kept;
    PricedOp own;  ///< of an operator whose price changes from one execution to the next

    Operation() {
        payload.set_extension(&transfer);
        transfer.operation = this;
    }
    ~Operation() { payload.clear_extension(&transfer); }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
};

/// Operations of one place, used again and again.
class OperationPool {
  public:
    Operation& get() {
        if (unused_.empty()) {
            return operations_.emplace_back();
        }
        Operation& operation = *unused_.back();
        unused_.pop_back();
        return operation;
    }
    void put(Operation& operation) { unused_.push_back(&operation); }

  private:
    std::deque<Operation> operations_;
    std::vector<Operation*> unused_;
};

}  // namespace cim::platform

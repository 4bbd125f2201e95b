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
    hw::OpCost cost;
    double pj = 0;  ///< its events at their prices
    std::int64_t multiply_accumulates = 0;
    Ticks crossbar_work = 0;      ///< uncontended ticks, for each crossbar that it holds
    std::int64_t executions = 0;  ///< not yet in the statistics
    isa::Opcode opcode = isa::Opcode::Fill;
    isa::Index weight = -1;  ///< tile that was read
    bool known = false;
};

struct Operation {
    isa::OpInstance op;
    const PricedOp* priced = nullptr;  ///< the flow's, or `own`
    PricedOp own;                      ///< of an operator whose price changes from one execution to the next
    FlowState* flow = nullptr;
    std::size_t stage = 0;  ///< next stage
    Ticks started = 0;      ///< dispatch
    Ticks stage_started = 0;
    std::size_t covered = 1;  ///< stages that the present transfer stands for
    bool async = false;
    std::uint64_t ticket = 0;        ///< order of its signal, if it signals
    std::vector<std::uint8_t> data;  ///< bytes on the way between memories
    isa::Window window;
    tlm::tlm_generic_payload payload;
    Transfer transfer;
    std::uint32_t slot = 0;

    Operation() {
        payload.set_extension(&transfer);
        transfer.operation = this;
    }
    ~Operation() { payload.clear_extension(&transfer); }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
};

/// Operations of one place; a slot number names one on the agenda.
class OperationPool {
  public:
    Operation& get() {
        if (unused_.empty()) {
            operations_.emplace_back();
            operations_.back().slot = static_cast<std::uint32_t>(operations_.size() - 1);
            return operations_.back();
        }
        Operation& operation = operations_[unused_.back()];
        unused_.pop_back();
        return operation;
    }
    void put(Operation& operation) { unused_.push_back(operation.slot); }
    Operation& at(std::uint64_t slot) { return operations_[slot]; }
    /// Whether any operation is out.
    bool in_use() const { return unused_.size() != operations_.size(); }

  private:
    std::deque<Operation> operations_;
    std::vector<std::uint32_t> unused_;
};

}  // namespace cim::platform

#pragma once
// One execution of a meta-operator on its way through its stages, and the pool that such objects come from.

#include <cstdint>
#include <deque>
#include <tlm>
#include <vector>

#include "isa/interpreter/resolved.h"
#include "isa/semantics/accesses.h"
#include "platform/core/prices.h"
#include "platform/kernel/counters.h"
#include "platform/memory/transfer.h"

namespace cim::platform {

class FlowState;

/// Ordered so that what every tick touches lies together.
struct alignas(64) Operation {
    Due due;
    const isa::OpInstance* op = nullptr;  ///< the flow's as long as it is the flow's present step, else `kept`
    const Price* price = nullptr;
    FlowState* flow = nullptr;
    Ticks started = 0;                        ///< dispatch
    CounterFile::Pending* pending = nullptr;  ///< its signal, if it signals
    isa::Index signal = -1;                   ///< counter that its completion signals, or -1
    int crossbar = -1;                        ///< that it holds, if it holds just one
    std::uint8_t transfers = 0;               ///< that it has behind it
    bool async = false;
    Payload payload;
    std::vector<std::uint8_t> data;  ///< bytes on the way between memories
    isa::Window window;
    isa::OpInstance kept;

    Operation() { payload.transfer.operation = this; }
    ~Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
};

/// Operations used again and again, the last one that ended first: it is still in the cache.
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

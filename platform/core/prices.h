#pragma once
// Prices of operators as they are executed. Most executions cost the same as some before: each price is kept once.

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "hw_models/timing/price.h"
#include "isa/program.h"
#include "platform/memory/transfer.h"
#include "pricing/power.h"

namespace cim::platform {

/// Ordered so that what every execution asks lies together.
struct Price {
    isa::Opcode opcode = isa::Opcode::Fill;
    bool async = false;
    std::uint8_t transfers = 0;
    hw::Ticks issue_ticks = 1;  ///< least time that the engine is held
    hw::Ticks tail = 0;         ///< of crossbar or ALU after the last transfer
    double pj = 0;              ///< its events at their prices
    pricing::Nanowatts power = 0;
    std::array<Route, hw::OpCost::most_stages> routes{};  ///< of its transfers

    hw::OpCost cost;
    hw::Ticks service = 0;  ///< of all its stages, without waits
    std::int64_t multiply_accumulates = 0;
    hw::Ticks crossbar_work = 0;  ///< uncontended ticks, for each crossbar that it holds
};

/// Fills in the transfers, and the times between them, from the cost.
void find_routes(Price& price);

class PriceBook {
  public:
    /// The one that equals `price`; stays where it is.
    const Price& keep(const Price& price);

  private:
    std::unordered_multimap<std::uint64_t, std::unique_ptr<const Price>> prices_;  ///< by hash
};

/// What an operator of a flow cost last, and how often it was executed at that price.
struct PricedOp {
    const Price* price = nullptr;
    std::int64_t executions = 0;  ///< not yet in the statistics
    isa::Index weight = -1;       ///< tile that lay in its crossbar
    int crossbar = -1;            ///< that it needs, as in ReadyFlow; unknown if that changes
    bool moves_only = false;      ///< the price stays the same while the tile does
};

}  // namespace cim::platform

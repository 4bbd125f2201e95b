#pragma once
// What the predictor knows of flows, operations in flight, places and things to come.

#include <array>
#include <cstdint>
#include <vector>

#include "hw_models/timing/price.h"
#include "isa/interpreter/resolved.h"
#include "isa/program.h"
#include "isa/semantics/accesses.h"
#include "pricing/power.h"

namespace cim::compiler::predicted {

using hw::Ticks;
using isa::Index;

/// What an operator of a flow costs; the same each time if loops only move it, as long as the crossbar holds the same tile.
struct Priced {
    bool known = false;
    Index tile = -1;
    hw::OpCost cost;
    pricing::Nanowatts power = 0;  ///< if the program limits it
};

struct FlowState {
    explicit FlowState(const isa::ResolvedFlow& flow) : code(&flow), run(flow), prices(flow.ops.size()) {}
    const isa::ResolvedFlow* code;
    isa::FlowRun run;
    std::vector<Priced> prices;  ///< by operator
    const isa::Step* step = nullptr;
    Ticks ready_at = 0;
    pricing::Nanowatts power = 0;  ///< of the synchronous operator that is in flight
};

struct AsyncOperation {
    Index flow = 0;
    isa::OpInstance op;
    std::uint64_t ticket = 0;
    pricing::Nanowatts power = 0;
};

struct Engine {
    bool busy = false;
    std::vector<Index> ready;
};

struct Place {
    std::array<Engine, isa::engine_count> engines;
    std::vector<bool> crossbar_busy;
    std::vector<Index> tile;  ///< weight in each crossbar
    bool touched = false;

    /// Whether all crossbars that a step uses are free.
    bool has_crossbars_for(const isa::Program& program, const isa::Step& step) const {
        bool free = true;
        for (Index i = 0; i < step.op_count; ++i) {
            isa::for_each_crossbar(program, step.ops[i], [&](Index xb) { free = free && !crossbar_busy[static_cast<std::size_t>(xb)]; });
        }
        return free;
    }
};

/// What happens at a time.
enum class What : std::uint8_t { FlowGoesOn, IssueEnds, AsyncEnds, LateSignal, SegmentBegins };
/// The soonest is the greatest; of one tick, in the order in which they were planned.
struct Due {
    Ticks at;
    std::uint64_t order;
    What what;
    Index index;
    std::int64_t amount;
    bool operator<(const Due& other) const { return at != other.at ? at > other.at : order > other.order; }
};

}  // namespace cim::compiler::predicted

#pragma once
// What the predictor knows of flows, operations in flight, places and things to come.

#include <algorithm>
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

/// Flows that stand ready at an engine.
class ReadyFlows {
  public:
    void add(Ticks since, Index flow) {
        flows_.push_back({since, flow});
        std::push_heap(flows_.begin(), flows_.end());
    }
    /// The one that became ready first, ties by number, for which `may_begin(flow)`; -1 if there is none.
    template <typename F>
    Index first(F may_begin) const {
        if (flows_.empty() || may_begin(flows_.front().flow)) {
            return flows_.empty() ? -1 : flows_.front().flow;
        }
        const Ready* best = nullptr;
        for (const Ready& ready : flows_) {
            best = (best == nullptr || *best < ready) && may_begin(ready.flow) ? &ready : best;
        }
        return best == nullptr ? -1 : best->flow;
    }
    void remove(Index flow) {
        if (flows_.front().flow == flow) {
            std::pop_heap(flows_.begin(), flows_.end());
            flows_.pop_back();
            return;
        }
        flows_.erase(std::find_if(flows_.begin(), flows_.end(), [&](const Ready& ready) { return ready.flow == flow; }));
        std::make_heap(flows_.begin(), flows_.end());
    }

  private:
    struct Ready {
        Ticks since = 0;
        Index flow = 0;
        /// The first is the greatest.
        bool operator<(const Ready& other) const { return since != other.since ? since > other.since : flow > other.flow; }
    };
    std::vector<Ready> flows_;  ///< a heap
};

struct Engine {
    bool busy = false;
    ReadyFlows ready;
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

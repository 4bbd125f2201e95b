#include "compiler/scheduling/cg/prewrite.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "compiler/ceil_div.h"
#include "compiler/ir/index.h"
#include "compiler/scheduling/cg/moving.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

using hw::Ticks;
using Crossbar = std::pair<int, int>;  // core, number

constexpr Ticks most_at_once = 1 << 20;

/// A write, and how long it holds what all writes pass: external memory and the way out of its node.
struct Writing {
    Ticks whole = 0;
    Ticks gate = 0;
};

class Planner {
  public:
    explicit Planner(const hw::Machine& machine) : machine_(machine), prices_(machine) {}

    EarlyWrites plan(const Segment& before, const Progress& progress, const Segment& next) const;

    /// Moves all cores by `by`, and in each core what it has to crossbars that follow those of the segment before.
    void move(Segment& segment, int by, const Segment& before) const;

    Writing writing(const Tile& tile) const {
        const hw::OpCost cost = prices_.write(tile.core, tile.rows, tile.cols, 8, static_cast<std::int64_t>(tile.rows) * tile.cols);
        return {cost.sync_ticks(), prices_.gate_ticks(cost, hw::Resource::External)};
    }

  private:
    const hw::Machine& machine_;
    hw::PriceList prices_;
};

/// Which node of a segment reads each crossbar.
std::map<Crossbar, int> readers_of(const Segment& segment) {
    std::map<Crossbar, int> readers;
    for (std::size_t n = 0; n < segment.placement.size(); ++n) {
        for (const Tile& tile : segment.placement[n].tiles) {
            readers[{tile.core, tile.xb}] = static_cast<int>(n);
        }
    }
    return readers;
}

EarlyWrites Planner::plan(const Segment& before, const Progress& progress, const Segment& next) const {
    struct Possible {
        Ticks from = 0;
        EarlyWrites::One one;
        Writing writing;
    };
    const std::map<Crossbar, int> readers = readers_of(before);
    std::vector<Possible> possible;
    Writing longest;
    for (std::size_t n = 0; n < next.placement.size(); ++n) {
        for (std::size_t t = 0; t < next.placement[n].tiles.size(); ++t) {
            const Tile& tile = next.placement[n].tiles[t];
            if (!tile.has_crossbar()) {
                continue;
            }
            const auto reader = readers.find({tile.core, tile.xb});
            const Ticks from = reader == readers.end() ? 0 : progress.done[at(reader->second)];
            possible.push_back({from, {static_cast<int>(n), static_cast<int>(t)}, writing(tile)});
            longest.whole = std::max(longest.whole, possible.back().writing.whole);
            longest.gate = std::max(longest.gate, possible.back().writing.gate);
        }
    }
    std::stable_sort(possible.begin(), possible.end(), [](const Possible& a, const Possible& b) { return a.from < b.from; });
    EarlyWrites early;
    // So many that the gate is never idle, and hardly one waits there in front of what the segment itself needs.
    early.at_once = static_cast<int>(longest.gate == 0 ? most_at_once : std::min(most_at_once, ceil_div(longest.whole, longest.gate)));
    Ticks free = std::max(progress.written, progress.fetched);  // the gate
    for (const Possible& it : possible) {
        const Ticks start = std::max(free, it.from);
        if (start + it.writing.whole <= progress.end) {
            early.tiles.push_back(it.one);
            free = start + it.writing.gate;
        }
    }
    return early;
}

void Planner::move(Segment& segment, int by, const Segment& before) const {
    const int cores = machine_.core_count();
    const int per_core = machine_.crossbars_per_core();
    compiler::move(segment, by, cores);
    std::vector<int> behind(at(cores), 0);  // the crossbar that was used last, by core
    for (const NodePlacement& here : before.placement) {
        for (const Tile& tile : here.tiles) {
            behind[at(tile.core)] = tile.xb + 1;
        }
    }
    for (NodePlacement& here : segment.placement) {
        for (Tile& tile : here.tiles) {
            tile.xb = (tile.xb + behind[at(tile.core)]) % per_core;
        }
    }
}

/// Whether segment `number` may lie as `segment` does: its L1 leaves alone what others hold.
bool leaves_held_maps(const Schedule& schedule, int number, const Segment& segment) {
    for (const Kept& map : schedule.kept) {
        for (const Holder& holder : map.holders) {
            if (map.first <= number && number <= map.last && segment.memory.l1_used[at(holder.part.core)] > holder.rows.offset) {
                return false;
            }
        }
    }
    return true;
}

}  // namespace

bool prewrite(Schedule& schedule, const hw::Machine& machine, std::vector<Progress> progress) {
    const Planner planner(machine);
    bool any = false;
    for (std::size_t s = 1; s < schedule.segments.size(); ++s) {
        const Segment& before = schedule.segments[s - 1];
        Segment& next = schedule.segments[s];
        // Where it lies, or on the cores that follow: those that are free, then those that are done first.
        const std::set<int> moves{0, way_behind(before, next, machine.core_count())};
        std::optional<Segment> best;
        for (const int by : moves) {
            Segment moved = next;
            planner.move(moved, by, before);
            if (by != 0 && !leaves_held_maps(schedule, static_cast<int>(s), moved)) {
                continue;
            }
            moved.early = planner.plan(before, progress[s - 1], moved);
            if (!best || moved.early.tiles.size() > best->early.tiles.size()) {
                best = std::move(moved);
            }
        }
        if (best->early.tiles.empty()) {
            continue;
        }
        next = std::move(*best);
        any = true;
        // It will be so much sooner done.
        Ticks saved = 0;
        for (const EarlyWrites::One& one : next.early.tiles) {
            saved += planner.writing(next.placement[at(one.node)].tiles[at(one.tile)]).gate;
        }
        Progress& own = progress[s];
        saved = std::min(saved, own.written);
        own.written -= saved;
        own.fetched = std::max(own.fetched - saved, own.written);
        own.end -= saved;
        std::for_each(own.done.begin(), own.done.end(), [&](Ticks& done) { done -= saved; });
    }
    return any;
}

hw::Ticks writing_ticks(const Schedule& schedule, const hw::Machine& machine) {
    const Planner planner(machine);
    Ticks all = 0;
    for (std::size_t s = 1; s < schedule.segments.size(); ++s) {
        Ticks end = 0;
        for (const NodePlacement& here : schedule.segments[s].placement) {
            for (const Tile& tile : here.tiles) {
                if (!tile.has_crossbar()) {
                    continue;
                }
                const Writing writing = planner.writing(tile);
                all += writing.gate;
                end = std::max(end, writing.whole - writing.gate);
            }
        }
        all += end;
    }
    return all;
}

}  // namespace cim::compiler

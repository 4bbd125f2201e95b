#include "compiler/scheduling/cg/cuts.h"

#include <algorithm>
#include <cmath>

namespace cim::compiler {

hw::Ticks leaking_ticks(double fj, double fj_a_tick) {
    return std::llround(fj / std::max(1.0, fj_a_tick));
}

std::optional<SegmentCopies> written_copies(const WrittenTask* tasks, std::size_t count, std::int64_t crossbars, std::int64_t images) {
    std::optional<SegmentCopies> best;
    std::vector<Split> splits;
    hw::Ticks slowest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        splits.push_back({1, 1, tasks[i].task.cuts.front().tile_rows});
        slowest = std::max(slowest, task_ticks(tasks[i].task, splits.back()));
    }
    // One copy of each, then copies for ever shorter intervals: each takes more to write than the one before.
    while (true) {
        hw::Ticks writing = 0;
        std::int64_t used = 0;
        for (std::size_t i = 0; i < count; ++i) {
            writing += tasks[i].write_ticks * splits[i].copies();
            used += task_crossbars(tasks[i].task, splits[i]);
        }
        if (used > crossbars || (best && writing >= best->ticks())) {
            return best;
        }
        if (!best || writing + images * slowest < best->ticks()) {
            best = SegmentCopies{writing, images * slowest, splits};
        }
        const hw::Ticks wanted = slowest - 1 - slowest / 32;
        slowest = 0;
        for (std::size_t i = 0; i < count; ++i) {
            splits[i] = cheapest(tasks[i].task, wanted);
            if (splits[i].copies() == 0) {
                return best;
            }
            slowest = std::max(slowest, task_ticks(tasks[i].task, splits[i]));
        }
        if (count == 0) {
            return best;
        }
    }
}

std::vector<int> cut(const SegmentTicks& ticks) {
    struct Way {
        hw::Ticks ticks = 0;
        std::size_t from = 0;  ///< where its last segment begins
    };
    std::vector<std::optional<Way>> ways(ticks.size() + 1);
    ways[0] = Way{};
    for (std::size_t first = 0; first < ticks.size(); ++first) {
        for (std::size_t i = 0; ways[first] && i < ticks[first].size(); ++i) {
            std::optional<Way>& way = ways[first + i + 1];
            const std::optional<hw::Ticks>& own = ticks[first][i];
            if (own && (!way || ways[first]->ticks + *own < way->ticks)) {
                way = Way{ways[first]->ticks + *own, first};
            }
        }
    }
    std::vector<int> ends;
    for (std::size_t at = ticks.size(); at > 0 && ways.back(); at = ways[at]->from) {
        ends.push_back(static_cast<int>(at));
    }
    std::reverse(ends.begin(), ends.end());
    return ends;
}

}  // namespace cim::compiler

#pragma once
// Small tasks of duplication, and all their splits, to try everything.

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "compiler/scheduling/cg/duplication.h"

namespace cim::test {

inline hw::Ticks interval(const std::vector<compiler::DuplicationTask>& tasks, const std::vector<compiler::Split>& splits) {
    hw::Ticks longest = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        longest = std::max(longest, compiler::task_ticks(tasks[i], splits[i]));
    }
    return longest;
}

inline std::int64_t crossbars(const std::vector<compiler::DuplicationTask>& tasks, const std::vector<compiler::Split>& splits) {
    std::int64_t used = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        used += compiler::task_crossbars(tasks[i], splits[i]);
    }
    return used;
}

/// Calls body(splits) with all splits of the tasks that `left` crossbars allow.
template <typename F>
void for_all(const std::vector<compiler::DuplicationTask>& tasks, std::vector<compiler::Split>& splits, std::int64_t left, F body) {
    if (splits.size() == tasks.size()) {
        body(splits);
        return;
    }
    const compiler::DuplicationTask& task = tasks[splits.size()];
    for (const compiler::Cut& cut : task.cuts) {
        for (int dy = 1; dy <= std::min(std::max(task.most_dy, task.most_dy_apart), task.rows); ++dy) {
            for (int dx = 1; dx <= task.cols; ++dx) {
                for (int together = 1; together <= (cut.short_tiles > 0 ? dx * dy : 1); ++together) {
                    const compiler::Split split{dx, dy, cut.tile_rows, together};
                    if (compiler::task_crossbars(task, split) <= left) {
                        splits.push_back(split);
                        for_all(tasks, splits, left - compiler::task_crossbars(task, split), body);
                        splits.pop_back();
                    }
                }
            }
        }
    }
}

inline compiler::DuplicationTask task(int tiles, int rows, int cols, int most_dy, hw::Ticks window_ticks) {
    return {{{0, tiles, window_ticks}}, rows, cols, most_dy};
}

/// Adds cuts of half, a third, ... of the rows: as many times the crossbars, and reads shorter by that, a tick of each excepted.
inline void deal(compiler::DuplicationTask& task, int most) {
    for (int n = 2; n <= most; ++n) {
        task.cuts.push_back({100 / n, task.cuts[0].tiles * n, (task.cuts[0].window_ticks - 1 + n - 1) / n + 1});
    }
}

struct Dice {
    std::mt19937 random;
    int upto(int most) { return 1 + static_cast<int>(random() % static_cast<unsigned>(most)); }
};

/// A few small tasks, and crossbars for one copy of each and some more.
inline std::pair<std::vector<compiler::DuplicationTask>, std::int64_t> some_tasks(Dice& dice, int most, int most_cuts) {
    std::vector<compiler::DuplicationTask> tasks;
    std::int64_t one_each = 0;
    for (int i = dice.upto(most); i > 0; --i) {
        const int tiles = dice.upto(4);
        const int rows = dice.upto(6);
        const int cols = dice.upto(6);
        tasks.push_back(task(tiles, rows, cols, dice.upto(3), dice.upto(9)));
        deal(tasks.back(), most_cuts);
        tasks.back().rows_behind = std::min(rows - 1, dice.upto(2) - 1);
        one_each += tiles;
    }
    return {tasks, one_each + dice.upto(24) - 1};
}
}  // namespace cim::test

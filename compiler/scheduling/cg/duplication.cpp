#include "compiler/scheduling/cg/duplication.h"

#include <algorithm>
#include <utility>

#include "compiler/ceil_div.h"

namespace cim::compiler {

namespace {

/// Splits of all tasks for an interval, and the crossbars that they take; -1 if it cannot be reached.
std::int64_t crossbars_for(const std::vector<DuplicationTask>& tasks, hw::Ticks interval, std::vector<Split>& splits) {
    std::int64_t used = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        splits[i] = cheapest(tasks[i], interval);
        if (splits[i].copies() == 0) {
            return -1;
        }
        used += task_crossbars(tasks[i], splits[i]);
    }
    return used;
}

/// The least interval that so many crossbars allow; `high` is one that they do.
hw::Ticks shortest(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars, hw::Ticks high) {
    std::vector<Split> splits(tasks.size());
    hw::Ticks low = 0;  // not reached
    while (high - low > 1) {
        const hw::Ticks middle = low + (high - low) / 2;
        const std::int64_t used = crossbars_for(tasks, middle, splits);
        (used >= 0 && used <= crossbars ? high : low) = middle;
    }
    return high;
}

/// How many copies may share the crossbars of their short tiles if each of them takes `ticks` for `positions`: no more of them than it
/// takes for so few crossbars.
int copies_together(const Cut& cut, int copies, std::int64_t positions, hw::Ticks ticks) {
    if (cut.short_tiles == 0) {
        return 1;
    }
    const auto most = static_cast<int>(std::min<hw::Ticks>(ticks / (positions * cut.short_ticks), copies));
    return ceil_div(copies, ceil_div(copies, most));
}

/// Fewest crossbars of a cut on which a task takes `ticks` at most; copies() is 0 if it cannot.
Split cheapest_of(const DuplicationTask& task, const Cut& cut, hw::Ticks ticks) {
    Split best{0, 0};
    for (int dy = 1; dy <= std::min(std::max(task.most_dy, task.most_dy_apart), task.rows); ++dy) {
        const std::int64_t rows = ceil_div(task.rows, dy);
        const auto most = static_cast<int>(std::min<hw::Ticks>(ticks / (rows * cut.window_ticks), task.cols));
        // Copies with fewer positions are more, but more of them may share a short tile.
        const int least = cut.short_tiles > 0 ? 1 : std::max(1, most);
        for (int cols = most; cols >= least; --cols) {
            Split split{ceil_div(task.cols, cols), dy, cut.tile_rows};
            split.together = copies_together(cut, split.copies(), rows * cols, ticks);
            if (best.copies() == 0 || task_crossbars(task, split) < task_crossbars(task, best)) {
                best = split;
            }
        }
    }
    return best;
}

/// The next split that makes a task faster, with as few crossbars as that takes.
Split faster(const DuplicationTask& task, const Split& split) {
    return cheapest(task, task_ticks(task, split) - 1);
}

/// Gives crossbars that are left to whichever task takes longest, as long as they shorten it.
void spend(const std::vector<DuplicationTask>& tasks, std::int64_t left, std::vector<Split>& splits) {
    std::vector<bool> done(tasks.size(), false);
    while (true) {
        std::size_t slowest = tasks.size();
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            if (!done[i] && (slowest == tasks.size() || task_ticks(tasks[i], splits[i]) > task_ticks(tasks[slowest], splits[slowest]))) {
                slowest = i;
            }
        }
        if (slowest == tasks.size()) {
            return;
        }
        const Split next = faster(tasks[slowest], splits[slowest]);
        const std::int64_t before = task_crossbars(tasks[slowest], splits[slowest]);
        if (next.copies() == 0 || task_crossbars(tasks[slowest], next) - before > left) {
            done[slowest] = true;
            continue;
        }
        left -= task_crossbars(tasks[slowest], next) - before;
        splits[slowest] = next;
    }
}

Split one_copy(const DuplicationTask& task) {
    return {1, 1, task.cuts.front().tile_rows};
}

}  // namespace

const Cut& cut_of(const DuplicationTask& task, const Split& split) {
    return *std::find_if(task.cuts.begin(), task.cuts.end(), [&](const Cut& cut) { return cut.tile_rows == split.tile_rows; });
}

hw::Ticks task_ticks(const DuplicationTask& task, const Split& split) {
    const Cut& cut = cut_of(task, split);
    const hw::Ticks window = std::max(cut.window_ticks, split.together * cut.short_ticks);
    return static_cast<hw::Ticks>(ceil_div(task.rows, split.dy)) * ceil_div(task.cols, split.dx) * window;
}

std::int64_t task_crossbars(const DuplicationTask& task, const Split& split) {
    const Cut& cut = cut_of(task, split);
    return static_cast<std::int64_t>(cut.tiles - cut.short_tiles) * split.copies() +
           static_cast<std::int64_t>(cut.short_tiles) * ceil_div(split.copies(), split.together);
}

hw::Ticks lag(const DuplicationTask& task, const Split& split) {
    const int cols = ceil_div(task.cols, split.dx);
    const hw::Ticks window = cut_of(task, split).window_ticks;
    // A copy takes as long for a row as dy rows take to come: its result is late by all but the last of them, and by all if each copy
    // receives rows of its own.
    const int row = split.dy > task.most_dy ? cols : cols * (split.dy - 1) / split.dy;
    return 2 * window + window * (row + task.rows_behind * cols / split.dy);
}

DuplicationTask unshared(DuplicationTask task) {
    for (Cut& cut : task.cuts) {
        cut.short_tiles = 0;
    }
    return task;
}

DuplicationTask plain(DuplicationTask task) {
    task = unshared(std::move(task));
    task.most_dy_apart = 1;
    return task;
}

Split cheapest(const DuplicationTask& task, hw::Ticks ticks) {
    Split best{0, 0};
    for (const Cut& cut : task.cuts) {
        const Split split = cheapest_of(task, cut, ticks);
        if (split.copies() > 0 && (best.copies() == 0 || task_crossbars(task, split) < task_crossbars(task, best))) {
            best = split;
        }
    }
    return best;
}

std::vector<Split> duplicate(const std::vector<DuplicationTask>& all, std::int64_t crossbars) {
    std::vector<Split> splits(all.size());
    hw::Ticks high = 0;  // reached with one copy each
    for (const DuplicationTask& task : all) {
        high = std::max(high, task_ticks(task, one_copy(task)));
    }
    const auto with = [&](DuplicationTask (*less)(DuplicationTask)) {
        std::vector<DuplicationTask> tasks(all.size());
        std::transform(all.begin(), all.end(), tasks.begin(), less);
        return tasks;
    };
    if (crossbars_for(all, high, splits) > crossbars || high == 0) {
        std::transform(all.begin(), all.end(), splits.begin(), one_copy);
        return splits;
    }
    std::vector<DuplicationTask> tasks = with(plain);
    hw::Ticks interval = shortest(tasks, crossbars, high);
    for (const auto& closely : {with(unshared), all}) {
        const hw::Ticks shorter = shortest(closely, crossbars, high);
        if (shorter < interval - interval / 8) {
            interval = shorter;
            tasks = closely;
        }
    }
    const std::int64_t used = crossbars_for(tasks, interval, splits);
    spend(tasks, crossbars - used, splits);
    return splits;
}

}  // namespace cim::compiler

#include "compiler/scheduling/cg/duplication.h"

#include <algorithm>

namespace cim::compiler {

namespace {

int ceil_div(int a, int b) {
    return (a + b - 1) / b;
}

/// Splits of all tasks for an interval, and the crossbars that they take; -1 if it cannot be reached.
std::int64_t crossbars_for(const std::vector<DuplicationTask>& tasks, hw::Ticks interval, std::vector<Split>& splits) {
    std::int64_t used = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        splits[i] = fewest_copies(tasks[i], interval);
        if (splits[i].copies() == 0) {
            return -1;
        }
        used += static_cast<std::int64_t>(tasks[i].tiles) * splits[i].copies();
    }
    return used;
}

/// The next split that makes a task faster, with as few copies as that takes.
Split faster(const DuplicationTask& task, const Split& split) {
    return fewest_copies(task, task_ticks(task, split) - 1);
}

}  // namespace

hw::Ticks task_ticks(const DuplicationTask& task, const Split& split) {
    return static_cast<hw::Ticks>(ceil_div(task.rows, split.dy)) * ceil_div(task.cols, split.dx) * task.window_ticks;
}

Split fewest_copies(const DuplicationTask& task, hw::Ticks ticks) {
    Split best{0, 0};
    for (int dy = 1; dy <= std::min(task.most_dy, task.rows); ++dy) {
        const hw::Ticks a_column = ceil_div(task.rows, dy) * task.window_ticks;
        const auto cols = static_cast<int>(std::min<hw::Ticks>(ticks / a_column, task.cols));
        if (cols < 1) {
            continue;
        }
        const Split split{ceil_div(task.cols, cols), dy};
        if (best.copies() == 0 || split.copies() < best.copies()) {
            best = split;
        }
    }
    return best;
}

std::vector<Split> duplicate(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars) {
    std::vector<Split> splits(tasks.size());
    hw::Ticks high = 0;  // reached with one copy each
    for (const DuplicationTask& task : tasks) {
        high = std::max(high, task_ticks(task, {1, 1}));
    }
    if (crossbars_for(tasks, high, splits) > crossbars || high == 0) {
        return std::vector<Split>(tasks.size());
    }
    hw::Ticks low = 0;  // not reached
    while (high - low > 1) {
        const hw::Ticks middle = low + (high - low) / 2;
        const std::int64_t used = crossbars_for(tasks, middle, splits);
        (used >= 0 && used <= crossbars ? high : low) = middle;
    }
    std::int64_t left = crossbars - crossbars_for(tasks, high, splits);
    std::vector<bool> done(tasks.size(), false);
    while (true) {
        std::size_t slowest = tasks.size();
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            if (!done[i] && (slowest == tasks.size() || task_ticks(tasks[i], splits[i]) > task_ticks(tasks[slowest], splits[slowest]))) {
                slowest = i;
            }
        }
        if (slowest == tasks.size()) {
            return splits;
        }
        const Split next = faster(tasks[slowest], splits[slowest]);
        const std::int64_t more = static_cast<std::int64_t>(next.copies() - splits[slowest].copies()) * tasks[slowest].tiles;
        if (next.copies() == 0 || more > left) {
            done[slowest] = true;
            continue;
        }
        left -= more;
        splits[slowest] = next;
    }
}

}  // namespace cim::compiler

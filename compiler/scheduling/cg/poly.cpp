#include "compiler/scheduling/cg/poly.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace cim::compiler {

namespace {

std::int64_t crossbars_of_one_each(const std::vector<DuplicationTask>& tasks) {
    std::int64_t sum = 0;
    for (const DuplicationTask& task : tasks) {
        sum += task.cuts.front().tiles;
    }
    return sum;
}

/// The fastest way to share a task's positions among `most` copies at most; of equals the one with the fewest.
Split fastest(const DuplicationTask& task, int most) {
    Split best;
    for (int dy = 1; dy <= std::min({task.most_dy, task.rows, most}); ++dy) {
        const Split widest{std::min(task.cols, most / dy), dy};
        const Split split = cheapest(task, task_ticks(task, widest));
        if (std::make_pair(task_ticks(task, split), split.copies()) < std::make_pair(task_ticks(task, best), best.copies())) {
            best = split;
        }
    }
    return best;
}

}  // namespace

std::vector<Split> poly_copies(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars) {
    std::vector<Split> splits(tasks.size());
    std::int64_t left = crossbars - crossbars_of_one_each(tasks);
    while (true) {
        std::size_t slowest = tasks.size();
        Split chosen;
        std::int64_t taken = 0;
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            const Split next = cheapest(tasks[i], task_ticks(tasks[i], splits[i]) - 1);
            const std::int64_t more = task_crossbars(tasks[i], next) - task_crossbars(tasks[i], splits[i]);
            const bool fits = next.copies() > 0 && more <= left;
            if (fits && (slowest == tasks.size() || task_ticks(tasks[i], splits[i]) > task_ticks(tasks[slowest], splits[slowest]))) {
                slowest = i;
                chosen = next;
                taken = more;
            }
        }
        if (slowest == tasks.size()) {
            return splits;
        }
        splits[slowest] = chosen;
        left -= taken;
    }
}

std::vector<Split> poly_uniform_copies(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars) {
    const std::int64_t each = std::max<std::int64_t>(1, crossbars / std::max<std::int64_t>(1, crossbars_of_one_each(tasks)));
    std::vector<Split> splits;
    for (const DuplicationTask& task : tasks) {
        const auto positions = static_cast<std::int64_t>(task.rows) * task.cols;
        splits.push_back(fastest(task, static_cast<int>(std::min(each, positions))));
    }
    return splits;
}

}  // namespace cim::compiler

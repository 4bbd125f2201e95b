// Copies of weights: the worked example of docs/scheduling.md, and the optimum found by trying everything.

#include "compiler/scheduling/cg/duplication.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using namespace cim;
using namespace cim::compiler;

namespace {

hw::Ticks interval(const std::vector<DuplicationTask>& tasks, const std::vector<Split>& splits) {
    hw::Ticks longest = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        longest = std::max(longest, task_ticks(tasks[i], splits[i]));
    }
    return longest;
}

std::int64_t crossbars(const std::vector<DuplicationTask>& tasks, const std::vector<Split>& splits) {
    std::int64_t used = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        used += static_cast<std::int64_t>(tasks[i].tiles) * splits[i].copies();
    }
    return used;
}

/// The shortest interval of the tasks from `first` on with `left` crossbars, by trying all splits.
hw::Ticks try_all(const std::vector<DuplicationTask>& tasks, std::size_t first, std::int64_t left) {
    if (first == tasks.size()) {
        return 0;
    }
    const DuplicationTask& task = tasks[first];
    hw::Ticks best = INT64_MAX;
    for (int dy = 1; dy <= std::min(task.most_dy, task.rows); ++dy) {
        for (int dx = 1; dx <= task.cols; ++dx) {
            const Split split{dx, dy};
            const std::int64_t taken = static_cast<std::int64_t>(task.tiles) * split.copies();
            if (taken <= left) {
                best = std::min(best, std::max(task_ticks(task, split), try_all(tasks, first + 1, left - taken)));
            }
        }
    }
    return best;
}

}  // namespace

TEST_CASE("the worked example of duplication") {
    const std::vector<DuplicationTask> tasks{{1, 16, 16, 3, 1}, {2, 8, 8, 3, 1}, {8, 4, 4, 3, 1}};
    const std::vector<Split> splits = duplicate(tasks, 20);
    CHECK(interval(tasks, splits) == 32);
    CHECK(splits[0].copies() == 8);
    CHECK(splits[1].copies() == 2);
    CHECK(splits[2].copies() == 1);
}

TEST_CASE("duplication finds the shortest interval there is") {
    std::mt19937 random(1);
    const auto upto = [&](int most) { return 1 + static_cast<int>(random() % static_cast<unsigned>(most)); };
    for (int instance = 0; instance < 500; ++instance) {
        std::vector<DuplicationTask> tasks;
        std::int64_t one_each = 0;
        for (int i = upto(4); i > 0; --i) {
            tasks.push_back({upto(4), upto(6), upto(6), upto(3), upto(9)});
            one_each += tasks.back().tiles;
        }
        const std::int64_t available = one_each + static_cast<int>(random() % 24);
        INFO("instance " << instance);
        const std::vector<Split> splits = duplicate(tasks, available);
        CHECK(crossbars(tasks, splits) <= available);
        CHECK(interval(tasks, splits) == try_all(tasks, 0, available));
    }
}

// Copies of weights, and rows dealt over crossbars: the worked examples of docs/scheduling.md, and the optimum found by trying everything.

#include "compiler/scheduling/cg/duplication.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "compiler/scheduling/vvm/remapping.h"
#include "tests/compiler/tasks.h"

using namespace cim;
using namespace cim::compiler;
using namespace cim::test;

namespace {

hw::Ticks lags(const std::vector<DuplicationTask>& tasks, const std::vector<Split>& splits) {
    hw::Ticks sum = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        sum += lag(tasks[i], splits[i]);
    }
    return sum;
}

/// The shortest interval of the tasks, and the least time of so many images, by trying all splits.
hw::Ticks shortest_interval(const std::vector<DuplicationTask>& tasks, std::int64_t available) {
    hw::Ticks best = INT64_MAX;
    std::vector<Split> splits;
    for_all(tasks, splits, available, [&](const std::vector<Split>& all) { best = std::min(best, interval(tasks, all)); });
    return best;
}

hw::Ticks shortest_time(const std::vector<DuplicationTask>& tasks, std::int64_t available, std::int64_t images) {
    hw::Ticks best = INT64_MAX;
    std::vector<Split> splits;
    for_all(tasks, splits, available,
            [&](const std::vector<Split>& all) { best = std::min(best, images * interval(tasks, all) + lags(tasks, all)); });
    return best;
}

}  // namespace

TEST_CASE("the worked example of duplication") {
    const std::vector<DuplicationTask> tasks{task(1, 16, 16, 3, 1), task(2, 8, 8, 3, 1), task(8, 4, 4, 3, 1)};
    const std::vector<Split> splits = duplicate(tasks, 20);
    CHECK(interval(tasks, splits) == 32);
    CHECK(splits[0].copies() == 8);
    CHECK(splits[1].copies() == 2);
    CHECK(splits[2].copies() == 1);
}

TEST_CASE("duplication finds the shortest interval there is") {
    Dice dice{std::mt19937(1)};
    for (int instance = 0; instance < 500; ++instance) {
        const auto [tasks, available] = some_tasks(dice, 4, 1);
        INFO("instance " << instance);
        const std::vector<Split> splits = duplicate(tasks, available);
        CHECK(crossbars(tasks, splits) <= available);
        CHECK(interval(tasks, splits) == shortest_interval(tasks, available));
    }
}

TEST_CASE("so it does where rows of matrices may be dealt over crossbars") {
    Dice dice{std::mt19937(2)};
    for (int instance = 0; instance < 500; ++instance) {
        const auto [tasks, available] = some_tasks(dice, 3, 3);
        INFO("instance " << instance);
        const std::vector<Split> splits = duplicate(tasks, available);
        CHECK(crossbars(tasks, splits) <= available);
        CHECK(interval(tasks, splits) == shortest_interval(tasks, available));
    }
}

TEST_CASE("copies share short tiles, and rows lie apart, where the shortest interval there is is an eighth shorter for it") {
    Dice dice{std::mt19937(6)};
    int paid = 0;
    for (int instance = 0; instance < 500; ++instance) {
        auto [tasks, available] = some_tasks(dice, 3, 1);
        for (DuplicationTask& task : tasks) {
            task.cols = std::min(task.cols, 4);
            task.most_dy_apart = dice.upto(2);
            task.cuts[0].short_tiles = dice.upto(task.cuts[0].tiles + 1) - 1;
            task.cuts[0].short_ticks = dice.upto(static_cast<int>(task.cuts[0].window_ticks));
        }
        std::vector<DuplicationTask> plain_ones;
        std::transform(tasks.begin(), tasks.end(), std::back_inserter(plain_ones), plain);
        INFO("instance " << instance);
        const hw::Ticks without = shortest_interval(plain_ones, available);
        const hw::Ticks with = shortest_interval(tasks, available);
        const bool pays = with < without - without / 8;
        const std::vector<Split> splits = duplicate(tasks, available);
        CHECK(crossbars(tasks, splits) <= available);
        CHECK(interval(tasks, splits) == (pays ? with : without));
        paid += pays ? 1 : 0;
    }
    CHECK(paid > 20);
}

TEST_CASE("the worked example of shared crossbars") {
    // 144 rows and 64 columns, 8 x 8 positions: a column of 128 rows and 16 below it, twice; 8 slices of 8 rows at once.
    DuplicationTask conv = task(4, 8, 8, 1, 130);
    conv.cuts[0].short_tiles = 2;
    conv.cuts[0].short_ticks = 18;
    const std::vector<Split> splits = duplicate({conv}, 10);
    CHECK(splits[0].copies() == 4);
    CHECK(splits[0].together == 4);
    CHECK(task_crossbars(conv, splits[0]) == 10);
    CHECK(task_ticks(conv, splits[0]) == 2080);
    CHECK(duplicate({plain(conv)}, 10)[0].copies() == 2);
}

TEST_CASE("remapping finds the least time of some images") {
    Dice dice{std::mt19937(3)};
    for (int instance = 0; instance < 500; ++instance) {
        const auto [tasks, available] = some_tasks(dice, 3, 3);
        const int images = dice.upto(3);
        INFO("instance " << instance);
        const std::vector<Split> splits = remap(tasks, available, images);
        CHECK(crossbars(tasks, splits) <= available);
        CHECK(images * interval(tasks, splits) + lags(tasks, splits) == shortest_time(tasks, available, images));
    }
}

TEST_CASE("remapping of more operators is near the least time") {
    // Too much to try all: per limit of the slowest operator the least lags by dynamic programming over crossbars.
    const auto least_time = [](const std::vector<DuplicationTask>& tasks, std::int64_t available, std::int64_t images, hw::Ticks most) {
        struct Way {
            std::int64_t crossbars;
            hw::Ticks ticks, lag;
        };
        std::vector<std::vector<Way>> ways;
        std::set<hw::Ticks> limits;
        for (const DuplicationTask& task : tasks) {
            ways.emplace_back();
            std::vector<Split> splits;
            for_all({task}, splits, available, [&](const std::vector<Split>& all) {
                ways.back().push_back({task_crossbars(task, all[0]), task_ticks(task, all[0]), lag(task, all[0])});
                limits.insert(ways.back().back().ticks);
            });
        }
        constexpr hw::Ticks never = INT64_MAX / 2;
        hw::Ticks best = most;
        for (const hw::Ticks limit : limits) {
            if (images * limit >= best) {
                break;
            }
            std::vector<hw::Ticks> lags(static_cast<std::size_t>(available) + 1, 0);
            for (const std::vector<Way>& of_task : ways) {
                std::vector<hw::Ticks> next(lags.size(), never);
                for (const Way& way : of_task) {
                    for (auto on = static_cast<std::size_t>(way.crossbars); way.ticks <= limit && on < next.size(); ++on) {
                        next[on] = std::min(next[on], lags[on - static_cast<std::size_t>(way.crossbars)] + way.lag);
                    }
                }
                lags = std::move(next);
            }
            best = std::min(best, images * limit + lags.back());
        }
        return best;
    };
    Dice dice{std::mt19937(9)};
    double all = 0;
    double worst = 0;
    constexpr int instances = 20;
    for (int instance = 0; instance < instances; ++instance) {
        std::vector<DuplicationTask> tasks;
        std::int64_t one_each = 0;
        for (int i = 10 + dice.upto(10); i > 0; --i) {
            const int tiles = dice.upto(8);
            const int size = dice.upto(14) + 3;
            tasks.push_back(task(tiles, size, size, dice.upto(3), 100 + dice.upto(30)));
            deal(tasks.back(), 3);
            tasks.back().rows_behind = dice.upto(2) - 1;
            one_each += tiles;
        }
        const std::int64_t available = one_each * (1 + dice.upto(4));
        const int images = dice.upto(2);
        const std::vector<Split> splits = remap(tasks, available, images);
        CHECK(crossbars(tasks, splits) <= available);
        const hw::Ticks time = images * interval(tasks, splits) + lags(tasks, splits);
        const double ratio = static_cast<double>(time) / static_cast<double>(least_time(tasks, available, images, time));
        all += ratio;
        worst = std::max(worst, ratio);
    }
    INFO("mean " << all / instances << ", worst " << worst);
    CHECK(all / instances < 1.005);
    CHECK(worst < 1.02);
    CHECK(worst > 1);  // so that these are not small
}

TEST_CASE("rows are dealt where copies are of no use") {
    // One position: copies have nothing to share. 16 groups of rows in a crossbar, or two times 8.
    DuplicationTask alone = task(2, 1, 1, 1, 130);
    alone.cuts.push_back({64, 4, 66});
    const std::vector<Split> splits = remap({alone}, 5, 1);
    CHECK(splits[0].tile_rows == 64);
    CHECK(splits[0].copies() == 1);
    CHECK(remap({alone}, 3, 1)[0].tile_rows == 0);
}

TEST_CASE("a row dealt to several copies is late by the rows of the others, and by all where each copy receives its own") {
    DuplicationTask conv;
    conv.cuts = {{0, 1, 10}};
    conv.rows = 12;
    conv.cols = 24;
    conv.most_dy = 3;
    conv.most_dy_apart = 8;
    CHECK(lag(conv, {4, 1}) == 2 * 10);                   // windows of 10 ticks, one of them under way
    CHECK(lag(conv, {4, 3}) == 2 * 10 + 6 * 10 * 2 / 3);  // a row of 6 windows, of which those of two other rows come meanwhile
    CHECK(lag(conv, {4, 4}) == 2 * 10 + 6 * 10);
}

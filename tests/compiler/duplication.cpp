// Copies of weights, and rows dealt over crossbars: the worked examples of docs/scheduling.md, and the optimum found by trying everything.

#include "compiler/scheduling/cg/duplication.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "compiler/scheduling/cg/cuts.h"
#include "compiler/scheduling/vvm/remapping.h"

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
        used += task_crossbars(tasks[i], splits[i]);
    }
    return used;
}

hw::Ticks lags(const std::vector<DuplicationTask>& tasks, const std::vector<Split>& splits) {
    hw::Ticks sum = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        sum += lag(tasks[i], splits[i]);
    }
    return sum;
}

/// Calls body(splits) with all splits of the tasks that `left` crossbars allow.
template <typename F>
void for_all(const std::vector<DuplicationTask>& tasks, std::vector<Split>& splits, std::int64_t left, F body) {
    if (splits.size() == tasks.size()) {
        body(splits);
        return;
    }
    const DuplicationTask& task = tasks[splits.size()];
    for (const Cut& cut : task.cuts) {
        for (int dy = 1; dy <= std::min(std::max(task.most_dy, task.most_dy_apart), task.rows); ++dy) {
            for (int dx = 1; dx <= task.cols; ++dx) {
                for (int together = 1; together <= (cut.short_tiles > 0 ? dx * dy : 1); ++together) {
                    const Split split{dx, dy, cut.tile_rows, together};
                    if (task_crossbars(task, split) <= left) {
                        splits.push_back(split);
                        for_all(tasks, splits, left - task_crossbars(task, split), body);
                        splits.pop_back();
                    }
                }
            }
        }
    }
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

DuplicationTask task(int tiles, int rows, int cols, int most_dy, hw::Ticks window_ticks) {
    return {{{0, tiles, window_ticks}}, rows, cols, most_dy};
}

/// Adds cuts of half, a third, ... of the rows: as many times the crossbars, and reads shorter by that, a tick of each excepted.
void deal(DuplicationTask& task, int most) {
    for (int n = 2; n <= most; ++n) {
        task.cuts.push_back({100 / n, task.cuts[0].tiles * n, (task.cuts[0].window_ticks - 1 + n - 1) / n + 1});
    }
}

struct Dice {
    std::mt19937 random;
    int upto(int most) { return 1 + static_cast<int>(random() % static_cast<unsigned>(most)); }
};

/// A few small tasks, and crossbars for one copy of each and some more.
std::pair<std::vector<DuplicationTask>, std::int64_t> some_tasks(Dice& dice, int most, int most_cuts) {
    std::vector<DuplicationTask> tasks;
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

TEST_CASE("remapping is near the least time of some images") {
    Dice dice{std::mt19937(3)};
    double all = 0;
    double worst = 0;
    for (int instance = 0; instance < 500; ++instance) {
        const auto [tasks, available] = some_tasks(dice, 3, 3);
        const int images = dice.upto(3);
        INFO("instance " << instance);
        const std::vector<Split> splits = remap(tasks, available, images);
        CHECK(crossbars(tasks, splits) <= available);
        const auto least = static_cast<double>(shortest_time(tasks, available, images));
        const auto time = static_cast<double>(images * interval(tasks, splits) + lags(tasks, splits));
        all += time / least;
        worst = std::max(worst, time / least);
    }
    CHECK(all / 500 < 1.001);
    CHECK(worst < 1.04);
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

TEST_CASE("copies that are written each time are those of the least time of writing and working") {
    Dice dice{std::mt19937(4)};
    for (int instance = 0; instance < 500; ++instance) {
        const auto [tasks, available] = some_tasks(dice, 4, 1);
        const int images = dice.upto(3);
        std::vector<WrittenTask> written;
        for (const DuplicationTask& task : tasks) {
            written.push_back({task, dice.upto(20), 0});
        }
        const auto time = [&, &tasks = tasks](const std::vector<Split>& splits) {
            hw::Ticks ticks = images * interval(tasks, splits);
            for (std::size_t i = 0; i < splits.size(); ++i) {
                ticks += written[i].write_ticks * splits[i].copies();
            }
            return ticks;
        };
        hw::Ticks least = INT64_MAX;
        std::vector<Split> splits;
        for_all(tasks, splits, available, [&](const std::vector<Split>& all) { least = std::min(least, time(all)); });
        INFO("instance " << instance);
        const std::optional<SegmentCopies> found = written_copies(written.data(), written.size(), available, images);
        REQUIRE(found);
        CHECK(crossbars(tasks, found->splits) <= available);
        CHECK(found->ticks() == time(found->splits));
        CHECK(found->ticks() == least);
    }
}

TEST_CASE(
    "copies that are written each time are those of the least energy, if what writing takes counts as the time in which as much leaks") {
    Dice dice{std::mt19937(6)};
    int fewer = 0;
    for (int instance = 0; instance < 500; ++instance) {
        const auto [tasks, available] = some_tasks(dice, 4, 1);
        const int images = dice.upto(3);
        const std::int64_t leakage_fj = dice.upto(9);
        std::vector<WrittenTask> written;
        std::vector<WrittenTask> counted;
        std::vector<std::int64_t> write_fj;
        for (const DuplicationTask& task : tasks) {
            written.push_back({task, dice.upto(20), 0});
            write_fj.push_back(leakage_fj * dice.upto(200));
            counted.push_back(written.back());
            counted.back().write_ticks += leaking_ticks(static_cast<double>(write_fj.back()), static_cast<double>(leakage_fj));
        }
        const auto energy = [&, &tasks = tasks](const std::vector<Split>& splits) {
            std::int64_t fj = leakage_fj * images * interval(tasks, splits);
            for (std::size_t i = 0; i < splits.size(); ++i) {
                fj += (write_fj[i] + leakage_fj * written[i].write_ticks) * splits[i].copies();
            }
            return fj;
        };
        std::int64_t least = INT64_MAX;
        std::vector<Split> splits;
        for_all(tasks, splits, available, [&](const std::vector<Split>& all) { least = std::min(least, energy(all)); });
        INFO("instance " << instance);
        const std::optional<SegmentCopies> found = written_copies(counted.data(), counted.size(), available, images);
        REQUIRE(found);
        CHECK(energy(found->splits) == least);
        fewer +=
            crossbars(tasks, found->splits) < crossbars(tasks, written_copies(written.data(), written.size(), available, images)->splits);
    }
    CHECK(fewer > 50);
}

TEST_CASE("copies that are written each time have to fit") {
    const WrittenTask large{task(3, 2, 2, 1, 1), 1, 0};
    CHECK_FALSE(written_copies(&large, 1, 2, 1));
    CHECK(written_copies(&large, 1, 3, 1)->ticks() == 5);
    CHECK(written_copies(&large, 0, 2, 1)->ticks() == 0);
}

TEST_CASE("weights are written early as far as there are free crossbars and spare time") {
    const SegmentTimes segment{80, 10, 50, 0, 4, 8};
    const auto after = [&](hw::Ticks spare, std::int64_t used) {
        const SegmentTimes before{0, 0, 0, spare, used, 8};
        return ticks_after(&before, segment, 8);
    };
    CHECK(ticks_after(nullptr, segment, 8) == 140);
    CHECK(after(100, 8) == 140);
    CHECK(after(100, 6) == 100);  // two of four
    CHECK(after(30, 6) == 110);
    CHECK(after(80, 4) == 60);  // the last one ends too late
    CHECK(after(90, 4) == 50);
}

TEST_CASE("cuts that count on early writes are the best there are") {
    std::mt19937 random(23);
    const auto pick = [&](std::int64_t from, std::int64_t to) { return std::uniform_int_distribution<std::int64_t>(from, to)(random); };
    for (int instance = 0; instance < 500; ++instance) {
        const int count = static_cast<int>(pick(1, 7));
        constexpr std::int64_t crossbars = 8;
        SegmentChoices choices(static_cast<std::size_t>(count));
        for (int first = 0; first < count; ++first) {
            const auto longest = pick(1, count - first);
            for (std::int64_t length = 1; length <= longest; ++length) {
                choices[static_cast<std::size_t>(first)].emplace_back();
                for (std::int64_t choice = pick(0, 2); choice > 0; --choice) {
                    const hw::Ticks working = pick(1, 60);
                    choices[static_cast<std::size_t>(first)].back().push_back(
                        {pick(0, 60), pick(0, 9), working, pick(0, working), pick(0, crossbars), choice});
                }
            }
        }
        // All ways, one segment after the other.
        std::optional<hw::Ticks> least;
        const std::function<void(int, const SegmentTimes*, hw::Ticks)> go_on = [&](int first, const SegmentTimes* before, hw::Ticks sum) {
            if (first == count) {
                least = std::min(least.value_or(sum), sum);
                return;
            }
            const auto& of_first = choices[static_cast<std::size_t>(first)];
            for (std::size_t i = 0; i < of_first.size(); ++i) {
                for (const SegmentTimes& segment : of_first[i]) {
                    go_on(first + static_cast<int>(i) + 1, &segment, sum + ticks_after(before, segment, crossbars));
                }
            }
        };
        go_on(0, nullptr, 0);
        const std::vector<ChosenSegment> chosen = cut_overlapping(choices, crossbars);
        INFO("instance " << instance);
        REQUIRE(chosen.empty() == !least);
        hw::Ticks sum = 0;
        const SegmentTimes* before = nullptr;
        int first = 0;
        for (const ChosenSegment& one : chosen) {
            const auto& options = choices[static_cast<std::size_t>(first)][static_cast<std::size_t>(one.end - first - 1)];
            const auto segment =
                std::find_if(options.begin(), options.end(), [&](const SegmentTimes& times) { return times.allowed == one.allowed; });
            REQUIRE(segment != options.end());
            sum += ticks_after(before, *segment, crossbars);
            before = &*segment;
            first = one.end;
        }
        CHECK(sum == least.value_or(0));
    }
}

TEST_CASE("cuts into segments are the best there are") {
    Dice dice{std::mt19937(5)};
    int impossible = 0;
    for (int instance = 0; instance < 500; ++instance) {
        const int count = dice.upto(9);
        SegmentTicks prices(static_cast<std::size_t>(count));
        for (int first = 0; first < count; ++first) {
            // Some places have no long segments, some segments are not possible.
            for (int length = dice.upto(count - first); length > 0; --length) {
                prices[static_cast<std::size_t>(first)].push_back(dice.upto(3) > 1 ? std::optional<hw::Ticks>(dice.upto(50))
                                                                                   : std::nullopt);
            }
        }
        const auto price = [&](int first, int last) -> std::optional<hw::Ticks> {
            const auto& own = prices[static_cast<std::size_t>(first)];
            const auto length = static_cast<std::size_t>(last - first);
            return length <= own.size() ? own[length - 1] : std::nullopt;
        };
        // Each bit says whether there is a cut behind that place.
        std::optional<hw::Ticks> least;
        const auto total = [&](auto&& is_end) -> std::optional<hw::Ticks> {
            hw::Ticks sum = 0;
            for (int first = 0, last = 1; last <= count; ++last) {
                if (last == count || is_end(last)) {
                    const std::optional<hw::Ticks> own = price(first, last);
                    if (!own) {
                        return std::nullopt;
                    }
                    sum += *own;
                    first = last;
                }
            }
            return sum;
        };
        for (unsigned set = 0; set < 1U << static_cast<unsigned>(count - 1); ++set) {
            const auto sum = total([&](int last) { return (set >> static_cast<unsigned>(last - 1) & 1U) != 0; });
            if (sum && (!least || *sum < *least)) {
                least = sum;
            }
        }
        INFO("instance " << instance);
        const std::vector<int> ends = cut(prices);
        CHECK(ends.empty() == !least);
        if (least) {
            CHECK(total([&](int last) { return std::find(ends.begin(), ends.end(), last) != ends.end(); }) == least);
        }
        impossible += least ? 0 : 1;
    }
    CHECK(impossible > 20);
    CHECK(impossible < 250);
}

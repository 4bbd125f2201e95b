// Where networks larger than the chip are cut, and what copies their segments have: against trying everything.

#include "compiler/scheduling/cg/cuts.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/compiler/tasks.h"

using namespace cim;
using namespace cim::compiler;
using namespace cim::test;

TEST_CASE("copies that are written each time have to fit") {
    const WrittenTask large{task(3, 2, 2, 1, 1), 1, 0};
    CHECK_FALSE(written_copies(&large, 1, 2, {}));
    CHECK(written_copies(&large, 1, 3, {})->writing == 1);
    CHECK(written_copies(&large, 1, 3, {})->slowest == 4);
    CHECK(written_copies(&large, 0, 2, {})->splits.empty());
}

TEST_CASE("copies are of no use while a segment's tensors are on their way") {
    const WrittenTask conv{task(1, 8, 8, 1, 10), 1, 0};
    CHECK(written_copies(&conv, 1, 8, {})->splits[0].copies() == 8);
    CHECK(written_copies(&conv, 1, 8, {1, 700, nullptr, 0, 0})->splits[0].copies() == 1);
}

TEST_CASE("a pipeline takes its time to fill") {
    // A convolution of 10 rows; one that needs 3 of them; a join of that and of the first, which waits for the later one; another network.
    const std::vector<PipelineStage> stages{{{}, 400}, {{{0, 3, 10}}, 50}, {{{1, 1, 10}, {0, 1, 10}}, 0}, {{{2, 10, 10}}, 1000}};
    CHECK(Pipeline{1, 0, &stages, 0, 1}.ticks(100) == 100);
    CHECK(Pipeline{1, 0, &stages, 0, 2}.ticks(100) == 100);  // begins at 30, takes 50 by itself, and cannot end before the first
    const std::vector<PipelineStage> long_second{{{}, 400}, {{{0, 3, 10}}, 400}};
    CHECK(Pipeline{1, 0, &long_second, 0, 2}.ticks(100) == 130);         // begins at 30
    CHECK(Pipeline{1, 0, &stages, 1, 2}.ticks(40) == 40);                // what comes from other segments is there
    CHECK(Pipeline{1, 0, &stages, 0, 3}.ticks(100) == 100);              // takes no time, and ends with the later one
    CHECK(Pipeline{1, 0, &stages, 0, 4}.ticks(100) == 200);              // needs all rows
    CHECK(Pipeline{3, 0, &stages, 0, 4}.ticks(100) == 400);              // two more images follow
    CHECK(Pipeline{3, 150, &stages, 0, 4}.ticks(100) == 2 * 150 + 300);  // L0 is slower
    CHECK(Pipeline{3, 0, &stages, 0, 0}.ticks(100) == 300);
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

namespace {

/// Networks of a few tasks in a row, on a chip that holds each of them, and what their tensors and weights cost.
struct Row {
    std::vector<DuplicationTask> tasks;
    std::int64_t available = 0;
    std::int64_t images = 1;
    std::int64_t leakage_fj = 0;         ///< a tick
    std::vector<hw::Ticks> write_ticks;  ///< of a copy
    std::vector<std::int64_t> write_fj;
    std::vector<hw::Ticks> moved_ticks;  ///< of the tensor in front of each task, and of that behind the last
    std::vector<std::int64_t> moved_fj;
    std::vector<PipelineStage> stages;  ///< those that a segment fills; none: it need not

    Pipeline pipeline(std::size_t first, std::size_t last) const {
        const auto from = static_cast<int>(first);
        return {images, moved_ticks[first] + moved_ticks[last], &stages, from, stages.empty() ? from : static_cast<int>(last)};
    }
};

Row some_row(Dice& dice, bool filling) {
    Row row;
    std::tie(row.tasks, row.available) = some_tasks(dice, 4, 1);
    // Of the crossbars for all of them some are missing, so that there have to be cuts now and then.
    std::int64_t largest = 0;
    for (const DuplicationTask& task : row.tasks) {
        largest = std::max<std::int64_t>(largest, task.cuts[0].tiles);
    }
    row.available = std::max(largest, row.available - dice.upto(12));
    row.images = dice.upto(3);
    row.leakage_fj = dice.upto(9);
    for (std::size_t i = 0; i <= row.tasks.size(); ++i) {
        row.write_ticks.push_back(dice.upto(20));
        row.write_fj.push_back(row.leakage_fj * dice.upto(200));
        row.moved_ticks.push_back(dice.upto(30));
        row.moved_fj.push_back(row.leakage_fj * dice.upto(100));
    }
    for (std::size_t i = 0; filling && i < row.tasks.size(); ++i) {
        const int rows = dice.upto(9);
        row.stages.push_back({{}, task_ticks(row.tasks[i], Split{})});
        if (i > 0) {
            row.stages.back().inputs.push_back({static_cast<int>(i) - dice.upto(static_cast<int>(i)), dice.upto(rows), rows});
        }
    }
    return row;
}

/// What the best cuts and copies cost, found by trying all, and what those cost that the compiler's estimates choose.
/// segment(row, first, last, splits): what one segment costs.
template <typename F>
std::pair<std::int64_t, std::int64_t> least_and_found(const Row& row, bool energy, F segment) {
    const std::size_t count = row.tasks.size();
    std::vector<std::int64_t> least(count + 1, INT64_MAX);  // of the tasks before
    std::vector<WrittenTask> written;
    for (std::size_t i = 0; i < count; ++i) {
        const auto fj = static_cast<double>(row.write_fj[i]);
        written.push_back({row.tasks[i], row.write_ticks[i] + (energy ? leaking_ticks(fj, static_cast<double>(row.leakage_fj)) : 0), 0});
    }
    SegmentTicks ticks(count);
    std::vector<std::vector<std::int64_t>> costs(count);
    least[0] = 0;
    for (std::size_t first = 0; first < count; ++first) {
        for (std::size_t last = first + 1; last <= count; ++last) {
            const std::vector<DuplicationTask> own(row.tasks.begin() + static_cast<std::ptrdiff_t>(first),
                                                   row.tasks.begin() + static_cast<std::ptrdiff_t>(last));
            std::vector<Split> splits;
            for_all(own, splits, row.available, [&](const std::vector<Split>& all) {
                least[last] = std::min(least[last], least[first] + segment(row, first, last, all));
            });
            const auto fj = static_cast<double>(row.moved_fj[first] + row.moved_fj[last]);
            const Moved moved{row.moved_ticks[first] + row.moved_ticks[last],
                              energy ? leaking_ticks(fj, static_cast<double>(row.leakage_fj)) : 0};
            const std::optional<SegmentTimes> times =
                segment_times(written.data() + first, last - first, row.available, row.pipeline(first, last), moved.worth);
            ticks[first].push_back(times ? std::make_optional(times->writing + times->working) : std::nullopt);
            costs[first].push_back(
                times ? segment(row, first, last,
                                written_copies(written.data() + first, last - first, row.available, row.pipeline(first, last))->splits)
                      : 0);
        }
    }
    std::int64_t found = 0;
    std::size_t first = 0;
    for (const int end : cut(ticks)) {
        found += costs[first][static_cast<std::size_t>(end) - first - 1];
        first = static_cast<std::size_t>(end);
    }
    return {least[count], found};
}

/// Time of a segment whose weights are written, without contention.
hw::Ticks ticks_of(const Row& row, std::size_t first, std::size_t last, const std::vector<Split>& splits) {
    hw::Ticks writing = 0;
    hw::Ticks lags = 0;
    hw::Ticks slowest = 0;
    for (std::size_t i = first; i < last; ++i) {
        writing += row.write_ticks[i] * splits[i - first].copies();
        lags += lag(row.tasks[i], splits[i - first]) / part_of_lags;
        slowest = std::max(slowest, task_ticks(row.tasks[i], splits[i - first]));
    }
    return writing + lags + row.pipeline(first, last).ticks(slowest);
}

std::int64_t fj_of(const Row& row, std::size_t first, std::size_t last, const std::vector<Split>& splits) {
    std::int64_t fj = row.leakage_fj * ticks_of(row, first, last, splits) + row.images * (row.moved_fj[first] + row.moved_fj[last]);
    for (std::size_t i = first; i < last; ++i) {
        fj += row.write_fj[i] * splits[i - first].copies();
    }
    return fj;
}

}  // namespace

TEST_CASE("segments and their copies together take the least time, and the least energy, that there is") {
    const bool energy = GENERATE(false, true);
    const bool filling = GENERATE(false, true);
    Dice dice{std::mt19937(7)};
    int cut_up = 0;
    for (int instance = 0; instance < 500; ++instance) {
        const Row row = some_row(dice, filling);
        const auto [least, found] = least_and_found(row, energy, energy ? fj_of : ticks_of);
        INFO("instance " << instance);
        CHECK(found == least);
        std::int64_t one_each = 0;
        for (const DuplicationTask& task : row.tasks) {
            one_each += task.cuts[0].tiles;
        }
        cut_up += one_each > row.available ? 1 : 0;
    }
    CHECK(cut_up > 50);
}

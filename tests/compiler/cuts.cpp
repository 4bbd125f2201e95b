// Where networks larger than the chip are cut, and what copies their segments have: against trying everything.

#include "compiler/scheduling/cg/cuts.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/compiler/tasks.h"

using namespace cim;
using namespace cim::compiler;
using namespace cim::test;

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

// Work on several threads: each thing once, exceptions passed on, calls within calls.

#include "compiler/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using cim::compiler::in_parallel;

namespace {

/// How often each of `count` things was worked on.
std::vector<int> times_done(int count, int least) {
    std::vector<int> times(static_cast<std::size_t>(count), 0);
    in_parallel(count, least, [&](int begin, int end) {
        for (int i = begin; i < end; ++i) {
            ++times[static_cast<std::size_t>(i)];
        }
    });
    return times;
}

}  // namespace

TEST_CASE("each thing is done once, whatever the sizes of ranges") {
    for (const int count : {0, 1, 2, 3, 7, 64, 1000}) {
        for (const int least : {1, 2, 5, 64, 2000}) {
            INFO(count << " things, " << least << " at a time");
            CHECK(times_done(count, least) == std::vector<int>(static_cast<std::size_t>(count), 1));
        }
    }
}

TEST_CASE("ranges begin at multiples of their size") {
    std::atomic<int> wrong = 0;
    in_parallel(100, 7, [&](int begin, int end) { wrong += begin % 7 != 0 || end != std::min(begin + 7, 100) ? 1 : 0; });
    CHECK(wrong == 0);
}

TEST_CASE("two things are worked on at the same time where the host has two cores") {
    if (std::thread::hardware_concurrency() < 2) {
        return;
    }
    for (int times = 0; times < 20; ++times) {
        std::atomic<int> begun = 0;
        std::atomic<int> met = 0;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        in_parallel(2, 1, [&](int, int) {
            ++begun;
            while (begun < 2 && std::chrono::steady_clock::now() < deadline) {
                std::this_thread::yield();
            }
            met += begun == 2 ? 1 : 0;
        });
        REQUIRE(met == 2);
    }
}

TEST_CASE("an exception of any thread is passed on, and the next call works") {
    for (int thrower = 0; thrower < 50; ++thrower) {
        CHECK_THROWS_AS(in_parallel(50, 1,
                                    [&](int begin, int) {
                                        if (begin == thrower) {
                                            throw std::out_of_range("here");
                                        }
                                    }),
                        std::out_of_range);
        CHECK(times_done(100, 1) == std::vector<int>(100, 1));
    }
}

TEST_CASE("work within work, and calls from several threads at a time, are all done") {
    std::atomic<int> sum = 0;
    const auto nested = [&] { in_parallel(40, 1, [&](int begin, int) { in_parallel(begin, 1, [&](int, int) { ++sum; }); }); };
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i) {
        callers.emplace_back([&] {
            for (int times = 0; times < 25; ++times) {
                nested();
            }
        });
    }
    for (std::thread& caller : callers) {
        caller.join();
    }
    CHECK(sum == 4 * 25 * 40 * 39 / 2);
}

#pragma once
// The same work for many things, on as many threads as the host has. Results must not depend on who does what.

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <thread>
#include <vector>

namespace cim::compiler {

/// Calls work(begin, end) for consecutive ranges of `least` that make up 0 .. count-1, each taken by the thread that is free first. An
/// exception of one is passed on.
inline void in_parallel(int count, int least, const std::function<void(int, int)>& work) {
    std::atomic<int> next = 0;
    const auto take_turns = [&] {
        for (int begin = next.fetch_add(least); begin < count; begin = next.fetch_add(least)) {
            work(begin, std::min(begin + least, count));
        }
    };
    const int threads = std::clamp((count + least - 1) / least, 1, std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
    std::vector<std::future<void>> others;
    for (int t = 1; t < threads; ++t) {
        others.push_back(std::async(std::launch::async, take_turns));
    }
    take_turns();
    for (std::future<void>& other : others) {
        other.get();
    }
}

}  // namespace cim::compiler

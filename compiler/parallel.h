#pragma once
// The same work for many things, on as many threads as the host has. Results must not depend on who does what.

#include <algorithm>
#include <functional>
#include <future>
#include <thread>
#include <vector>

namespace cim::compiler {

/// Calls work(begin, end) for consecutive ranges that make up 0 .. count-1, at the same time, each of `least` or more. An exception of one
/// is passed on.
inline void in_parallel(int count, int least, const std::function<void(int, int)>& work) {
    const int threads = std::clamp(count / least, 1, std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
    std::vector<std::future<void>> others;
    for (int t = 1; t < threads; ++t) {
        others.push_back(std::async(std::launch::async, work, t * count / threads, (t + 1) * count / threads));
    }
    work(0, count / threads);
    for (std::future<void>& other : others) {
        other.get();
    }
}

}  // namespace cim::compiler

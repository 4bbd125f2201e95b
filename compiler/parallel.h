#pragma once
// The same work for many things, on as many threads as the host has. Results must not depend on who does what.

#include <functional>

namespace cim::compiler {

/// Calls work(begin, end) for consecutive ranges of `least` that make up 0 .. count-1, each taken by the thread that is free first. An
/// exception of one is passed on. Threads stay for the next call: what they have allocated and freed is used again. Within `work` it does
/// all by itself.
void in_parallel(int count, int least, const std::function<void(int, int)>& work);

}  // namespace cim::compiler

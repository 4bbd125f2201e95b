#pragma once
// Work in a process of its own, whose result comes back through a pipe: its memory is its own, from the start.

#include <functional>
#include <string>

namespace cim::bench {

/// Runs `work` in a child process and returns its result. An exception or a crash of the child is a std::runtime_error here; so is a child
/// that needs longer than a minute.
std::string run_in_child(const std::function<std::string()>& work);

}  // namespace cim::bench

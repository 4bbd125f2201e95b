#pragma once
// SystemC elaborates once a process, so every simulation of a test runs in a child of its own and comes back through a pipe: a test case
// may run as many as it likes.

#include <functional>
#include <string>

namespace cim::test {

/// Runs `work` in a child process and returns its result. An exception or a crash of the child is a std::runtime_error here; so is a child
/// that needs longer than a minute.
std::string run_in_child(const std::function<std::string()>& work);

}  // namespace cim::test

#pragma once

#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace cim::isa {

/// Formats behind what is there.
template <typename... Args>
void put(fmt::memory_buffer& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

}  // namespace cim::isa

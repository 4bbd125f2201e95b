#pragma once
// "did you mean": the nearest of the known names.

#include <string>
#include <string_view>
#include <vector>

namespace cim::isa {

/// " (did you mean 'x'?)" for the candidate nearest to `name`, or "" if none is near.
std::string suggestion(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace cim::isa

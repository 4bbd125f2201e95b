#pragma once

#include <filesystem>
#include <string>

namespace cim::isa {

/// Throws ProgramError: the path, and what is wrong with it.
[[noreturn]] void fail_on(const std::filesystem::path& path, const std::string& what);

/// What the system says of the last call that failed.
std::string system_message();

}  // namespace cim::isa

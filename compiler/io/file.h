#pragma once
// Whole files in and out.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace cim::compiler {

/// Content of a regular file. InputError, naming the file, if there is none, it cannot be read or it is larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::uintmax_t limit = std::uintmax_t{4} << 30U);

/// Writes under a temporary name in the same folder and renames: at `path` there is either the old file or the whole new one.
/// InputError if it cannot be written; nothing is left behind then.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace cim::compiler

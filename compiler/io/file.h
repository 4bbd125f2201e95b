#pragma once
// Whole files in and out.

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace cim::compiler {

/// Content of a regular file. InputError, naming the file, if there is none, it cannot be read or it is larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::uintmax_t limit = std::uintmax_t{4} << 30U);

/// Writes under a temporary name in the same folder and renames: at `path` there is either the old file or the whole new one.
/// InputError if it cannot be written; nothing is left behind then.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Files of one folder, named after tensors: `_` for `/` and for a dot in front, long names cut, a number behind where two would be alike.
class FileNames {
  public:
    /// Without an extension. The same name always gives the same file.
    std::string of(const std::string& name);

  private:
    std::map<std::string, std::string> given_;
    std::set<std::string> taken_;
};

}  // namespace cim::compiler

#include "isa/files/file_error.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "isa/interpreter/resolved.h"

namespace cim::isa {

void fail_on(const std::filesystem::path& path, const std::string& what) {
    throw ProgramError(fmt::format("{}: {}", path.string(), what));
}

std::string system_message() {
    return std::generic_category().message(errno);
}

}  // namespace cim::isa

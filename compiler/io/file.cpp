#include "compiler/io/file.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "compiler/error.h"
#include "isa/files/pending_file.h"
#include "isa/interpreter/resolved.h"

namespace cim::compiler {
namespace fs = std::filesystem;

std::string read_file(const fs::path& path, std::uintmax_t limit) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) {
        throw InputError(path.string() + ": no such file");
    }
    if (error) {
        throw InputError(path.string() + ": " + error.message());
    }
    if (!fs::is_regular_file(status)) {
        throw InputError(path.string() + ": not a regular file");
    }
    const std::uintmax_t size = fs::file_size(path, error);
    if (error) {
        throw InputError(path.string() + ": " + error.message());
    }
    if (size > limit) {
        throw InputError(path.string() + ": " + std::to_string(size) + " bytes, more than the " + std::to_string(limit) +
                         " that such a file may have");
    }
    std::ifstream stream(path, std::ios::binary);
    std::string bytes(size, '\0');
    if (!stream || !stream.read(bytes.data(), static_cast<std::streamsize>(size))) {
        throw InputError(path.string() + ": cannot be read");
    }
    return bytes;
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
    try {
        isa::PendingFile(path, bytes).put_in_place();
    } catch (const isa::ProgramError& error) {
        throw InputError(error.what());
    }
}

std::string FileNames::of(const std::string& name) {
    const auto [given, is_new] = given_.emplace(name, "");
    if (is_new) {
        constexpr std::size_t longest = 200;  // of the 255 bytes that file systems take
        std::string like = name.substr(0, longest);
        std::replace(like.begin(), like.end(), '/', '_');
        if (like.rfind('.', 0) == 0) {
            like[0] = '_';  // not hidden
        }
        given->second = like;
        for (int number = 2; !taken_.insert(given->second).second; ++number) {
            given->second = like + "_" + std::to_string(number);
        }
    }
    return given->second;
}

}  // namespace cim::compiler

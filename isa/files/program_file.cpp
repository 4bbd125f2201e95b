#include "isa/files/program_file.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isa/binary/codec.h"
#include "isa/binary/data.h"
#include "isa/files/file_error.h"
#include "isa/files/pending_file.h"
#include "isa/text/parse.h"
#include "isa/text/print.h"

namespace cim::isa {

namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        fail_on(path, "is a folder, not a program");
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        fail_on(path, "cannot be read: " + system_message());
    }
    std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (in.bad()) {
        fail_on(path, "cannot be read: " + system_message());
    }
    return content;
}

/// Keeps what stands at a path, to be put back unless dismissed.
class Backup {
  public:
    explicit Backup(fs::path path) : path_(std::move(path)) {
        std::error_code error;
        if (fs::is_regular_file(path_, error)) {
            old_.emplace(path_, read_file(path_));
        }
    }
    Backup(const Backup&) = delete;
    Backup& operator=(const Backup&) = delete;
    ~Backup() {
        if (!armed_) {
            return;
        }
        try {
            if (old_) {
                old_->put_in_place();
            } else {
                ::unlink(path_.c_str());
            }
        } catch (const ProgramError&) {
            // Nothing more can be done; the hash in the program tells that the data is not its own.
        }
    }
    void arm() { armed_ = true; }
    void dismiss() { armed_ = false; }

  private:
    fs::path path_;
    std::optional<PendingFile> old_;
    bool armed_ = false;
};

}  // namespace

PendingProgram::PendingProgram(const Program& program, const std::string& path) {
    const fs::path target(path);
    if (target.extension() == ".mop") {
        const fs::path data_path = fs::path(target).replace_extension(".data");
        const std::string data = encode_data(program);
        program_ = std::make_unique<PendingFile>(target, print_text(program, DataRef{data_path.filename().string(), content_hash(data)}));
        if (!program.weights.empty() || !program.params.empty()) {
            data_ = std::make_unique<PendingFile>(data_path, data);
        }
    } else if (target.extension() == ".mopb") {
        program_ = std::make_unique<PendingFile>(target, encode_binary(program));
    } else {
        fail_on(target, "a program's file ends in .mop (text) or .mopb (binary)");
    }
}

PendingProgram::~PendingProgram() = default;
PendingProgram::PendingProgram(PendingProgram&&) noexcept = default;

void PendingProgram::put_in_place() {
    if (data_ == nullptr) {
        program_->put_in_place();
        return;
    }
    Backup backup(data_->target());
    data_->put_in_place();
    backup.arm();
    program_->put_in_place();
    backup.dismiss();
}

void save_program(const Program& program, const std::string& path) {
    PendingProgram(program, path).put_in_place();
}

Program load_program(const std::string& path) {
    const fs::path source(path);
    if (source.extension() == ".mopb") {
        return decode_binary(read_file(source), path);
    }
    if (source.extension() != ".mop") {
        fail_on(source, "a program's file ends in .mop (text) or .mopb (binary)");
    }
    const DataLoader loader = [&](const DataRef& data) {
        if (data.name.empty() || data.name.find('/') != std::string::npos || data.name == "..") {
            fail_on(source, fmt::format("the data file \"{}\" must be named without a folder; it stands beside the program", data.name));
        }
        return read_file(source.parent_path() / data.name);
    };
    return parse_text(read_file(source), path, loader);
}

}  // namespace cim::isa

#include "isa/files/pending_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isa/files/file_error.h"

namespace cim::isa {

namespace fs = std::filesystem;

PendingFile::PendingFile(fs::path target, std::string_view content) : target_(std::move(target)) {
    std::string name = target_.string() + ".XXXXXX";
    const int file = ::mkstemp(name.data());
    if (file < 0) {
        fail_on(target_, "cannot be written: " + system_message());
    }
    temporary_ = name;
    const mode_t mask = ::umask(0);
    ::umask(mask);
    bool good = ::fchmod(file, 0666 & ~mask) == 0;
    for (std::size_t done = 0; good && done < content.size();) {
        const ssize_t written = ::write(file, content.data() + done, content.size() - done);
        good = written > 0 || (written < 0 && errno == EINTR);
        done += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
    const std::string reason = good ? "" : system_message();
    if (::close(file) != 0 || !good) {
        const std::string why = reason.empty() ? system_message() : reason;
        remove();
        fail_on(target_, "cannot be written: " + why);
    }
}

void PendingFile::put_in_place() {
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
        fail_on(target_, "cannot be written: " + system_message());
    }
    temporary_.clear();
}

void PendingFile::remove() {
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
        temporary_.clear();
    }
}

}  // namespace cim::isa

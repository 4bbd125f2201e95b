#pragma once
// A file written beside its place and renamed at the end: at the path there is either what was there before or the whole new file.

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cim::platform {

class OutputFile {
  public:
    /// Opens; std::runtime_error naming the path if it cannot.
    explicit OutputFile(std::string path)
        : path_(std::move(path)), partial_(path_ + ".partial"), file_(std::fopen(partial_.c_str(), "wb")) {
        if (file_ == nullptr) {
            throw std::runtime_error(path_ + ": cannot be written");
        }
        std::setvbuf(file_, nullptr, _IOFBF, std::size_t{1} << 18U);
    }
    ~OutputFile() {
        if (file_ != nullptr) {
            std::fclose(file_);
            std::remove(partial_.c_str());
        }
    }
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), file_); }

    /// Closes and renames; std::runtime_error if anything could not be written.
    void finish() {
        const bool failed = std::ferror(file_) != 0;
        const bool closed = std::fclose(file_) == 0;
        file_ = nullptr;
        if (failed || !closed || std::rename(partial_.c_str(), path_.c_str()) != 0) {
            std::remove(partial_.c_str());
            throw std::runtime_error(path_ + ": cannot be written");
        }
    }

  private:
    std::string path_;
    std::string partial_;
    std::FILE* file_;
};

}  // namespace cim::platform

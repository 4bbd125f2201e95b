#pragma once
// How files come to be: written under a temporary name beside their place, then renamed. At a path there is what was there before or the
// whole new file.

#include <filesystem>
#include <string_view>

namespace cim::isa {

/// Content under a temporary name in the folder of its target; gone again unless it is put in place. Throws ProgramError naming the target.
class PendingFile {
  public:
    PendingFile(std::filesystem::path target, std::string_view content);
    PendingFile(const PendingFile&) = delete;
    PendingFile& operator=(const PendingFile&) = delete;
    ~PendingFile() { remove(); }

    void put_in_place();
    const std::filesystem::path& target() const { return target_; }

  private:
    void remove();

    std::filesystem::path target_;
    std::filesystem::path temporary_;
};

}  // namespace cim::isa

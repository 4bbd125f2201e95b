#pragma once
// Programs on disk: `.mop` is text with a data file beside it, `.mopb` is binary and whole.

#include <memory>
#include <string>

#include "isa/program.h"

namespace cim::isa {

class PendingFile;

/// A well-formed program in files under temporary names; gone again unless they are put in place. For `dir/x.mop` the values of weights and
/// params go to `dir/x.data` (no such file if there are none). The data are renamed first: a reader finds the old program, the new one, or
/// (for an instant) one whose hash tells that it does not belong to its data. If anything fails both files stay as they were. Throws
/// ProgramError.
class PendingProgram {
  public:
    PendingProgram(const Program& program, const std::string& path);
    ~PendingProgram();
    PendingProgram(PendingProgram&&) noexcept;

    void put_in_place();

  private:
    std::unique_ptr<PendingFile> program_;
    std::unique_ptr<PendingFile> data_;  ///< of a program in text that has any
};

/// Writes a program and puts it in place.
void save_program(const Program& program, const std::string& path);

/// Reads either form, told by the ending. The data file is sought in the program's folder by the name that the program gives, which may
/// not lead out of it, and its hash is checked. Throws ProgramError.
Program load_program(const std::string& path);

}  // namespace cim::isa

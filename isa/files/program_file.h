#pragma once
// Programs on disk: `.mop` is text with a data file beside it, `.mopb` is binary and whole.

#include <string>

#include "isa/program.h"

namespace cim::isa {

/// Writes a well-formed program. For `dir/x.mop` the values of weights and params go to `dir/x.data` (no such file if there are none).
/// Files are written under temporary names beside and renamed, the data first: a reader finds the old program, the new one, or (for an
/// instant) one whose hash tells that it does not belong to its data. If anything fails both files stay as they were. Throws ProgramError.
void save_program(const Program& program, const std::string& path);

/// Reads either form, told by the ending. The data file is sought in the program's folder by the name that the program gives, which may
/// not lead out of it, and its hash is checked. Throws ProgramError.
Program load_program(const std::string& path);

}  // namespace cim::isa

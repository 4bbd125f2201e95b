#pragma once
// The binary form of a program: everything inside, lossless both ways.

#include <string>
#include <string_view>

#include "isa/program.h"

namespace cim::isa {

/// Bytes of a program. Begins with "MOPB" and a version byte.
std::string encode_binary(const Program& program);

/// The program that `bytes` hold; `name` is for messages. Throws ProgramError for bytes that are not a well-formed program (verify_form),
/// whatever they are; takes memory in proportion to their number.
Program decode_binary(std::string_view bytes, const std::string& name);

}  // namespace cim::isa

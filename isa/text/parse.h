#pragma once
// Reads the text of a program (ADR-0001, "Text").

#include <functional>
#include <string>

#include "isa/program.h"
#include "isa/text/data_ref.h"
#include "isa/text/lexer.h"

namespace cim::isa {

/// Gives the content of the data file that a text names. Throws ProgramError when it cannot.
using DataLoader = std::function<std::string(const DataRef&)>;

/// Parses a program; templates come out canonical (isa/expr_pool.h) and every statement and flow knows its line. `file` is for messages.
/// The loader is asked for the data if the text has a data line, and the content is checked against the hash; without a loader weights
/// stay without values and params' constants are zero. `data`, if given, receives the data line. Throws ParseError for a text that is
/// wrong, ProgramError for data that is.
Program parse_text(const std::string& text, const std::string& file, const DataLoader& loader = {}, DataRef* data = nullptr);

}  // namespace cim::isa

#pragma once
// The canonical text of a program (ADR-0001, "Text").

#include <string>

#include <fmt/format.h>

#include "isa/interpreter/resolved.h"
#include "isa/program.h"
#include "isa/text/data_ref.h"

namespace cim::isa {

/// Text of a well-formed program (isa/verifier/form.h). The data line is `data`; it is left out when there are neither weights nor params.
std::string print_text(const Program& program, const DataRef& data);
/// The same with the data file called "<program name>.data" and its true hash.
std::string print_text(const Program& program);

/// One executed operator with numbers for fields, those equal to their default left out: "alu.fill dst=0 n=16". Weights, params and
/// slices by name where the index is good.
void print_op(fmt::memory_buffer& out, const Program& program, const OpInstance& op);
std::string op_text(const Program& program, const OpInstance& op);

/// "ready[2]" for a counter's number in the numbering of all counters, given the arrays' first numbers; "counter 7" if there is none.
std::string counter_text(const Program& program, std::int64_t counter);

/// "chip" or "core[3]".
std::string place_text(Index place);

/// What stands before the word "flow": "setup ", "segment 2 ", or nothing for segment 0.
std::string segment_prefix(Index segment);

/// A string in double quotes, with \" \\ \n \t \xHH for what cannot stand for itself.
void print_quoted(fmt::memory_buffer& out, std::string_view text);

}  // namespace cim::isa

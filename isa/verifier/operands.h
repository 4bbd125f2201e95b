#pragma once
// Whether the evaluated fields of one operator execution make sense.

#include <string>

#include "isa/interpreter/resolved.h"
#include "isa/verifier/verify.h"

namespace cim::isa {

struct OperandFault {
    std::string_view rule;  ///< empty: all is well
    std::string what;
};

/// Rules operand, param, rows, parallel-row, columns.
OperandFault check_operands(const Program& program, const Limits& limits, const OpInstance& op);

}  // namespace cim::isa

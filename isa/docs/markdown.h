#pragma once
// docs/isa.md, generated from the operator table and the verifier's rules.

#include <string>

namespace cim::isa {

std::string isa_markdown();

}  // namespace cim::isa

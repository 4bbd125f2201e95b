#pragma once
// The network's inputs and outputs in external memory: regions that grow with the batch.

#include <vector>

#include "isa/verifier/diagnostic.h"
#include "isa/verifier/verify.h"

namespace cim::isa {

/// The program's buffers, and one for each input and output of a run over `batch` inputs that does not begin inside a declared buffer.
std::vector<Buffer> buffers_of_run(const Program& program, std::int64_t batch);

/// Rules `memory` and `overlap` for inputs and outputs. True if there was nothing to find.
bool check_tensors(const Program& program, const Limits& limits, std::int64_t batch, Findings& findings);

}  // namespace cim::isa

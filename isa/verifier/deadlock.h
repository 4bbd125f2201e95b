#pragma once
// Why the untimed run stands still.

#include <string>
#include <vector>

#include "isa/verifier/counters.h"

namespace cim::isa {

struct BlockedFlow {
    Index flow = 0;
    Index counter = 0;
    std::int64_t needed = 0;
    int line = 0;
};

/// One message for each end that a chain of waits comes to: a cycle, a flow that has ended, a counter that nobody signals. Each tells the
/// chain that leads there.
std::vector<std::string> explain_deadlock(const Program& program, const Counters& counters, const std::vector<bool>& finished,
                                          const std::vector<BlockedFlow>& blocked);

}  // namespace cim::isa

#include "compiler/driver/joined.h"

#include "compiler/codegen/generate.h"
#include "compiler/scheduling/cg/joining.h"

namespace cim::compiler {

std::optional<Candidate> joined(const Candidate& candidate, const QuantGraph& network, const hw::Machine& machine) {
    Candidate other{candidate.strategy, candidate.schedule, {}};
    if (!join_segments(other.schedule, machine)) {
        return std::nullopt;
    }
    other.program = generate_flows(network, other.schedule, machine);
    return other;
}

}  // namespace cim::compiler

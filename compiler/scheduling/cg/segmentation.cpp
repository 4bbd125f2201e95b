#include "compiler/scheduling/cg/segmentation.h"

#include "compiler/scheduling/cg/cutter.h"

namespace cim::compiler {

Schedule schedule(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const Strategy& strategy) {
    return Cutter(network, machine, options, strategy).run();
}

}  // namespace cim::compiler

#include "cli/report/resources.h"

#include <algorithm>

#include "isa/semantics/programming.h"

namespace cim::cli {

std::vector<Resources> resources_of(const isa::Program& program) {
    std::vector<Resources> resources(program.operators.size());
    for (isa::Index id = 0; id < static_cast<isa::Index>(program.flows.size()); ++id) {
        const isa::Flow& flow = program.flows[static_cast<std::size_t>(id)];
        Resources& mine = resources[static_cast<std::size_t>(flow.op)];
        if (flow.segment != isa::setup) {
            mine.segments.insert(flow.segment);
        }
        if (flow.place != isa::chip) {
            mine.cores.insert(flow.place);
        }
    }
    std::map<std::pair<isa::Index, isa::Index>, std::set<std::pair<isa::Index, isa::Index>>> holders;  // by segment, weight
    for (const isa::CrossbarWrite& write : isa::crossbar_writes(program)) {
        const isa::Flow& flow = program.flows[static_cast<std::size_t>(write.flow)];
        Resources& mine = resources[static_cast<std::size_t>(flow.op)];
        mine.crossbars.emplace(write.core, write.xb);
        ++mine.tiles[std::max(0, flow.segment)];
        auto& copies = holders[{flow.segment, write.weight}];
        copies.emplace(write.core, write.xb);
        mine.copies = std::max(mine.copies, static_cast<std::int64_t>(copies.size()));
    }
    return resources;
}

}  // namespace cim::cli

#include "compiler/driver/level.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/error.h"
#include "compiler/mode.h"

namespace cim::compiler {

namespace {

hw::ComputingMode mode_of(isa::Level level, const hw::Machine& machine) {
    switch (level) {
        case isa::Level::Cg: return hw::ComputingMode::CM;
        case isa::Level::Mvm: return hw::ComputingMode::XBM;
        case isa::Level::Vvm: return hw::ComputingMode::WLM;
        case isa::Level::None: break;
    }
    return std::min(machine.mode, hw::ComputingMode::XBM);
}

}  // namespace

std::vector<isa::Level> levels_of(const hw::Machine& machine) {
    switch (machine.mode) {
        case hw::ComputingMode::CM: return {isa::Level::Cg};
        case hw::ComputingMode::XBM: return {isa::Level::Mvm, isa::Level::Cg};
        case hw::ComputingMode::WLM: break;
    }
    return {isa::Level::Mvm, isa::Level::Vvm, isa::Level::Cg};
}

hw::Machine driven_at(const hw::Machine& machine, isa::Level level) {
    hw::Machine driven = machine;
    driven.mode = mode_of(level, machine);
    if (driven.mode > machine.mode) {
        throw InputError(fmt::format("machine '{}' has computing mode {}: level {} needs mode {}", machine.name,
                                     isa::to_string(program_mode(machine.mode)), isa::to_string(level),
                                     isa::to_string(program_mode(driven.mode))));
    }
    return driven;
}

}  // namespace cim::compiler

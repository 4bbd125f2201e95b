#pragma once

#include "hw_models/spec/machine.h"
#include "isa/ops.h"

namespace cim::compiler {

/// A machine's computing mode in the words of programs.
inline isa::Mode program_mode(hw::ComputingMode mode) {
    switch (mode) {
        case hw::ComputingMode::CM: return isa::Mode::CM;
        case hw::ComputingMode::XBM: return isa::Mode::XBM;
        case hw::ComputingMode::WLM: break;
    }
    return isa::Mode::WLM;
}

}  // namespace cim::compiler

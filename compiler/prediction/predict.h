#pragma once
// What an emitted program takes when nothing but engines and crossbars is ever busy: the same rules as the platform (ADR-0001) without
// ports, links and memories, and without SystemC. With those ideal the platform must give the same times.

#include <vector>

#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

struct OperatorPrediction {
    hw::Ticks start = -1;  ///< first dispatch, from the end of setup; -1: never
    hw::Ticks end = -1;    ///< last completion
};

struct Prediction {
    hw::Ticks setup_ticks = 0;
    hw::Ticks ticks = 0;  ///< from the end of setup to the last completion
    std::vector<OperatorPrediction> operators;
    bool complete = true;  ///< false: flows wait for ever
};

/// The program must have passed the verifier.
Prediction predict(const isa::Program& program, const hw::Machine& machine, std::int64_t batch);

}  // namespace cim::compiler

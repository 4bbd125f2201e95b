#pragma once
// What an emitted program takes, by the same rules as the platform (ADR-0001), without data and without SystemC. Nothing but engines and
// crossbars is ever busy; with ports, links and memories ideal the platform must give the same times. On request they can be busy too: then
// the platform must give the same times always.

#include <cstdint>
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

struct PredictOptions {
    bool contention = false;           ///< ports, links and memories serve one transfer at a time
    hw::Ticks most_ticks = INT64_MAX;  ///< gives up, not complete, after as many from the end of setup
};

/// The program must have passed the verifier.
Prediction predict(const isa::Program& program, const hw::Machine& machine, std::int64_t batch, const PredictOptions& options = {});

}  // namespace cim::compiler

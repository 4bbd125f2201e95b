#pragma once
// What an emitted program takes, by the same rules as the platform (ADR-0001), without data and without SystemC. Nothing but engines and
// crossbars is ever busy; with ports, links and memories ideal the platform must give the same times. On request they can be busy too: then
// the platform must give the same times always.

#include <cstdint>
#include <vector>

#include "hw_models/spec/machine.h"
#include "isa/program.h"
#include "pricing/power.h"

namespace cim::compiler {

struct OperatorPrediction {
    hw::Ticks start = -1;  ///< first dispatch, from the end of setup; -1: never
    hw::Ticks end = -1;    ///< last completion
};

/// When a segment is how far, from the end of setup.
struct SegmentPrediction {
    hw::Ticks begin = 0;
    hw::Ticks written = 0;  ///< last crossbar
    hw::Ticks fetched = 0;  ///< last bytes from external memory into L0
    hw::Ticks end = 0;
    std::vector<hw::Ticks> crossbars;  ///< last read of one, by operator
};

/// Of a program with a power limit: what its operations drew.
struct PowerPrediction {
    pricing::Nanowatts most_of_one = 0;   ///< the dearest operation (or block that begins together), setup included
    pricing::Nanowatts most_at_once = 0;  ///< in flight together, setup not included
    double work = 0;                      ///< nW x ticks of the run without the setup: so long it takes at least at a given power
};

struct Prediction {
    hw::Ticks setup_ticks = 0;
    hw::Ticks ticks = 0;  ///< from the end of setup to the last completion
    std::vector<OperatorPrediction> operators;
    std::vector<SegmentPrediction> segments;
    PowerPrediction power;
    bool complete = true;  ///< false: flows wait for ever
};

struct PredictOptions {
    bool contention = false;           ///< ports, links and memories serve one transfer at a time
    hw::Ticks most_ticks = INT64_MAX;  ///< gives up, not complete, after as many from the end of setup
};

/// The program must have passed the verifier.
Prediction predict(const isa::Program& program, const hw::Machine& machine, std::int64_t batch, const PredictOptions& options = {});

}  // namespace cim::compiler

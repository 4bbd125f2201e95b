#pragma once
// Runs a program on the platform that its machine's hardware file describes. No SystemC in this header.

#include <cstdint>
#include <string>
#include <vector>

#include "hw_models/spec/machine.h"
#include "isa/program.h"
#include "platform/observe/observer.h"
#include "platform/observe/statistics.h"

namespace cim::platform {

struct SimulationOptions {
    bool functional = true;        ///< false: timing only, no data is moved
    std::int64_t batch = 1;        ///< inputs of the run
    Observer* observer = nullptr;  ///< trace sink
};

struct SimulationResult {
    Ticks setup_ticks = 0;  ///< weights into crossbars
    Ticks ticks = 0;        ///< from the end of setup to the last completion
    Statistics statistics;
    hw::EventCounts setup_events{};
    std::vector<std::vector<std::uint8_t>> outputs;  ///< by output: batch x size bytes; empty when timing only
    std::vector<std::string> link_names;
    std::vector<Ticks> link_busy;
    std::string deadlock;  ///< empty, or who waits for what
};

/// `inputs`: by input of the program, batch x size bytes (ignored when timing only). The program must have passed the verifier for this
/// machine. Call it as often as you like, from one thread at a time.
SimulationResult simulate(const isa::Program& program, const hw::Machine& machine, const SimulationOptions& options,
                          const std::vector<std::vector<std::uint8_t>>& inputs);

}  // namespace cim::platform

#pragma once
// What the tests of the platform share.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "isa/program.h"
#include "platform/loader/simulate.h"
#include "tests/platform/machines.h"

namespace cim::test {

using hw::Ticks;

/// One call of platform::Observer.
struct Trace {
    enum class Kind : std::int32_t { Engine, Crossbars, Crossbar, Port, Link, Counter };
    Ticks at = 0;
    Kind kind = Kind::Engine;
    std::int32_t where = 0;  ///< place, core, memory, link or counter
    std::int32_t what = 0;   ///< Engine: engine. Crossbar: crossbar. Crossbars: active.
    std::int32_t value = 0;  ///< operator or -1; busy; counter's value; rows
    friend bool operator==(const Trace& a, const Trace& b) {
        return a.at == b.at && a.kind == b.kind && a.where == b.where && a.what == b.what && a.value == b.value;
    }
};

/// What platform::simulate came to, and what an observer saw if asked to.
struct Outcome {
    Ticks setup_ticks = 0;
    Ticks ticks = 0;
    std::vector<platform::OperatorStatistics> operators;
    std::vector<std::array<platform::EngineStatistics, isa::engine_count>> engines;
    std::vector<hw::EventCounts> place_events;
    hw::EventCounts setup_events{};
    std::vector<std::int64_t> operations;
    std::vector<Ticks> crossbar_busy;
    std::vector<Ticks> image_ends;
    std::vector<double> power;
    std::int64_t multiply_accumulates = 0;
    std::int64_t most_writes = 0;
    hw::AdcLoss adc;
    std::vector<std::vector<std::uint8_t>> outputs;
    std::vector<std::string> link_names;
    std::vector<Ticks> link_busy;
    std::string deadlock;
    std::vector<Trace> trace;
};

struct RunOptions {
    bool functional = true;
    std::int64_t batch = 1;
    bool trace = false;
};

/// platform::simulate.
Outcome run(const isa::Program& program, const hw::Machine& machine, const RunOptions& options = {},
            const std::vector<std::vector<std::uint8_t>>& inputs = {});

/// All that must not differ between two runs of the same program on the same machine with and without data (so: not outputs and ADC).
std::string timing_of(const Outcome& outcome);
/// timing_of, outputs, ADC and trace.
std::string all_of(const Outcome& outcome);

/// Program from text; weights count 1, 2, 3, ... , params have scale 1 and no bias.
isa::Program program_of(const std::string& text);

}  // namespace cim::test

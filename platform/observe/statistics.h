#pragma once
// What a run counted: energy events, times of operators and engines, operators executed. Filled by the platform, read by reports.

#include <array>
#include <cstdint>
#include <vector>

#include "hw_models/crossbar/bit_serial.h"
#include "hw_models/energy/events.h"
#include "isa/program.h"
#include "platform/observe/power.h"

namespace cim::platform {

using hw::Ticks;

/// Where an engine's time goes (ADR-0001, "Where a cycle goes").
enum class Cause : std::uint8_t { Busy, Port, Link, Memory, Crossbar, Power, Data, Space, Done };
inline constexpr std::size_t cause_count = 9;
inline constexpr std::array<const char*, cause_count> cause_names{"busy",  "port", "link",  "memory", "crossbar",
                                                                  "power", "data", "space", "done"};
using CauseTimes = std::array<Ticks, cause_count>;

/// Of one operator of the network, over all its flows. Times from the end of setup; setup flows are not in start and end.
struct OperatorStatistics {
    Ticks start = -1;  ///< first dispatch
    Ticks end = -1;    ///< last completion
    CauseTimes
        times{};  ///< Busy: service of its operations. Port, Link, Memory, Crossbar, Power: their waits. Data, Space: waits of its flows.
    hw::EventCounts events{};
};

struct EngineStatistics {
    CauseTimes times{};
    std::int64_t operations = 0;
};

/// Of a segment of the run; times from the end of setup.
struct SegmentStatistics {
    Ticks start = 0;
    Ticks end = 0;  ///< all its flows have ended
};

struct Statistics {
    std::vector<OperatorStatistics> operators;
    std::vector<SegmentStatistics> segments;
    std::vector<std::array<EngineStatistics, isa::engine_count>> engines;  ///< cores row-major, then the chip
    std::vector<hw::EventCounts> place_events;                             ///< likewise
    std::vector<std::int64_t> operations;                                  ///< executions by opcode
    std::vector<Ticks> crossbar_busy;                                      ///< by core, summed over its crossbars
    std::vector<Ticks> crossbar_work;                                      ///< likewise, without their waits: what the operations cost
    PowerProfile power;                                                    ///< dynamic, from the end of setup
    std::int64_t multiply_accumulates = 0;                                 ///< by crossbars
    std::int64_t most_writes = 0;                                          ///< of one crossbar: against the device's endurance
    std::vector<Ticks> image_ends;                                         ///< by image of the batch: its last output byte is out
    hw::AdcLoss adc;
};

}  // namespace cim::platform

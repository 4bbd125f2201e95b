#pragma once
// Countable events and what each costs. Energy of a run = counts x these prices + leakage x time; nothing else.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::hw {

enum class Event : std::uint8_t {
    RowRead,       ///< one wordline active in one activation
    DacDrive,      ///< one wordline driven with one input slice
    AdcSample,     ///< one bitline converted
    ShiftAdd,      ///< one sample shifted and added
    RegisterByte,  ///< one byte into or out of a crossbar's registers
    CellWrite,     ///< one cell programmed
    CoreNocFlit,
    L1ReadByte,
    L1WriteByte,
    CoreAluOp,
    CoreIssue,
    NocFlitHop,
    L0ReadByte,
    L0WriteByte,
    ChipAluOp,
    ChipIssue,
    ExternalReadByte,
    ExternalWriteByte,
};
inline constexpr std::size_t event_count = 18;

/// Name of the component that spends it (`adc`), of its tier (`crossbar`), and of the event (`adc_sample`).
struct EventInfo {
    std::string_view name;
    std::string_view component;
    std::string_view tier;
};
const EventInfo& event_info(Event event);

/// pJ of one event on this machine, from its table.
std::array<double, event_count> event_prices(const Machine& machine);

using EventCounts = std::array<std::int64_t, event_count>;

/// Static parts of the machine: what leaks, and how many of it there are.
struct StaticPart {
    std::string_view component;
    std::string_view tier;
    std::int64_t instances = 0;
    double leakage_mw = 0;  ///< of one
    double area_mm2 = 0;    ///< of one
};
std::vector<StaticPart> static_parts(const Machine& machine);
/// mW of all of them together.
double leakage_mw(const Machine& machine);
/// fJ that leak in a tick.
double leakage_fj(const Machine& machine);

}  // namespace cim::hw

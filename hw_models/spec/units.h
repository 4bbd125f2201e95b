#pragma once
// Numbers with units, read exactly: whole numbers never pass through floating point.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cim::hw {

enum class Dimension : std::uint8_t {
    None,
    Frequency,      ///< base Hz, whole
    Size,           ///< base byte, whole
    Width,          ///< base bit, whole
    Bandwidth,      ///< base bit/cycle, whole; a rate a second is converted with the clock
    OperationRate,  ///< base op/cycle, whole
    Time,           ///< base cycle, whole; a time in seconds is converted with the clock and rounded up
    Energy,         ///< base pJ
    EnergyPerByte,  ///< base pJ/byte
    Power,          ///< base mW
    Area,           ///< base mm2
    Writes,         ///< base write, whole
};

/// True for the dimensions counted in whole numbers of their base unit.
bool is_whole(Dimension dimension);
/// Name of the dimension as it stands in a sentence: `a time`, `a power`.
std::string_view phrase(Dimension dimension);
std::string_view base_unit(Dimension dimension);
/// Every spelling of every unit of the dimension; with `aliases` also the plural forms.
std::vector<std::string> unit_names(Dimension dimension, bool aliases);

/// What a text with a unit came to, in the base unit of its dimension.
struct Reading {
    std::int64_t whole = 0;  ///< if is_whole(dimension)
    double real = 0;         ///< else
    bool converted = false;  ///< the clock came into it
    bool undecided = false;  ///< the clock would be needed but is not known; no error here
    std::string error;       ///< empty: all is well
};

/// Reads `<number> <unit>`. `clock_hz`: clock of the component, if known.
Reading read_quantity(Dimension dimension, std::string_view text, std::optional<std::int64_t> clock_hz);

/// Reads a plain integer: optional minus, digits without leading zeros. Empty and an error otherwise.
std::optional<std::int64_t> read_integer(std::string_view text, std::string& error);

/// The value with the largest unit in which it is whole (`1 GHz`, `96 KiB`); reads back to the same value.
std::string write_quantity(Dimension dimension, std::int64_t value);
/// The shortest text that reads back to the same value, with the base unit.
std::string write_quantity(Dimension dimension, double value);

}  // namespace cim::hw

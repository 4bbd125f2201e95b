#include "hw_models/spec/units.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "hw_models/spec/suggest.h"

namespace cim::hw {
namespace {

__extension__ using Wide = __int128;

enum class Clocked : std::uint8_t { No, Multiply, Divide };

/// value in base units = number x factor x 10^exponent / divisor, and then x or / the clock.
struct Unit {
    Dimension dimension;
    std::string_view name;
    std::int64_t factor = 1;
    int exponent = 0;
    std::int64_t divisor = 1;
    Clocked clocked = Clocked::No;
    bool alias = false;
};

constexpr std::int64_t kibi = 1024;
constexpr Unit units[] = {
    {Dimension::Frequency, "Hz"},
    {Dimension::Frequency, "kHz", 1, 3},
    {Dimension::Frequency, "MHz", 1, 6},
    {Dimension::Frequency, "GHz", 1, 9},
    {Dimension::Size, "bit", 1, 0, 8},
    {Dimension::Size, "bits", 1, 0, 8, Clocked::No, true},
    {Dimension::Size, "byte"},
    {Dimension::Size, "bytes", 1, 0, 1, Clocked::No, true},
    {Dimension::Size, "B", 1, 0, 1, Clocked::No, true},
    {Dimension::Size, "kB", 1, 3},
    {Dimension::Size, "MB", 1, 6},
    {Dimension::Size, "GB", 1, 9},
    {Dimension::Size, "KiB", kibi},
    {Dimension::Size, "MiB", kibi* kibi},
    {Dimension::Size, "GiB", kibi* kibi* kibi},
    {Dimension::Width, "bit"},
    {Dimension::Width, "bits", 1, 0, 1, Clocked::No, true},
    {Dimension::Width, "byte", 8},
    {Dimension::Width, "bytes", 8, 0, 1, Clocked::No, true},
    {Dimension::Bandwidth, "bit/cycle"},
    {Dimension::Bandwidth, "bits/cycle", 1, 0, 1, Clocked::No, true},
    {Dimension::Bandwidth, "byte/cycle", 8},
    {Dimension::Bandwidth, "bytes/cycle", 8, 0, 1, Clocked::No, true},
    {Dimension::Bandwidth, "Mbit/s", 1, 6, 1, Clocked::Divide},
    {Dimension::Bandwidth, "Gbit/s", 1, 9, 1, Clocked::Divide},
    {Dimension::Bandwidth, "MB/s", 8, 6, 1, Clocked::Divide},
    {Dimension::Bandwidth, "GB/s", 8, 9, 1, Clocked::Divide},
    {Dimension::Bandwidth, "MiB/s", 8 * kibi* kibi, 0, 1, Clocked::Divide},
    {Dimension::Bandwidth, "GiB/s", 8 * kibi* kibi* kibi, 0, 1, Clocked::Divide},
    {Dimension::OperationRate, "op/cycle"},
    {Dimension::OperationRate, "ops/cycle", 1, 0, 1, Clocked::No, true},
    {Dimension::Time, "cycle"},
    {Dimension::Time, "cycles", 1, 0, 1, Clocked::No, true},
    {Dimension::Time, "ps", 1, -12, 1, Clocked::Multiply},
    {Dimension::Time, "ns", 1, -9, 1, Clocked::Multiply},
    {Dimension::Time, "us", 1, -6, 1, Clocked::Multiply},
    {Dimension::Time, "ms", 1, -3, 1, Clocked::Multiply},
    {Dimension::Energy, "aJ", 1, -6},
    {Dimension::Energy, "fJ", 1, -3},
    {Dimension::Energy, "pJ"},
    {Dimension::Energy, "nJ", 1, 3},
    {Dimension::Energy, "uJ", 1, 6},
    {Dimension::EnergyPerByte, "fJ/byte", 1, -3},
    {Dimension::EnergyPerByte, "pJ/byte"},
    {Dimension::EnergyPerByte, "nJ/byte", 1, 3},
    {Dimension::EnergyPerByte, "fJ/bit", 8, -3},
    {Dimension::EnergyPerByte, "pJ/bit", 8},
    {Dimension::EnergyPerByte, "nJ/bit", 8, 3},
    {Dimension::Power, "nW", 1, -6},
    {Dimension::Power, "uW", 1, -3},
    {Dimension::Power, "mW"},
    {Dimension::Power, "W", 1, 3},
    {Dimension::Area, "um2", 1, -6},
    {Dimension::Area, "mm2"},
    {Dimension::Writes, "write"},
    {Dimension::Writes, "writes", 1, 0, 1, Clocked::No, true},
};

struct Decimal {
    bool negative = false;
    std::int64_t digits = 0;  ///< without trailing zeros
    int exponent = 0;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes a decimal number off the front of `text`.
std::optional<Decimal> take_decimal(std::string_view& text, std::string& error) {
    constexpr int max_digits = 18;
    constexpr int max_exponent = 30;
    const std::string_view whole = text;
    Decimal number;
    std::size_t i = 0;
    if (i < text.size() && text[i] == '-') {
        number.negative = true;
        ++i;
    }
    bool any = false;
    bool point = false;
    int significant = 0;
    int pending_zeros = 0;  // zeros that count only if another digit follows
    for (; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !point)); ++i) {
        if (text[i] == '.') {
            point = true;
            continue;
        }
        any = true;
        if (point) {
            --number.exponent;
        }
        if (text[i] == '0') {
            pending_zeros += significant > 0 ? 1 : 0;
            continue;
        }
        significant += pending_zeros + 1;
        if (significant > max_digits) {
            error = fmt::format("has more than {} significant digits", max_digits);
            return std::nullopt;
        }
        for (; pending_zeros > 0; --pending_zeros) {
            number.digits *= 10;
        }
        number.digits = number.digits * 10 + (text[i] - '0');
    }
    number.exponent += pending_zeros;
    if (!any || text[i - 1] == '.') {
        error = "does not begin with a number";
        return std::nullopt;
    }
    if (i + 1 < text.size() && (text[i] == 'e' || text[i] == 'E') && (is_digit(text[i + 1]) || text[i + 1] == '-' || text[i + 1] == '+')) {
        std::size_t j = i + 1 + (text[i + 1] == '+' ? 1U : 0U);
        int exponent = 0;
        const auto [end, status] = std::from_chars(text.data() + j, text.data() + text.size(), exponent);
        if (status != std::errc{} || exponent > max_exponent || exponent < -max_exponent) {
            error = fmt::format("has an exponent beyond {}", max_exponent);
            return std::nullopt;
        }
        number.exponent += exponent;
        i = static_cast<std::size_t>(end - text.data());
    }
    if (number.exponent > 2 * max_exponent || number.exponent < -2 * max_exponent) {
        error = fmt::format("is beyond 10^{}", 2 * max_exponent);
        return std::nullopt;
    }
    if (number.digits == 0) {
        number.exponent = 0;
    }
    text = whole.substr(i);
    return number;
}

/// numerator / denominator as a whole number; `up`: rounded up, else a remainder is an error.
std::optional<std::int64_t> divide(Wide numerator, Wide denominator, int exponent, bool up, std::string& error) {
    constexpr Wide limit = static_cast<Wide>(1'000'000'000'000'000'000) * 1'000'000'000'000'000'000;
    for (; exponent > 0 && numerator != 0; --exponent) {
        if (numerator > limit / 10) {
            error = "is too large";
            return std::nullopt;
        }
        numerator *= 10;
    }
    for (; exponent < 0 && numerator % 10 == 0 && numerator != 0; ++exponent) {
        numerator /= 10;
    }
    for (; exponent < 0 && denominator <= limit; ++exponent) {
        denominator *= 10;  // past the limit it exceeds every numerator, which is all that matters
    }
    const bool whole = numerator % denominator == 0;
    if (!whole && !up) {
        error = "is not a whole number";
        return std::nullopt;
    }
    const Wide quotient = numerator / denominator + (whole ? 0 : 1);
    if (quotient > std::numeric_limits<std::int64_t>::max()) {
        error = "is too large";
        return std::nullopt;
    }
    return static_cast<std::int64_t>(quotient);
}

double to_real(const Decimal& number, const Unit& unit) {
    const std::string text =
        fmt::format("{}{}e{}", number.negative ? "-" : "", number.digits * unit.factor, number.exponent + unit.exponent);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

const Unit* find_unit(Dimension dimension, std::string_view name) {
    const auto* it =
        std::find_if(std::begin(units), std::end(units), [&](const Unit& u) { return u.dimension == dimension && u.name == name; });
    return it == std::end(units) ? nullptr : it;
}

/// The base unit in the plural.
std::string base_units(Dimension dimension) {
    const std::string unit(base_unit(dimension));
    return unit.find('/') == std::string::npos && unit != "Hz" ? unit + "s" : unit;
}

std::string wrong_unit(Dimension dimension, std::string_view text, std::string_view name) {
    const std::vector<std::string> names = unit_names(dimension, false);
    if (name.empty()) {
        return fmt::format("`{}` has no unit: {} takes {}", text, phrase(dimension), either(names));
    }
    return fmt::format("`{}` is not a unit of {}: use {}{}", name, phrase(dimension), either(names), did_you_mean(name, names));
}

}  // namespace

bool is_whole(Dimension dimension) {
    switch (dimension) {
        case Dimension::Energy:
        case Dimension::EnergyPerByte:
        case Dimension::Power:
        case Dimension::Area: return false;
        default: return true;
    }
}

std::string_view phrase(Dimension dimension) {
    switch (dimension) {
        case Dimension::None: return "a number";
        case Dimension::Frequency: return "a clock";
        case Dimension::Size: return "a size";
        case Dimension::Width: return "a width";
        case Dimension::Bandwidth: return "a bandwidth";
        case Dimension::OperationRate: return "a rate of operations";
        case Dimension::Time: return "a time";
        case Dimension::Energy: return "an energy";
        case Dimension::EnergyPerByte: return "an energy per byte";
        case Dimension::Power: return "a power";
        case Dimension::Area: return "an area";
        case Dimension::Writes: return "an endurance";
    }
    return "";
}

std::string_view base_unit(Dimension dimension) {
    const auto* it = std::find_if(std::begin(units), std::end(units), [&](const Unit& u) {
        return u.dimension == dimension && !u.alias && u.factor == 1 && u.exponent == 0 && u.divisor == 1 && u.clocked == Clocked::No;
    });
    return it == std::end(units) ? std::string_view{} : it->name;
}

std::vector<std::string> unit_names(Dimension dimension, bool aliases) {
    std::vector<std::string> names;
    for (const Unit& unit : units) {
        if (unit.dimension == dimension && dimension != Dimension::None && (aliases || !unit.alias)) {
            names.emplace_back(unit.name);
        }
    }
    return names;
}

Reading read_quantity(Dimension dimension, std::string_view text, std::optional<std::int64_t> clock_hz) {
    Reading reading;
    const std::string_view all = trimmed(text);
    std::string_view rest = all;
    std::string reason;
    const std::optional<Decimal> number = take_decimal(rest, reason);
    if (!number) {
        reading.error =
            fmt::format("`{}` {}: {} takes a number and {}", all, reason, phrase(dimension), either(unit_names(dimension, false)));
        return reading;
    }
    rest = trimmed(rest);
    const Unit* unit = find_unit(dimension, rest);
    if (unit == nullptr) {
        reading.error = wrong_unit(dimension, all, rest);
        return reading;
    }
    if (number->negative && number->digits != 0) {
        reading.error = fmt::format("`{}` is negative", all);
        return reading;
    }
    if (!is_whole(dimension)) {
        reading.real = to_real(*number, *unit);
        return reading;
    }
    if (unit->clocked != Clocked::No && !clock_hz) {
        reading.undecided = true;
        return reading;
    }
    reading.converted = unit->clocked != Clocked::No;
    Wide numerator = static_cast<Wide>(number->digits) * unit->factor;
    Wide denominator = unit->divisor;
    if (unit->clocked == Clocked::Multiply) {
        numerator *= *clock_hz;
    } else if (unit->clocked == Clocked::Divide) {
        denominator *= *clock_hz;
    }
    const auto value = divide(numerator, denominator, number->exponent + unit->exponent, dimension == Dimension::Time, reason);
    if (!value) {
        reading.error = fmt::format("`{}` {}{}", all, reason, reason == "is too large" ? std::string{} : " of " + base_units(dimension));
        if (reading.converted) {
            reading.error += fmt::format(" at {}", write_quantity(Dimension::Frequency, *clock_hz));
        }
        return reading;
    }
    reading.whole = *value;
    return reading;
}

std::optional<std::int64_t> read_integer(std::string_view text, std::string& error) {
    const std::string_view digits = !text.empty() && text.front() == '-' ? text.substr(1) : text;
    const bool plain = !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit) && (digits.size() == 1 || digits[0] != '0');
    if (!plain) {
        error = fmt::format("`{}` is not an integer", text);
        return std::nullopt;
    }
    std::int64_t value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc{} || end != text.data() + text.size()) {
        error = fmt::format("`{}` is too large", text);
        return std::nullopt;
    }
    return value;
}

std::string write_quantity(Dimension dimension, std::int64_t value) {
    const Unit* best = nullptr;
    for (const Unit& unit : units) {
        if (unit.dimension != dimension || unit.alias || unit.clocked != Clocked::No || unit.divisor != 1) {
            continue;
        }
        std::int64_t scale = unit.factor;
        for (int i = 0; i < unit.exponent; ++i) {
            scale *= 10;
        }
        const bool readable = dimension == Dimension::Frequency || (dimension == Dimension::Size && unit.exponent == 0);
        const bool fits = scale == 1 || (readable && value != 0 && value % scale == 0);
        if (fits) {
            best = &unit;  // the table ascends within a dimension
        }
    }
    std::int64_t scale = best == nullptr ? 1 : best->factor;
    for (int i = 0; best != nullptr && i < best->exponent; ++i) {
        scale *= 10;
    }
    return fmt::format("{} {}", value / scale, best == nullptr ? "" : best->name);
}

std::string write_quantity(Dimension dimension, double value) {
    return fmt::format("{} {}", value, base_unit(dimension));
}

}  // namespace cim::hw

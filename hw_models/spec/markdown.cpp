// docs/hardware-file.md, from the table of keys, the rules between values and the table of devices.

#include <cctype>
#include <iterator>

#include <fmt/format.h>

#include "hw_models/device/traits.h"
#include "hw_models/spec/document.h"

namespace cim::hw {
namespace {

template <typename... Args>
void put(fmt::memory_buffer& out, fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

std::string cell(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
        text.insert(at, 1, '\\');
    }
    return text;
}

std::string kind_of(const Key& key) {
    switch (key.kind) {
        case Kind::Quantity: return std::string(phrase(key.dimension)) + (key.may_be_ideal ? ", or `ideal`" : "");
        case Kind::GridSize: return "[rows, columns]";
        case Kind::Choice: return "one of";
        default: return to_string(key.kind);
    }
}

std::string values_of(const Key& key) {
    if (key.kind == Kind::Quantity) {
        std::string text = fmt::format("{} {}", key.range(), base_unit(key.dimension));
        std::string units;
        for (const std::string& unit : unit_names(key.dimension, false)) {
            units += (units.empty() ? "" : ", ") + unit;
        }
        return text + (units == base_unit(key.dimension) ? "" : "; in " + units);
    }
    return key.range();
}

std::string clock_of(ClockDomain clock) {
    switch (clock) {
        case ClockDomain::Chip: return "`clocks.chip`";
        case ClockDomain::Core: return "`clocks.core`";
        case ClockDomain::Crossbar: return "`clocks.crossbar`";
        case ClockDomain::None: break;
    }
    return {};
}

/// Conditions of the key that its section does not have.
std::string own_conditions(const Key& key) {
    const Key* section = find_key(key.parent());
    std::string text;
    for (std::size_t i = section != nullptr ? section->when.size() : 0; i < key.when.size(); ++i) {
        text += (text.empty() ? "" : " and ") + key.when[i].text();
    }
    return text;
}

void put_keys(fmt::memory_buffer& out, const std::string& section) {
    put(out, "| key | value | range | what |\n|---|---|---|---|\n");
    for (const Key& key : schema()) {
        if (key.kind == Kind::Section || key.parent() != section) {
            continue;
        }
        const std::string only = own_conditions(key);
        put(out, "| `{}` | {} | {} | {}{}{} |\n", key.name(), cell(kind_of(key)), cell(values_of(key)), cell(key.doc),
            key.required ? "" : "; optional", only.empty() ? "" : cell("; only with " + only));
    }
    put(out, "\n");
}

}  // namespace

std::string hardware_file_markdown() {
    fmt::memory_buffer out;
    put(out,
        "# The hardware file\n\n"
        "Generated from `hw_models/spec/schema.cpp` and the rules beside it by `cimmlc arch keys`; do not edit.\n\n"
        "A YAML file says everything about a machine. Each key of the sections and models that are used must be there, and no other: there "
        "are no\ndefaults. `ideal` is a value: without limit, without time, without cost. Quantities have a unit; times in seconds are "
        "rounded up to cycles\nof the section's clock. `cimmlc arch check FILE` tells all mistakes at once, `cimmlc arch show FILE` prints "
        "the "
        "machine resolved, "
        "`cimmlc arch schema`\ngives editors completion. What the values do to time and energy is in [timing.md](timing.md), to results in "
        "[numbers.md](numbers.md).\n\n## The file\n\n");
    put_keys(out, "");
    for (const Key& key : schema()) {
        if (key.kind != Kind::Section) {
            continue;
        }
        const std::string clock = clock_of(key.clock);
        put(out, "## `{}`\n\n{}{}.{}\n\n", key.path, static_cast<char>(std::toupper(key.doc[0])), key.doc.substr(1),
            clock.empty() ? "" : " Cycles are those of " + clock + ".");
        const std::string only = key.required ? key.only_with() : "";
        if (!only.empty()) {
            put(out, "Only with {}.\n\n", only);
        }
        bool has_keys = false;
        for (const Key& other : schema()) {
            has_keys = has_keys || (other.kind != Kind::Section && other.parent() == key.path);
        }
        if (has_keys) {
            put_keys(out, key.path);
        }
    }
    put(out,
        "## Devices\n\n| `device.type` | bits a cell, at most | wears: `device.endurance` is needed | keeps weights without power |\n"
        "|---|---|---|---|\n");
    for (const DeviceTraits& traits : devices()) {
        put(out, "| {} | {} | {} | {} |\n", traits.type, traits.most_bits_per_cell, traits.wears ? "yes" : "no",
            traits.keeps ? "yes" : "no");
    }
    put(out, "\n## Rules between values\n\n");
    for (const std::string& rule : consistency_rules()) {
        put(out, "- {}\n", rule);
    }
    return fmt::to_string(out);
}

}  // namespace cim::hw

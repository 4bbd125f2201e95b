// The resolved machine as a hardware file again, each value with where it came from.

#include <algorithm>

#include <fmt/format.h>

#include "hw_models/crossbar/converter.h"
#include "hw_models/spec/document.h"
#include "hw_models/spec/load.h"

namespace cim::hw {
namespace {

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

std::string origin(const Document& document, const Entry& entry) {
    const std::string place = fmt::format("{}:{}", file_name(document.file), entry.place.line);
    switch (entry.state) {
        case State::Default: return "default";
        case State::Given: return entry.given_text.empty() ? place : fmt::format("derived: {}, {}", entry.given_text, place);
        default: return place;
    }
}

/// What 8-bit weights and inputs ask of the ADC.
std::string show_converter(const Machine& m) {
    const SumRange range = sum_range(m);
    const int needed = lossless_adc_bits(m);
    return fmt::format("# derived: columns of an 8-bit weight: {}; sums of {} to {} need {} bits, the ADC has {}: {}\n", m.columns(8),
                       range.least, range.most, needed, m.crossbar.adc.bits, adc_is_lossless(m) ? "lossless" : "lossy");
}

}  // namespace

std::string show(Document& document) {
    if (!document.diagnostics.empty()) {
        return {};
    }
    struct Line {
        std::string text;
        std::string comment;
    };
    std::vector<Line> lines;
    std::size_t width = 0;
    for (std::size_t i = 0; i < schema().size(); ++i) {
        const Key& key = schema()[i];
        const Entry& entry = document.entries[i];
        if (!entry.has_value()) {
            continue;
        }
        const auto depth = static_cast<std::size_t>(std::count(key.path.begin(), key.path.end(), '.'));
        const std::string head = std::string(2 * depth, ' ') + key.name() + ":";
        if (key.kind == Kind::Section) {
            lines.push_back({head, ""});
            continue;
        }
        const std::string value = entry.state == State::Ideal ? "ideal" : write_value(key, document.machine);
        lines.push_back({head + " " + value, origin(document, entry)});
        width = std::max(width, std::min<std::size_t>(lines.back().text.size(), 60));
    }
    const Machine& m = document.machine;
    std::string text =
        fmt::format("# {}: content hash {}\n# derived: {} ticks a second; cycles of chip, core and crossbar take {}, {} and {} ticks\n",
                    file_name(document.file), m.hash, m.ticks_per_second, m.chip_clock.ticks_per_cycle, m.core_clock.ticks_per_cycle,
                    m.crossbar_clock.ticks_per_cycle) +
        show_converter(m);
    for (const Line& line : lines) {
        text += line.comment.empty() ? line.text + "\n" : fmt::format("{:<{}}  # {}\n", line.text, width, line.comment);
    }
    return text;
}

std::string show_machine(const std::string& path) {
    Document document = judge_file(path);
    return show(document);
}

}  // namespace cim::hw

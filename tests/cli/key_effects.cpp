#include "tests/cli/key_effects.h"

#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "hw_models/spec/load.h"

namespace cim::test {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

hw::KeyInfo info_of(const std::string& path) {
    for (const hw::KeyInfo& key : hw::known_keys()) {
        if (key.path == path) {
            return key;
        }
    }
    FAIL("no key " << path);
    return {};
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t from = 0;
    for (std::size_t at = 0; (at = text.find(separator, from)) != std::string::npos; from = at + separator.size()) {
        parts.push_back(text.substr(from, at - from));
    }
    parts.push_back(text.substr(from));
    return parts;
}

std::string other_quantity(const hw::KeyInfo& key, const std::string& value) {
    const std::string unit = split(key.unit, " | ").front();
    if (key.path.rfind("clocks.", 0) == 0) {
        return value == "400 MHz" ? "200 MHz" : "400 MHz";
    }
    if (key.path.size() > 5 && key.path.substr(key.path.size() - 5) == ".size") {
        return "64 byte";  // more room changes nothing where there is enough
    }
    if (unit == "bit/cycle" || unit == "op/cycle") {
        return "1 " + unit;  // likewise
    }
    return value == "ideal" ? "7 " + unit : "7" + value;
}

std::string other_grid(const hw::KeyInfo& key, const std::string& value) {
    int rows = 0;
    int cols = 0;
    char sign = 0;
    std::istringstream(value) >> sign >> rows >> sign >> cols;
    if (key.path == "crossbar.size") {
        return fmt::format("[{}, {}]", rows, std::max(1, cols / 32));
    }
    if (key.path.find("memory_node") != std::string::npos) {
        return fmt::format("[{}, {}]", rows, cols + 1);
    }
    return fmt::format("[{}, {}]", rows + 1, cols);
}

/// The keys of a network's model, besides the model.
Pairs keys_of_model(const std::string& model) {
    const Pairs prices{{"flit_hop_energy", "3 pJ"}, {"leakage", "1 mW"}, {"area", "1 mm2"}};
    Pairs keys{{"flit", "64 bit"}};
    if (model == "ideal") {
        return {};
    }
    if (model == "mesh-packet") {
        keys.insert(keys.end(), {{"hop_latency", "2 cycle"}, {"inject_latency", "1 cycle"}, {"memory_node", "[0, 0]"}});
    } else if (model == "disjoint-buffer-switch") {
        keys.emplace_back("hop_latency", "2 cycle");
    } else {
        keys.emplace_back("cost", "{base: 1 cycle, per_hop: 1 cycle, memory_node: [0, 0]}");
    }
    keys.insert(keys.end(), prices.begin(), prices.end());
    return keys;
}

/// Files with another value of the key, and how the value is called.
std::vector<std::pair<std::string, MachineText>> changed(const MachineText& machine, const std::string& path, const std::string& value) {
    const hw::KeyInfo key = info_of(path);
    if (key.kind == "choice") {
        std::vector<std::pair<std::string, MachineText>> files;
        for (const std::string& choice : split(key.range, " | ")) {
            if (choice == value) {
                continue;
            }
            if (path == "chip.noc.model" || path == "core.noc.model") {
                Pairs keys = keys_of_model(choice);
                keys.insert(keys.begin(), {"model", choice});
                files.emplace_back(choice, machine.with_section(path.substr(0, 8), keys));
            } else {
                files.emplace_back(choice, machine.with(path, choice));
            }
        }
        return files;
    }
    std::string other;
    if (key.kind == "quantity") {
        other = other_quantity(key, value);
    } else if (key.kind == "grid") {
        other = other_grid(key, value);
    } else if (key.kind == "boolean") {
        other = value == "true" ? "false" : "true";
    } else if (key.kind == "integer") {
        const int number = std::stoi(value);
        // Fewer bits of an ADC than any sum needs, else half of it.
        other = path == "crossbar.adc.bits" ? "2" : std::to_string(number == 1 ? 2 : number / 2);
    } else {
        FAIL("no other value for " << path << ", a " << key.kind);
    }
    return {{other, machine.with(path, other)}};
}

/// A key that only tells apart what another one leaves open is changed beside that one: key, what it needs, in words.
struct Context {
    std::string path;
    std::string other;
    std::string value;
    std::string words;
};
const std::vector<Context>& contexts() {
    static const std::vector<Context> table{
        {"crossbar.adc.model", "crossbar.adc.bits", "2", "with an ADC that loses"},
        {"crossbar.weight_encoding", "crossbar.adc.bits", "2", "with an ADC that loses"},
        {"crossbar.input_encoding", "crossbar.adc.bits", "2", "with an ADC that loses"},
        {"crossbar.pipelined", "crossbar.adc.sample_latency", "1 cycle", "with a conversion that takes time"},
    };
    return table;
}

}  // namespace

MachineText MachineText::of(const std::string& name) {
    MachineText machine;
    std::istringstream lines(hw::show_machine(CIM_SOURCE_DIR "/configs/" + name + ".yaml"));
    std::vector<std::string> around;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        line = line.substr(0, line.find("  # "));
        const std::size_t indent = line.find_first_not_of(' ');
        const std::size_t colon = line.find(':');
        std::string value = colon + 1 < line.size() ? line.substr(colon + 2) : "";
        value.erase(value.find_last_not_of(' ') + 1);
        around.resize(indent / 2);
        std::string path;
        for (const std::string& section : around) {
            path += section + ".";
        }
        path += line.substr(indent, colon - indent);
        around.push_back(line.substr(indent, colon - indent));
        machine.lines.push_back({path, value, static_cast<int>(indent / 2)});
    }
    return machine;
}

std::string MachineText::text() const {
    std::string text;
    for (const Line& line : lines) {
        const std::string name = line.path.substr(line.path.rfind('.') + 1);
        text +=
            std::string(static_cast<std::size_t>(2 * line.depth), ' ') + name + ":" + (line.value.empty() ? "" : " " + line.value) + "\n";
    }
    return text;
}

std::string MachineText::value(const std::string& path) const {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const Line& line) { return line.path == path; });
    return found != lines.end() ? found->value : "";
}

MachineText MachineText::with(const std::string& path, const std::string& value) const {
    MachineText other = *this;
    for (Line& line : other.lines) {
        if (line.path == path) {
            line.value = value;
        }
    }
    return other;
}

MachineText MachineText::with_section(const std::string& path, const Pairs& keys) const {
    MachineText other;
    for (const Line& line : lines) {
        if (line.path.rfind(path + ".", 0) == 0) {
            continue;
        }
        other.lines.push_back(line);
        if (line.path == path) {
            for (const auto& [name, value] : keys) {
                other.lines.push_back({path + "." + name, value, line.depth + 1});
            }
        }
    }
    return other;
}

std::string differences(const Results& before, const Results& after) {
    if (after.count("error") > 0) {
        return before.count("error") > 0 ? "" : "error: " + after.at("error");
    }
    std::string text;
    for (const auto& [name, value] : after) {
        const auto old = before.find(name);
        if (old == before.end() || old->second != value) {
            text += (text.empty() ? "" : ", ") + name;
        }
    }
    return text;
}

std::vector<KeyEffect> effects_on(const std::string& name) {
    const MachineText machine = MachineText::of(name);
    const Results before = results_on(machine);
    REQUIRE(before.count("error") == 0);
    std::vector<KeyEffect> effects;
    for (const MachineText::Line& line : machine.lines) {
        if (line.value.empty() || line.path == "name" || line.path == "description") {
            continue;
        }
        for (const auto& [value, file] : changed(machine, line.path, line.value)) {
            std::string effect = differences(before, results_on(file));
            for (const Context& context : contexts()) {
                if (effect.empty() && context.path == line.path) {
                    effect = differences(results_on(machine.with(context.other, context.value)),
                                         results_on(file.with(context.other, context.value)));
                    effect += effect.empty() ? "" : " " + context.words;
                }
            }
            effects.push_back({line.path, line.value + " -> " + value, effect});
        }
    }
    return effects;
}

}  // namespace cim::test

#pragma once
// What a change of one key of a hardware file changes in compiling, simulating and reporting a small network.

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cim::test {

/// A resolved hardware file, one key a line.
struct MachineText {
    struct Line {
        std::string path;   ///< `chip.l0.size`; of a section's head too
        std::string value;  ///< empty: a section
        int depth = 0;
    };
    std::vector<Line> lines;

    /// As `cimmlc arch show` resolves configs/NAME.yaml.
    static MachineText of(const std::string& name);
    std::string text() const;
    std::string value(const std::string& path) const;
    /// The same with another value of that key.
    MachineText with(const std::string& path, const std::string& value) const;
    /// The same with these keys, `name: value` a line, in the place of all keys of the section.
    MachineText with_section(const std::string& path, const std::vector<std::pair<std::string, std::string>>& keys) const;
};

/// Results by name: `cycles`, `energy`, `area`, `peak power`, `program`, `output`, ... or `error` alone.
using Results = std::map<std::string, std::string>;

/// Compiles and simulates a small network with data, and a program that works on the chip's ALU.
Results results_on(const MachineText& machine);

/// Names of the results that differ, in words; empty: none.
std::string differences(const Results& before, const Results& after);

struct KeyEffect {
    std::string path;
    std::string change;  ///< `1 -> 2`
    std::string effect;  ///< empty: none
};

/// Each key that the file uses, changed to another value; choices to each other one. Labels (name, description) are left out.
std::vector<KeyEffect> effects_on(const std::string& name);

}  // namespace cim::test

#pragma once
// A hardware file while it is being judged: what each key of the table came to, and every mistake found so far.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw_models/spec/load.h"
#include "hw_models/spec/machine.h"
#include "hw_models/spec/schema.h"
#include "hw_models/spec/yaml_tree.h"

namespace cim::hw {

/// What became of a key.
enum class State : std::uint8_t {
    Unused,   ///< its condition does not hold
    Missing,  ///< it is not there, or its condition cannot be decided
    Invalid,  ///< it is there but wrong
    Given,
    Ideal,
    Default,
};

struct Entry {
    State state = State::Missing;
    Place place;             ///< of the value, or of the section
    std::string given_text;  ///< as written, if the value was converted with a clock
    std::string chosen;      ///< of a choice
    bool present = false;    ///< the file has it
    bool misspelt = false;   ///< the file has an unknown key that looks like it
    bool has_value() const { return state == State::Given || state == State::Ideal || state == State::Default; }
};

struct Document {
    std::string file;
    Machine machine;
    std::vector<Entry> entries;  ///< one a row of schema(), in its order
    std::vector<Diagnostic> diagnostics;

    Entry& entry(const std::string& path);
    const Entry& entry(const std::string& path) const;
    bool has(const std::string& path) const { return entry(path).has_value(); }
    void error(Place place, const std::string& path, const std::string& message);
    /// Clock of the domain if the file gives a usable one.
    std::optional<std::int64_t> clock_hz(ClockDomain domain) const;
};

/// load.cpp: the whole way from text to judged document.
Document judge(const std::string& text, const std::string& name);
/// The same from a file.
Document judge_file(const std::string& path);

/// value.cpp: reads `node` as `key` says and puts it into the machine; the entry's state tells how it went.
void read_value(Document& document, const Key& key, const YamlNode& node, Entry& entry);
/// value.cpp: the machine's value of the key as the file would say it, in base units; `machine` is read only.
std::string write_value(const Key& key, Machine& machine);

/// checks.cpp: the rules between values. Each is tried if all values that it needs are right by themselves.
void check_consistency(Document& document);
/// checks.cpp: these rules in words.
std::vector<std::string> consistency_rules();

/// resolve.cpp: ticks, derived cost matrices, hash. For a document without mistakes.
void resolve(Document& document);

/// show.cpp: the resolved machine as YAML; empty if the document has mistakes. The machine is only read.
std::string show(Document& document);

}  // namespace cim::hw

#pragma once
// Loads a hardware file (YAML) strictly: every mistake of the file in one go, each with its place.

#include <string>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::hw {

/// A mistake in a file: `file:line:column: path: what is wrong (did you mean ...?)`.
struct Diagnostic {
    std::string file;
    int line = 0;
    int column = 0;
    std::string path;
    std::string message;
    std::string text() const;
};

struct LoadResult {
    Machine machine;                      ///< meaningful if ok()
    std::vector<Diagnostic> diagnostics;  ///< all mistakes, in order of place
    bool ok() const { return diagnostics.empty(); }
};

/// Reads, checks and resolves the file at `path`. Never throws for what the file contains; a file that cannot be read is a diagnostic.
LoadResult load_machine(const std::string& path);
/// The same from text; `name` stands for the file in messages.
LoadResult load_machine_text(const std::string& text, const std::string& name);

/// The resolved machine as YAML, each value with where it came from (`# puma.yaml:12`, `# default`, `# derived`). Loading this text gives
/// the same machine and hash. Empty if the file has mistakes: load_machine tells them.
std::string show_machine(const std::string& path);

/// JSON Schema (draft 2020-12) of the hardware file, from the same table as the loader.
std::string json_schema();

/// docs/hardware-file.md: every key, the rules between values, the devices.
std::string hardware_file_markdown();

/// Every key the table knows: dotted path, kind, unit, range or choices, what it does. For docs and for tests that walk all keys.
struct KeyInfo {
    std::string path;
    std::string kind;
    std::string unit;
    std::string range;
    std::string doc;
    bool required = true;
    bool may_be_ideal = false;
    std::string only_with;  ///< condition, e.g. `chip.noc.model = mesh-packet`; empty: always
};
std::vector<KeyInfo> known_keys();

}  // namespace cim::hw

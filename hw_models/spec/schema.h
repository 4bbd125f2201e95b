#pragma once
// The table of the hardware file: every section and key, what it may hold, when it is used, and where it goes in Machine. The loader,
// `arch show`, the JSON Schema and the documentation are all read off this one table.

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "hw_models/spec/machine.h"
#include "hw_models/spec/units.h"

namespace cim::hw {

enum class Kind : std::uint8_t { Section, Text, Choice, Integer, Boolean, GridSize, Quantity, Matrix };

/// Which clock turns seconds into cycles.
enum class ClockDomain : std::uint8_t { None, Chip, Core, Crossbar };

using CostMatrix = std::vector<std::vector<Cycles>>;
/// Two members that a [rows, columns] pair fills.
struct GridRef {
    int* rows = nullptr;
    int* cols = nullptr;
};
/// The member of Machine that a key fills. Enumerations take the choices in the order of their enumerators.
using Slot = std::variant<std::monostate, int*, std::int64_t*, double*, bool*, std::string*, Limit*, GridRef, Clock*, ComputingMode*,
                          WeightEncoding*, InputEncoding*, AdcTransfer*, CostMatrix*>;

/// A condition under which a key or section is used.
struct When {
    enum class Test : std::uint8_t { Equals, Given, NotGiven };
    Test test = Test::Equals;
    std::string path;
    std::vector<std::string> values;  ///< of Equals: one of these
    std::string text() const;         ///< `chip.noc.model = ideal or mesh-packet`
};

struct Key {
    std::string path;
    Kind kind = Kind::Text;
    std::string doc;
    std::function<Slot(Machine&)> slot;
    Dimension dimension = Dimension::None;
    ClockDomain clock = ClockDomain::None;
    std::int64_t min = 0;  ///< of a whole number in its base unit, of a text's length, of each number of a grid or matrix
    std::int64_t max = 0;
    std::vector<std::string> choices;
    bool may_be_ideal = false;
    bool required = true;
    std::string default_text;  ///< of a key that is not required
    bool hashed = true;        ///< part of Machine::hash
    std::vector<When> when;    ///< all must hold; has those of the sections around it

    std::string name() const;    ///< last part of the path
    std::string parent() const;  ///< path of the section around it; empty: the file
    std::string range() const;   ///< `[1,16]`, `a | b`; empty: any
    std::string only_with() const;
};

/// Sections before their keys, models before the keys that depend on them; the clocks come first.
const std::vector<Key>& schema();
/// The key or section of that path, or null.
const Key* find_key(const std::string& path);
/// Names directly below a section, in order; empty path: the file's own.
std::vector<std::string> names_below(const std::string& section);

std::string to_string(Kind kind);

}  // namespace cim::hw

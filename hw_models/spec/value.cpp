// One value of the file: from text into the machine and back.

#include <fmt/format.h>

#include "hw_models/spec/document.h"
#include "hw_models/spec/suggest.h"
#include "hw_models/spec/units.h"

namespace cim::hw {
namespace {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// Reads one value; every failure is told once, at the value's place.
class Reader {
  public:
    Reader(Document& document, const Key& key, Entry& entry) : document_(document), key_(key), entry_(entry) {}

    void read(const YamlNode& node) {
        entry_.state = node.told ? State::Invalid : State::Given;
        if (node.told) {
            return;
        }
        if (node.kind == YamlNode::Kind::Null) {
            fail(entry_.place, "has no value");  // at the key: yaml-cpp places a missing value on the next line
            return;
        }
        entry_.place = node.place;
        if (node.kind == YamlNode::Kind::Scalar && !node.quoted && node.text == "ideal" && key_.kind == Kind::Quantity) {
            read_ideal(node);
            return;
        }
        switch (key_.kind) {
            case Kind::Text: read_text(node); break;
            case Kind::Choice: read_choice(node); break;
            case Kind::Integer: read_integer_value(node); break;
            case Kind::Boolean: read_boolean(node); break;
            case Kind::GridSize: read_grid(node); break;
            case Kind::Quantity: read_quantity_value(node); break;
            case Kind::Matrix: read_matrix(node); break;
            case Kind::Section: break;
        }
    }

  private:
    void fail(Place place, const std::string& message) {
        entry_.state = State::Invalid;
        document_.error(place, key_.path, message);
    }

    Slot slot() { return key_.slot(document_.machine); }

    bool scalar(const YamlNode& node, const std::string& wanted) {
        if (node.kind == YamlNode::Kind::Scalar) {
            return true;
        }
        fail(node.place, fmt::format("is a {}; it must be {}", node.kind == YamlNode::Kind::Map ? "mapping" : "list", wanted));
        return false;
    }

    void store(std::int64_t value) {
        std::visit(Overloaded{[&](int* p) { *p = static_cast<int>(value); }, [&](std::int64_t* p) { *p = value; },
                              [&](Limit* p) {
                                  p->ideal = false;
                                  p->value = value;
                              },
                              [&](Clock* p) { p->hertz = static_cast<double>(value); }, [](auto&&) {}},
                   slot());
    }

    void read_ideal(const YamlNode& node) {
        if (!key_.may_be_ideal) {
            fail(node.place, fmt::format("cannot be `ideal`: {} is needed", phrase(key_.dimension)));
            return;
        }
        entry_.state = State::Ideal;
        std::visit(Overloaded{[](int* p) { *p = 0; }, [](std::int64_t* p) { *p = 0; }, [](double* p) { *p = 0; },
                              [](Limit* p) { *p = Limit{}; }, [](auto&&) {}},
                   slot());
    }

    void read_text(const YamlNode& node) {
        if (!scalar(node, "a text")) {
            return;
        }
        const auto length = static_cast<std::int64_t>(node.text.size());
        if (length < key_.min || length > key_.max) {
            fail(node.place, fmt::format("a text of {} bytes is out of range [{},{}]", length, key_.min, key_.max));
            return;
        }
        *std::get<std::string*>(slot()) = node.text;
    }

    void read_choice(const YamlNode& node) {
        if (!scalar(node, "one of " + either(key_.choices))) {
            return;
        }
        for (std::size_t i = 0; i < key_.choices.size(); ++i) {
            if (key_.choices[i] != node.text) {
                continue;
            }
            entry_.chosen = node.text;
            std::visit(Overloaded{[&](std::string* p) { *p = node.text; }, [&](ComputingMode* p) { *p = static_cast<ComputingMode>(i); },
                                  [&](WeightEncoding* p) { *p = static_cast<WeightEncoding>(i); },
                                  [&](InputEncoding* p) { *p = static_cast<InputEncoding>(i); },
                                  [&](AdcTransfer* p) { *p = static_cast<AdcTransfer>(i); }, [](auto&&) {}},
                       slot());
            return;
        }
        fail(node.place, fmt::format("there is no {} `{}`; choose {}{}", key_.name(), node.text, either(key_.choices),
                                     did_you_mean(node.text, key_.choices)));
    }

    /// A plain whole number inside the key's range.
    std::optional<std::int64_t> number(const YamlNode& node) {
        if (!scalar(node, "an integer")) {
            return std::nullopt;
        }
        if (node.quoted) {
            fail(node.place, fmt::format("`{}` stands in quotes; write the integer without", node.text));
            return std::nullopt;
        }
        std::string reason;
        const auto value = read_integer(node.text, reason);
        if (!value) {
            fail(node.place, reason);
            return std::nullopt;
        }
        if (*value < key_.min || *value > key_.max) {
            fail(node.place, fmt::format("{} is out of range {}", *value, key_.range()));
            return std::nullopt;
        }
        return value;
    }

    void read_integer_value(const YamlNode& node) {
        if (const auto value = number(node)) {
            store(*value);
        }
    }

    void read_boolean(const YamlNode& node) {
        if (!scalar(node, "true or false")) {
            return;
        }
        if (node.quoted || (node.text != "true" && node.text != "false")) {
            fail(node.place, fmt::format("`{}` is neither true nor false", node.text));
            return;
        }
        *std::get<bool*>(slot()) = node.text == "true";
    }

    void read_grid(const YamlNode& node) {
        if (node.kind != YamlNode::Kind::Sequence || node.items.size() != 2) {
            fail(node.place, "must be a pair of integers [rows, columns]");
            return;
        }
        const auto rows = number(node.items[0]);
        const auto cols = number(node.items[1]);
        if (rows && cols) {
            const GridRef grid = std::get<GridRef>(slot());
            *grid.rows = static_cast<int>(*rows);
            *grid.cols = static_cast<int>(*cols);
        }
    }

    void read_matrix(const YamlNode& node) {
        if (node.kind != YamlNode::Kind::Sequence) {
            fail(node.place, "must be a list of rows, each a list of integers");
            return;
        }
        CostMatrix matrix;
        for (const YamlNode& row : node.items) {
            if (row.kind != YamlNode::Kind::Sequence) {
                fail(row.place, "each row must be a list of integers");
                return;
            }
            matrix.emplace_back();
            for (const YamlNode& cell : row.items) {
                const auto value = number(cell);
                if (!value) {
                    return;
                }
                matrix.back().push_back(*value);
            }
        }
        *std::get<CostMatrix*>(slot()) = std::move(matrix);
    }

    void read_quantity_value(const YamlNode& node) {
        if (!scalar(node, fmt::format("{} with a unit", phrase(key_.dimension)))) {
            return;
        }
        const Reading reading = read_quantity(key_.dimension, node.text, document_.clock_hz(key_.clock));
        if (!reading.error.empty()) {
            fail(node.place, reading.error);
            return;
        }
        if (reading.undecided) {  // the clock is at fault, and that has been said
            entry_.state = State::Invalid;
            return;
        }
        const bool whole = is_whole(key_.dimension);
        const bool inside = whole ? reading.whole >= key_.min && reading.whole <= key_.max
                                  : reading.real >= static_cast<double>(key_.min) && reading.real <= static_cast<double>(key_.max);
        if (!inside) {
            fail(node.place, fmt::format("{} is out of range {} {}", node.text, key_.range(), base_unit(key_.dimension)));
            return;
        }
        if (reading.converted) {
            entry_.given_text = node.text;
        }
        if (whole) {
            store(reading.whole);
        } else {
            *std::get<double*>(slot()) = reading.real;
        }
    }

    Document& document_;
    const Key& key_;
    Entry& entry_;
};

std::string choice_at(const Key& key, std::size_t index) {
    return key.choices.at(index);
}

std::string write_matrix(const CostMatrix& matrix) {
    std::string text = "[";
    for (std::size_t r = 0; r < matrix.size(); ++r) {
        text += fmt::format("{}[{}]", r == 0 ? "" : ", ", fmt::join(matrix[r], ", "));
    }
    return text + "]";
}

/// A text in double quotes, as YAML and JSON both read it.
std::string in_quotes(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        switch (c) {
            case '"': result += "\\\""; break;
            case '\\': result += "\\\\"; break;
            case '\n': result += "\\n"; break;
            case '\r': result += "\\r"; break;
            case '\t': result += "\\t"; break;
            default: result += c;
        }
    }
    return result + "\"";
}

}  // namespace

void read_value(Document& document, const Key& key, const YamlNode& node, Entry& entry) {
    Reader(document, key, entry).read(node);
}

std::string write_value(const Key& key, Machine& machine) {
    const auto whole = [&](std::int64_t value) {
        return key.kind == Kind::Quantity ? write_quantity(key.dimension, value) : fmt::format("{}", value);
    };
    return std::visit(Overloaded{[](std::monostate) { return std::string{}; }, [&](int* p) { return whole(*p); },
                                 [&](std::int64_t* p) { return whole(*p); }, [&](double* p) { return write_quantity(key.dimension, *p); },
                                 [](bool* p) { return std::string(*p ? "true" : "false"); },
                                 [&](std::string* p) { return key.kind == Kind::Text ? in_quotes(*p) : *p; },
                                 [&](Limit* p) { return p->ideal ? std::string("ideal") : whole(p->value); },
                                 [](GridRef p) { return fmt::format("[{}, {}]", *p.rows, *p.cols); },
                                 [&](Clock* p) { return whole(static_cast<std::int64_t>(p->hertz)); },
                                 [&](ComputingMode* p) { return choice_at(key, static_cast<std::size_t>(*p)); },
                                 [&](WeightEncoding* p) { return choice_at(key, static_cast<std::size_t>(*p)); },
                                 [&](InputEncoding* p) { return choice_at(key, static_cast<std::size_t>(*p)); },
                                 [&](AdcTransfer* p) { return choice_at(key, static_cast<std::size_t>(*p)); },
                                 [](CostMatrix* p) { return write_matrix(*p); }},
                      key.slot(machine));
}

}  // namespace cim::hw

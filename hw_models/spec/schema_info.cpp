// The table in words: conditions, ranges, lists of names.

#include <fmt/format.h>

#include "hw_models/spec/load.h"
#include "hw_models/spec/schema.h"
#include "hw_models/spec/suggest.h"

namespace cim::hw {

std::string When::text() const {
    switch (test) {
        case Test::Equals: return path + " = " + either(values);
        case Test::Given: return path + " given";
        case Test::NotGiven: return path + " not given";
    }
    return {};
}

std::string Key::name() const {
    const std::size_t dot = path.rfind('.');
    return dot == std::string::npos ? path : path.substr(dot + 1);
}

std::string Key::parent() const {
    const std::size_t dot = path.rfind('.');
    return dot == std::string::npos ? std::string{} : path.substr(0, dot);
}

std::string Key::range() const {
    switch (kind) {
        case Kind::Choice: {
            std::string text;
            for (const std::string& choice : choices) {
                text += (text.empty() ? "" : " | ") + choice;
            }
            return text;
        }
        case Kind::Boolean: return "true | false";
        case Kind::Section: return {};
        default: return fmt::format("[{},{}]", min, max);
    }
}

std::string Key::only_with() const {
    std::string text;
    for (const When& condition : when) {
        text += (text.empty() ? "" : " and ") + condition.text();
    }
    return text;
}

const Key* find_key(const std::string& path) {
    for (const Key& key : schema()) {
        if (key.path == path) {
            return &key;
        }
    }
    return nullptr;
}

std::vector<std::string> names_below(const std::string& section) {
    std::vector<std::string> names;
    for (const Key& key : schema()) {
        if (key.parent() == section) {
            names.push_back(key.name());
        }
    }
    return names;
}

std::string to_string(Kind kind) {
    switch (kind) {
        case Kind::Section: return "section";
        case Kind::Text: return "text";
        case Kind::Choice: return "choice";
        case Kind::Integer: return "integer";
        case Kind::Boolean: return "boolean";
        case Kind::GridSize: return "grid";
        case Kind::Quantity: return "quantity";
        case Kind::Matrix: return "matrix";
    }
    return {};
}

std::vector<KeyInfo> known_keys() {
    std::vector<KeyInfo> result;
    for (const Key& key : schema()) {
        if (key.kind == Kind::Section) {
            continue;
        }
        KeyInfo info;
        info.path = key.path;
        info.kind = to_string(key.kind);
        for (const std::string& unit : unit_names(key.dimension, false)) {
            info.unit += (info.unit.empty() ? "" : " | ") + unit;
        }
        info.range = key.range();
        info.doc = key.doc;
        info.required = key.required;
        info.may_be_ideal = key.may_be_ideal;
        info.only_with = key.only_with();
        result.push_back(std::move(info));
    }
    return result;
}

}  // namespace cim::hw

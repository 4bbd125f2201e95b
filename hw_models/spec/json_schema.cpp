// The table as a JSON Schema (draft 2020-12), for editors.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "hw_models/spec/load.h"
#include "hw_models/spec/schema.h"

namespace cim::hw {
namespace {

using Json = nlohmann::ordered_json;

std::string unit_pattern(Dimension dimension) {
    std::string text;
    for (const std::string& unit : unit_names(dimension, true)) {
        text += (text.empty() ? "" : "|") + unit;
    }
    return "^[0-9]*\\.?[0-9]+([eE][+-]?[0-9]+)? *(" + text + ")$";
}

Json integer_of(const Key& key) {
    return Json{{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}};
}

Json leaf(const Key& key) {
    Json value;
    switch (key.kind) {
        case Kind::Text: value = Json{{"type", "string"}, {"minLength", key.min}, {"maxLength", key.max}}; break;
        case Kind::Choice: value = Json{{"enum", key.choices}}; break;
        case Kind::Integer: value = integer_of(key); break;
        case Kind::Boolean: value = Json{{"type", "boolean"}}; break;
        case Kind::GridSize: value = Json{{"type", "array"}, {"items", integer_of(key)}, {"minItems", 2}, {"maxItems", 2}}; break;
        case Kind::Quantity: {
            const Json number{{"type", "string"}, {"pattern", unit_pattern(key.dimension)}};
            value = key.may_be_ideal ? Json{{"anyOf", Json::array({Json{{"const", "ideal"}}, number})}} : number;
            break;
        }
        case Kind::Matrix: value = Json{{"type", "array"}, {"items", Json{{"type", "array"}, {"items", integer_of(key)}}}}; break;
        case Kind::Section: break;
    }
    value["description"] = key.doc;
    return value;
}

/// The condition as a schema of the section around the key, or null if it does not look at that section.
Json condition_of(const When& condition, const std::string& section) {
    const std::string prefix = section.empty() ? "" : section + ".";
    if (condition.path.rfind(prefix, 0) != 0 || condition.path.find('.', prefix.size()) != std::string::npos) {
        return nullptr;
    }
    const std::string name = condition.path.substr(prefix.size());
    switch (condition.test) {
        case When::Test::Equals:
            return Json{{"properties", Json{{name, Json{{"enum", condition.values}}}}}, {"required", Json::array({name})}};
        case When::Test::NotGiven: return Json{{"not", Json{{"required", Json::array({name})}}}};
        case When::Test::Given: break;
    }
    return nullptr;
}

/// If the conditions hold the key is required, else it must not be there.
Json rule_of(const Key& key, const Json& conditions) {
    Json rule{{"if", Json{{"allOf", conditions}}}};
    bool optional = !key.required;
    for (const Key& other : schema()) {
        for (const When& condition : other.when) {
            optional = optional || (condition.test == When::Test::NotGiven && condition.path == key.path);
        }
    }
    if (!optional) {
        rule["then"] = Json{{"required", Json::array({key.name()})}};
    }
    rule["else"] = Json{{"properties", Json{{key.name(), false}}}};
    return rule;
}

Json section_schema(const std::string& section) {
    Json result{{"type", "object"}, {"additionalProperties", false}};
    Json properties = Json::object();
    Json required = Json::array();
    Json rules = Json::array();
    for (const Key& key : schema()) {
        if (key.parent() != section) {
            continue;
        }
        if (key.kind == Kind::Section) {
            properties[key.name()] = section_schema(key.path);
            properties[key.name()]["description"] = key.doc;
        } else {
            properties[key.name()] = leaf(key);
        }
        Json conditions = Json::array();
        for (const When& condition : key.when) {
            if (const Json one = condition_of(condition, section); !one.is_null()) {
                conditions.push_back(one);
            }
        }
        if (!conditions.empty()) {
            rules.push_back(rule_of(key, conditions));
        } else if (key.required) {
            required.push_back(key.name());
        }
    }
    result["required"] = required;
    result["properties"] = properties;
    if (!rules.empty()) {
        result["allOf"] = rules;
    }
    return result;
}

}  // namespace

std::string json_schema() {
    Json root{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "Hardware file"},
              {"description", "A computing-in-memory machine, from chip to device"}};
    root.update(section_schema(""));
    return root.dump(2) + "\n";
}

}  // namespace cim::hw

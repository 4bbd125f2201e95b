#pragma once
// YAML text as a tree in which every key and value knows its place. Built from yaml-cpp's events, not from its nodes: those drop
// duplicate keys, follow aliases (and so can be made to explode) and forget where a key stood.

#include <optional>
#include <string>
#include <vector>

namespace cim::hw {

/// Line and column, counted from 1; 0: unknown.
struct Place {
    int line = 0;
    int column = 0;
};

struct YamlEntry;

struct YamlNode {
    enum class Kind { Null, Scalar, Sequence, Map };
    Kind kind = Kind::Null;
    Place place;
    std::string text;                ///< of a scalar
    bool quoted = false;             ///< the scalar stood in quotes or in a block
    bool told = false;               ///< a complaint stands in its place (an alias)
    std::vector<YamlNode> items;     ///< of a sequence
    std::vector<YamlEntry> entries;  ///< of a map, in order; no key twice
};

struct YamlEntry {
    std::string key;
    Place place;
    YamlNode value;
};

struct YamlError {
    Place place;
    std::string path;
    std::string message;
};

/// Parses one document. Appends what is wrong to `errors`: bytes that are no text, syntax, a key given twice, anchors, aliases, tags,
/// nesting deeper than 16 levels, more than a million values. The tree is empty if there is nothing to go on with.
std::optional<YamlNode> parse_yaml(const std::string& text, std::vector<YamlError>& errors);

}  // namespace cim::hw

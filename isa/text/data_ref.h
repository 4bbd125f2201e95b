#pragma once
// How a text program names the file that holds its weights' and params' values.

#include <string>

namespace cim::isa {

struct DataRef {
    std::string name;  ///< file name, without folder
    std::string hash;  ///< XXH3-128 of its content, 32 hexadecimal digits
    friend bool operator==(const DataRef& a, const DataRef& b) { return a.name == b.name && a.hash == b.hash; }
};

}  // namespace cim::isa

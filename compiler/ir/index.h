#pragma once
// Numbers of nodes, tensors, cores and tiles are signed; positions in vectors are not.

#include <cstddef>

namespace cim::compiler {

inline std::size_t at(int i) {
    return static_cast<std::size_t>(i);
}

}  // namespace cim::compiler

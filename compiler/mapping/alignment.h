#pragma once

#include <cstdint>

namespace cim::compiler {

/// Bytes of a slot or buffer: sums are read as words of four.
inline std::int64_t align4(std::int64_t bytes) {
    return (bytes + 3) / 4 * 4;
}

}  // namespace cim::compiler

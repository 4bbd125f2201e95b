#pragma once

#include <cstdint>

namespace cim::compiler {

/// Bytes of a slot or buffer: sums are read as words of four.
inline std::int64_t align4(std::int64_t bytes) {
    return (bytes + 3) / 4 * 4;
}

/// Tensors and weights in external memory begin at multiples of this.
constexpr std::int64_t external_alignment = 64;

inline std::int64_t align_external(std::int64_t bytes) {
    return (bytes + external_alignment - 1) / external_alignment * external_alignment;
}

}  // namespace cim::compiler

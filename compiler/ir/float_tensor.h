#pragma once
// A dense float32 tensor in C order, and arithmetic on shapes.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cim::compiler {

using Dims = std::vector<std::int64_t>;

/// Number of elements; dimensions must have been checked to be sane (see checked_count).
inline std::int64_t count(const Dims& shape) {
    std::int64_t n = 1;
    for (const std::int64_t d : shape) {
        n *= d;
    }
    return n;
}

/// Number of elements of a shape that nobody has checked yet; -1 if a dimension is negative or the product exceeds `limit`.
inline std::int64_t checked_count(const Dims& shape, std::int64_t limit) {
    std::int64_t n = 1;
    bool empty = false;
    for (const std::int64_t d : shape) {
        if (d < 0) {
            return -1;
        }
        if (d == 0) {
            empty = true;
        } else if (n > limit / d) {
            return -1;
        } else {
            n *= d;
        }
    }
    return empty ? 0 : n;
}

/// "1x3x224x224"; "scalar" for rank 0.
inline std::string to_string(const Dims& shape) {
    std::string text;
    for (const std::int64_t d : shape) {
        text += (text.empty() ? "" : "x") + std::to_string(d);
    }
    return text.empty() ? "scalar" : text;
}

struct FloatTensor {
    Dims shape;
    std::vector<float> data;
};

}  // namespace cim::compiler

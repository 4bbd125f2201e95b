#pragma once
// Random numbers and images that are the same on every machine: integers from mt19937, and arithmetic that IEEE 754 defines to the bit.

#include <cstdint>
#include <random>
#include <vector>

#include "compiler/ir/float_tensor.h"

namespace cim::compiler {

/// Nearly normal, mean 0, variance 1, within +-3.5: the sum of four bytes of one word.
inline double nearly_normal(std::mt19937& random) {
    const auto word = static_cast<std::uint32_t>(random());
    const int sum = static_cast<int>((word & 255U) + (word >> 8U & 255U) + (word >> 16U & 255U) + (word >> 24U));
    constexpr double deviation = 147.800992780;  // sqrt(4 (256^2 - 1) / 12)
    return (sum - 510) / deviation;
}

/// Images as networks see them after normalisation, each channel with mean 0 and variance 1: by turns smooth shapes, whose channels
/// resemble each other, and noise. `shape` is 1xCxHxW.
std::vector<FloatTensor> sample_images(const Dims& shape, std::int64_t number);

}  // namespace cim::compiler

#pragma once
// Integer arithmetic of the digital units, as ONNX Runtime's QLinear operators define it: float32 scale, round half to even, saturate.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cim::hw {

/// clamp(round_half_even(sum * scale) + zero, lo, hi); the product in float32.
inline std::uint8_t requantise(std::int32_t sum, float scale, std::int32_t zero, std::int32_t lo, std::int32_t hi) {
    const float scaled = std::nearbyint(static_cast<float>(sum) * scale);
    const float bounded = std::clamp(scaled, -1.0e6F, 1.0e6F);
    return static_cast<std::uint8_t>(std::clamp(static_cast<std::int32_t>(bounded) + zero, lo, hi));
}

/// Quantised addition: clamp(round_half_even((scale_a*(a - zero_a) + scale_b*(b - zero_b)) / scale) + zero, lo, hi), in float32.
inline std::uint8_t add_quantised(std::uint8_t a, std::uint8_t b, float scale_a, std::int32_t zero_a, float scale_b, std::int32_t zero_b,
                                  float scale, std::int32_t zero, std::int32_t lo, std::int32_t hi) {
    const float real = scale_a * static_cast<float>(a - zero_a) + scale_b * static_cast<float>(b - zero_b);
    const float bounded = std::clamp(std::nearbyint(real / scale), -1.0e6F, 1.0e6F);
    return static_cast<std::uint8_t>(std::clamp(static_cast<std::int32_t>(bounded) + zero, lo, hi));
}

/// Mean of `divisor` stored values whose sum, zero points taken out, is `sum`: clamp(round_half_even(sum * scale / divisor) + zero, lo,
/// hi), in float32, in this order.
inline std::uint8_t average_quantised(std::int32_t sum, float scale, std::int32_t divisor, std::int32_t zero, std::int32_t lo,
                                      std::int32_t hi) {
    const float scaled = std::nearbyint(static_cast<float>(sum) * scale / static_cast<float>(divisor));
    const float bounded = std::clamp(scaled, -1.0e6F, 1.0e6F);
    return static_cast<std::uint8_t>(std::clamp(static_cast<std::int32_t>(bounded) + zero, lo, hi));
}

/// Softmax of n stored values: real = scale_in * stored; out = clamp(round_half_even(p / scale_out) + zero_out, 0, 255). Computed in
/// double with the maximum taken out first, elements in order.
inline void softmax_quantised(const std::uint8_t* in, std::uint8_t* out, std::int64_t n, float scale_in, float scale_out,
                              std::int32_t zero_out) {
    std::uint8_t top = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        top = std::max(top, in[i]);
    }
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        sum += std::exp(static_cast<double>(scale_in) * (in[i] - top));
    }
    for (std::int64_t i = 0; i < n; ++i) {
        const double p = std::exp(static_cast<double>(scale_in) * (in[i] - top)) / sum;
        const double code = std::nearbyint(p / static_cast<double>(scale_out)) + zero_out;
        out[i] = static_cast<std::uint8_t>(std::clamp(code, 0.0, 255.0));
    }
}

}  // namespace cim::hw

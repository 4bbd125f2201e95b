#pragma once
// Integer arithmetic of the digital units, as ONNX Runtime's QLinear operators define it: float32 scale, round half to even, saturate.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cim::hw {

/// clamp(round_half_even(real) + zero, lo, hi), real in units of the output's scale.
inline std::uint8_t stored(float real, std::int32_t zero, std::int32_t lo, std::int32_t hi) {
    const float bounded = std::clamp(std::nearbyint(real), -1.0e6F, 1.0e6F);
    return static_cast<std::uint8_t>(std::clamp(static_cast<std::int32_t>(bounded) + zero, lo, hi));
}

/// clamp(round_half_even(sum * scale) + zero, lo, hi); the product in float32.
inline std::uint8_t requantise(std::int32_t sum, float scale, std::int32_t zero, std::int32_t lo, std::int32_t hi) {
    return stored(static_cast<float>(sum) * scale, zero, lo, hi);
}

/// Quantised addition: clamp(round_half_even((scale_a*(a - zero_a) + scale_b*(b - zero_b)) / scale) + zero, lo, hi), in float32.
inline std::uint8_t add_quantised(std::uint8_t a, std::uint8_t b, float scale_a, std::int32_t zero_a, float scale_b, std::int32_t zero_b,
                                  float scale, std::int32_t zero, std::int32_t lo, std::int32_t hi) {
    const float real = scale_a * static_cast<float>(a - zero_a) + scale_b * static_cast<float>(b - zero_b);
    return stored(real / scale, zero, lo, hi);
}

/// Quantised average of values whose sum, each less the zero point, is `sum`: clamp(round_half_even(float(sum) * (scale / float(divisor)))
/// + zero, lo, hi), in float32 and in this order. scale: that of the input / that of the output.
inline std::uint8_t average_quantised(std::int64_t sum, std::int64_t divisor, float scale, std::int32_t zero, std::int32_t lo,
                                      std::int32_t hi) {
    return stored(static_cast<float>(sum) * (scale / static_cast<float>(divisor)), zero, lo, hi);
}

/// Quantised product: clamp(round_half_even(float((a - zero_a) * (b - zero_b)) * scale) + zero, lo, hi), the last product in float32.
/// scale: that of a x that of b / that of the output.
inline std::uint8_t multiply_quantised(std::uint8_t a, std::uint8_t b, std::int32_t zero_a, std::int32_t zero_b, float scale,
                                       std::int32_t zero, std::int32_t lo, std::int32_t hi) {
    const std::int64_t product = (std::int64_t{a} - zero_a) * (std::int64_t{b} - zero_b);
    return stored(static_cast<float>(product) * scale, zero, lo, hi);
}

/// Quantised x with a slope on each side of its zero point: clamp(round_half_even(float(x - zero_x) * s) + zero, lo, hi) in float32, s =
/// scale, below the zero point negative_scale. Both: slope x scale of the input / that of the output.
inline std::uint8_t prelu_quantised(std::uint8_t x, std::int32_t zero_x, float scale, float negative_scale, std::int32_t zero,
                                    std::int32_t lo, std::int32_t hi) {
    const std::int64_t centred = std::int64_t{x} - zero_x;
    return stored(static_cast<float>(centred) * (centred < 0 ? negative_scale : scale), zero, lo, hi);
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

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/parallel.h"
#include "compiler/quantization/quantise.h"
#include "compiler/quantization/ties.h"

namespace cim::compiler {
namespace {

/// Scale of a channel's weights: the largest maps to 127. Where the weights are so small against the bias that the bias would not fit
/// the accumulator any more, the scale follows the bias.
float channel_scale(const float* weight, std::int64_t n, float bias, float input_scale) {
    constexpr double largest_bias = 1 << 29;
    double largest = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        largest = std::max(largest, std::fabs(static_cast<double>(weight[i])));
    }
    const double by_bias = std::fabs(static_cast<double>(bias)) / (static_cast<double>(input_scale) * largest_bias);
    const double scale = std::max(largest / 127.0, by_bias);
    return scale < 1e-30 ? 1.0F : static_cast<float>(scale);
}

/// To the nearest whole number, half to even, as std::nearbyint has it, for |x| < 2^22: adding leaves no room for a fraction.
float round_to_even(float x) {
    constexpr float no_fraction = 3 << 22;
    return (x + no_fraction) - no_fraction;
}

/// Sums, in units of input scale x weight, that are hardly ever exceeded: those of inputs as large as they can be and as like the weights
/// as noise is.
double usual_sum(const float* weight, std::int64_t n, float bias, float input_scale) {
    double squares = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        squares += static_cast<double>(weight[i]) * static_cast<double>(weight[i]);
    }
    return 255 * std::sqrt(squares) + std::fabs(static_cast<double>(bias / input_scale));
}

}  // namespace

std::string quantise_weights(const std::vector<float>& weight, const std::vector<float>& bias, const Shape3& kernel,
                             const QuantParams& input, const QuantParams& output, QuantNode& node, const std::vector<float>& input_means,
                             const std::vector<float>& slopes) {
    node.kernel_h = kernel.h;
    node.kernel_w = kernel.w;
    node.rows = static_cast<int>(kernel.count());
    node.cols = static_cast<int>(bias.size());
    node.matrix.resize(static_cast<std::size_t>(node.rows) * node.cols);
    const auto slope_of = [&](int col) { return slopes.empty() ? 1.0F : slopes[slopes.size() == 1 ? 0 : col]; };
    std::vector<float> scales(bias.size());
    in_parallel(node.cols, 32, [&](int begin, int end) {
        for (int col = begin; col < end; ++col) {
            const float* from = weight.data() + static_cast<std::int64_t>(col) * node.rows;
            const float widest = channel_scale(from, node.rows, bias[col], input.scale);
            scales[col] =
                scale_away_from_ties(widest, input.scale / output.scale, slope_of(col), node.lo - output.zero, node.hi - output.zero,
                                     usual_sum(from, node.rows, bias[col], input.scale) / static_cast<double>(widest));
        }
    });
    for (int col = 0; col < node.cols; ++col) {
        const float* from = weight.data() + static_cast<std::int64_t>(col) * node.rows;
        const float scale = scales[col];
        std::int64_t positive = 0;  // sums of the weights above and below zero: they bound every partial sum
        std::int64_t negative = 0;
        double drift = 0;  // what rounding the weights adds to the result on average
        const int first = input_means.empty() ? 0 : col / (node.cols / node.groups) * kernel.c;
        for (int c = 0; c < kernel.c; ++c) {
            const double mean = input_means.empty() ? 0.0 : static_cast<double>(input_means[static_cast<std::size_t>(first + c)]);
            for (int k = 0; k < kernel.h * kernel.w; ++k) {
                const float real = *from++;
                const auto w = static_cast<std::int8_t>(round_to_even(std::clamp(real / scale, -127.0F, 127.0F)));
                drift += (static_cast<double>(scale) * w - static_cast<double>(real)) * mean;
                node.matrix[(static_cast<std::size_t>(k) * kernel.c + c) * node.cols + col] = w;
                (w > 0 ? positive : negative) += w;
            }
        }
        const double units = std::nearbyint((static_cast<double>(bias[col]) - drift) / (static_cast<double>(input.scale) * scale));
        const double offset = units - static_cast<double>(input.zero) * static_cast<double>(positive + negative);
        constexpr double highest = std::numeric_limits<std::int32_t>::max();
        const double top = 255.0 * static_cast<double>(positive);
        const double bottom = 255.0 * static_cast<double>(negative);
        if (!(std::max(top, top + offset) <= highest && std::min(bottom, bottom + offset) >= -highest && std::fabs(offset) <= highest)) {
            return "the sums of output channel " + std::to_string(col) + " do not fit an accumulator of 32 bits";
        }
        const float requantise_scale = input.scale * scale / output.scale;
        if (!std::isnormal(requantise_scale)) {
            return "the scale of output channel " + std::to_string(col) + " does not fit a float32";
        }
        node.bias.push_back(static_cast<std::int32_t>(offset));
        node.scale.push_back(requantise_scale);
        node.weight_scale.push_back(scale);
        if (!slopes.empty()) {
            node.negative_scale.push_back(requantise_scale * slope_of(col));
        }
    }
    return {};
}

}  // namespace cim::compiler

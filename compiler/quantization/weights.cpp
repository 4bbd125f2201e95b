#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "compiler/parallel.h"
#include "compiler/quantization/quantise.h"
#include "compiler/quantization/ties.h"

namespace cim::compiler {
namespace {

/// Of a channel's weights.
struct Extent {
    double largest = 0;  ///< magnitude
    double squares = 0;  ///< sum of them
};

Extent extent_of(const float* weight, std::int64_t n) {
    // Four sums side by side: each would wait for its last addition.
    constexpr int lanes = 4;
    std::array<float, lanes> largest{};
    std::array<double, lanes> squares{};
    for (std::int64_t i = 0; i < n; ++i) {
        const float w = weight[i];
        const auto lane = static_cast<std::size_t>(i % lanes);
        largest[lane] = std::max(largest[lane], std::fabs(w));
        squares[lane] += static_cast<double>(w) * static_cast<double>(w);
    }
    return {static_cast<double>(*std::max_element(largest.begin(), largest.end())), (squares[0] + squares[1]) + (squares[2] + squares[3])};
}

/// Scale of a channel's weights: the largest maps to 127. Where the weights are so small against the bias that the bias would not fit
/// the accumulator any more, the scale follows the bias.
float channel_scale(const Extent& extent, float bias, float input_scale) {
    constexpr double largest_bias = 1 << 29;
    const double by_bias = std::fabs(static_cast<double>(bias)) / (static_cast<double>(input_scale) * largest_bias);
    const double scale = std::max(extent.largest / 127.0, by_bias);
    return scale < 1e-30 ? 1.0F : static_cast<float>(scale);
}

/// Sums, in units of input scale x weight, that are hardly ever exceeded: those of inputs as large as they can be and as like the weights
/// as noise is.
double usual_sum(const Extent& extent, float bias, float input_scale) {
    return 255 * std::sqrt(extent.squares) + std::fabs(static_cast<double>(bias / input_scale));
}

/// To the nearest whole number, half to even, as std::nearbyint has it, for |x| < 2^22: adding leaves no room for a fraction.
float round_to_even(float x) {
    constexpr float no_fraction = 3 << 22;
    return (x + no_fraction) - no_fraction;
}

void round_weights(const float* weight, int n, float scale, std::int8_t* rounded) {
    for (int i = 0; i < n; ++i) {
        rounded[i] = static_cast<std::int8_t>(static_cast<int>(round_to_even(std::clamp(weight[i] / scale, -127.0F, 127.0F))));
    }
}

/// Sums of the weights above and below zero: they bound every partial sum.
std::pair<std::int64_t, std::int64_t> sums_of(const std::int8_t* weight, int n) {
    std::int64_t positive = 0;
    std::int64_t magnitude = 0;
    for (int i = 0; i < n; ++i) {
        positive += std::max<int>(weight[i], 0);
        magnitude += std::abs(static_cast<int>(weight[i]));
    }
    return {positive, positive - magnitude};
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
    node.bias.resize(bias.size());
    node.scale.resize(bias.size());
    node.weight_scale.resize(bias.size());
    node.negative_scale.resize(slopes.empty() ? 0 : bias.size());
    const int positions = kernel.h * kernel.w;
    // Fills in the channel's weights, in ONNX's order; returns what is wrong with it, or nothing.
    const auto quantise_channel = [&](int col, std::int8_t* stored) -> std::string {
        const float* from = weight.data() + static_cast<std::int64_t>(col) * node.rows;
        const Extent extent = extent_of(from, node.rows);
        const float widest = channel_scale(extent, bias[col], input.scale);
        const float scale =
            scale_away_from_ties(widest, input.scale / output.scale, slope_of(col), node.lo - output.zero, node.hi - output.zero,
                                 usual_sum(extent, bias[col], input.scale) / static_cast<double>(widest));
        round_weights(from, node.rows, scale, stored);
        const auto [positive, negative] = sums_of(stored, node.rows);
        double drift = 0;  // what rounding the weights adds to the result on average
        if (!input_means.empty()) {
            const auto first = static_cast<std::size_t>(col / (node.cols / node.groups) * kernel.c);
            for (int row = 0; row < node.rows; ++row) {
                const auto mean = static_cast<double>(input_means[first + static_cast<std::size_t>(row / positions)]);
                drift += (static_cast<double>(scale) * stored[row] - static_cast<double>(from[row])) * mean;
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
        node.bias[col] = static_cast<std::int32_t>(offset);
        node.scale[col] = requantise_scale;
        node.weight_scale[col] = scale;
        if (!slopes.empty()) {
            node.negative_scale[col] = requantise_scale * slope_of(col);
        }
        return {};
    };
    constexpr int at_once = 32;
    std::vector<std::string> wrong(static_cast<std::size_t>((node.cols + at_once - 1) / at_once));
    in_parallel(node.cols, at_once, [&](int begin, int end) {
        std::vector<std::int8_t> stored(static_cast<std::size_t>(node.rows) * static_cast<std::size_t>(end - begin));
        for (int col = begin; col < end && wrong[begin / at_once].empty(); ++col) {
            wrong[begin / at_once] = quantise_channel(col, stored.data() + static_cast<std::size_t>(node.rows) * (col - begin));
        }
        for (int c = 0; c < kernel.c; ++c) {
            for (int k = 0; k < positions; ++k) {
                const std::int8_t* from = stored.data() + c * positions + k;
                std::int8_t* to = node.matrix.data() + (static_cast<std::size_t>(k) * kernel.c + c) * node.cols;
                for (int col = begin; col < end; ++col, from += node.rows) {
                    to[col] = *from;
                }
            }
        }
    });
    const auto first_wrong = std::find_if(wrong.begin(), wrong.end(), [](const std::string& text) { return !text.empty(); });
    return first_wrong == wrong.end() ? std::string() : *first_wrong;
}

}  // namespace cim::compiler

#include "compiler/reference/integer_conv.h"

#include <algorithm>

#include "hw_models/alu/arithmetic.h"
#include "hw_models/simd.h"

namespace cim::compiler {
namespace {

constexpr int lanes = 16;  // rows of a matrix are filled up to a multiple of this
constexpr int together = 4;

std::size_t padded(int rows) {
    return static_cast<std::size_t>((rows + lanes - 1) / lanes * lanes);
}

/// Products of one window with `together` columns of weights, `n` (a multiple of lanes) elements each and `n` apart.
CIM_WIDE_VECTORS
void multiply(const std::int16_t* window, const std::int16_t* weights, std::size_t n, std::int32_t* sums) {
    const std::int16_t* w0 = weights;
    const std::int16_t* w1 = weights + n;
    const std::int16_t* w2 = weights + 2 * n;
    const std::int16_t* w3 = weights + 3 * n;
    std::int32_t s0 = 0;
    std::int32_t s1 = 0;
    std::int32_t s2 = 0;
    std::int32_t s3 = 0;
    for (std::size_t i = 0; i < n; ++i) {
        s0 += window[i] * w0[i];
        s1 += window[i] * w1[i];
        s2 += window[i] * w2[i];
        s3 += window[i] * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/// sums[i] += window[i] * weights[i]
CIM_WIDE_VECTORS
void multiply_channels(const std::uint8_t* window, const std::int16_t* weights, std::size_t n, std::int32_t* sums) {
    for (std::size_t i = 0; i < n; ++i) {
        sums[i] += window[i] * weights[i];
    }
}

std::size_t whole_vectors(int cols) {
    return static_cast<std::size_t>((cols + together - 1) / together * together);
}

/// Channels first..first + n of the elements under the kernel at output position (oy, ox), in the order of the matrix rows; outside lies
/// `fill`.
template <typename T>
void gather(const QuantNode& node, const Shape3& shape, const std::uint8_t* in, int first, int n, int oy, int ox, std::uint8_t fill,
            T* window) {
    for (int ky = 0; ky < node.kernel_h; ++ky) {
        const int y = oy * node.stride_h - node.pad_top + ky * node.dilation_h;
        for (int kx = 0; kx < node.kernel_w; ++kx, window += n) {
            const int x = ox * node.stride_w - node.pad_left + kx * node.dilation_w;
            if (y >= 0 && y < shape.h && x >= 0 && x < shape.w) {
                const std::uint8_t* pixel = in + (static_cast<std::int64_t>(y) * shape.w + x) * shape.c + first;
                std::copy(pixel, pixel + n, window);
            } else {
                std::fill(window, window + n, static_cast<T>(fill));
            }
        }
    }
}

/// Groups first..first + count as one matrix, zero where a column sees nothing: rows in the order (tap, channel of these groups).
QuantNode diagonal(const QuantNode& node, int first, int count) {
    const int taps = node.kernel_h * node.kernel_w;
    const int channels = node.rows / taps;
    const int cols = node.cols / node.groups;
    QuantNode dense;
    dense.rows = node.rows * count;
    dense.cols = cols * count;
    dense.matrix.assign(static_cast<std::size_t>(dense.rows) * dense.cols, 0);
    for (int tap = 0; tap < taps; ++tap) {
        for (int c = 0; c < channels * count; ++c) {
            const int group = c / channels;
            const std::size_t from = static_cast<std::size_t>(tap * channels + c % channels) * node.cols + (first + group) * cols;
            const std::size_t to = static_cast<std::size_t>(tap * channels * count + c) * dense.cols + group * cols;
            std::copy_n(node.matrix.begin() + static_cast<std::ptrdiff_t>(from), cols,
                        dense.matrix.begin() + static_cast<std::ptrdiff_t>(to));
        }
    }
    return dense;
}

}  // namespace

IntegerConv::IntegerConv(const QuantNode& node, const std::optional<AdcEmulation>& adc)
    : node_(node),
      group_cols_(node.cols / node.groups),
      sums_(static_cast<std::size_t>(node.groups) * whole_vectors(node.cols / node.groups)) {
    if (adc) {
        together_ = adc->groups_together(node);
        for (int g = 0; g < node.groups; g += together_) {
            crossbars_.emplace_back(diagonal(node, g, std::min(together_, node.groups - g)), *adc);
        }
        return;
    }
    if (depthwise()) {
        weights_.assign(node.matrix.begin(), node.matrix.end());
        return;
    }
    const std::size_t n = padded(node.rows);
    window_.assign(n, 0);
    weights_.assign(n * sums_.size(), 0);
    for (int row = 0; row < node.rows; ++row) {
        for (int col = 0; col < node.cols; ++col) {
            const std::size_t place = static_cast<std::size_t>(col / group_cols_) * whole_vectors(group_cols_) + col % group_cols_;
            weights_[place * n + row] = node.matrix[static_cast<std::size_t>(row) * node.cols + col];
        }
    }
}

void IntegerConv::sums_exact(const Shape3& shape, const std::uint8_t* in, int oy, int ox, std::uint8_t fill) {
    const int channels = shape.c / node_.groups;
    std::int32_t* sums = sums_.data();
    const std::int16_t* weights = weights_.data();
    for (int g = 0; g < node_.groups; ++g) {
        gather(node_, shape, in, g * channels, channels, oy, ox, fill, window_.data());
        std::int32_t sums_of_four[together];
        for (int col = 0; col < group_cols_; col += together, weights += together * window_.size()) {
            multiply(window_.data(), weights, window_.size(), sums_of_four);
            sums = std::copy_n(sums_of_four, std::min(together, group_cols_ - col), sums);
        }
    }
}

void IntegerConv::sums_depthwise(const Shape3& shape, const std::uint8_t* in, int oy, int ox, std::uint8_t fill) {
    const std::vector<std::uint8_t> outside(static_cast<std::size_t>(shape.c), fill);
    std::fill(sums_.begin(), sums_.end(), 0);
    const std::int16_t* weights = weights_.data();
    for (int ky = 0; ky < node_.kernel_h; ++ky) {
        const int y = oy * node_.stride_h - node_.pad_top + ky * node_.dilation_h;
        for (int kx = 0; kx < node_.kernel_w; ++kx, weights += node_.cols) {
            const int x = ox * node_.stride_w - node_.pad_left + kx * node_.dilation_w;
            const bool inside = y >= 0 && y < shape.h && x >= 0 && x < shape.w;
            const std::uint8_t* pixel = inside ? in + (static_cast<std::int64_t>(y) * shape.w + x) * shape.c : outside.data();
            multiply_channels(pixel, weights, static_cast<std::size_t>(node_.cols), sums_.data());
        }
    }
}

void IntegerConv::sums_converted(const Shape3& shape, const std::uint8_t* in, int oy, int ox, std::uint8_t fill) {
    const int channels = shape.c / node_.groups;
    std::vector<std::uint8_t> window(static_cast<std::size_t>(node_.rows) * together_);
    for (int g = 0; g < node_.groups; g += together_) {
        const int groups = std::min(together_, node_.groups - g);
        gather(node_, shape, in, g * channels, groups * channels, oy, ox, fill, window.data());
        const CrossbarMatrix& crossbar = crossbars_[static_cast<std::size_t>(g / together_)];
        lossy_ += crossbar.multiply(window.data(), sums_.data() + g * group_cols_);
        conversions_ += crossbar.conversions();
    }
}

void IntegerConv::run(const QuantTensor& from, const QuantTensor& to, const std::vector<std::uint8_t>& in, std::vector<std::uint8_t>& out) {
    const auto fill = static_cast<std::uint8_t>(from.quant.zero);
    std::uint8_t* result = out.data();
    for (int oy = 0; oy < to.shape.h; ++oy) {
        for (int ox = 0; ox < to.shape.w; ++ox) {
            if (!crossbars_.empty()) {
                sums_converted(from.shape, in.data(), oy, ox, fill);
            } else if (depthwise()) {
                sums_depthwise(from.shape, in.data(), oy, ox, fill);
            } else {
                sums_exact(from.shape, in.data(), oy, ox, fill);
            }
            for (int col = 0; col < node_.cols; ++col) {
                const std::int32_t sum = sums_[static_cast<std::size_t>(col)] + node_.bias[col];
                const bool negative = sum < 0 && !node_.negative_scale.empty();
                *result++ = hw::requantise(sum, negative ? node_.negative_scale[col] : node_.scale[col], to.quant.zero, node_.lo, node_.hi);
            }
        }
    }
}

}  // namespace cim::compiler

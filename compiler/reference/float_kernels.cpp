#include "compiler/reference/float_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "compiler/reference/simd.h"

namespace cim::compiler {
namespace {

constexpr int group = 4;   // output channels computed together
constexpr int panel = 16;  // output positions computed together

/// sums[channel][position] += weights[k][channel] * columns[k][position], k in order.
CIM_WIDE_VECTORS
void multiply_panel(const float* weights, const float* columns, std::int64_t k_count, float* sums) {
    float s0[panel] = {};
    float s1[panel] = {};
    float s2[panel] = {};
    float s3[panel] = {};
    for (std::int64_t k = 0; k < k_count; ++k) {
        const float* w = weights + k * group;
        const float* x = columns + k * panel;
        for (int p = 0; p < panel; ++p) {
            s0[p] += w[0] * x[p];
            s1[p] += w[1] * x[p];
            s2[p] += w[2] * x[p];
            s3[p] += w[3] * x[p];
        }
    }
    for (int p = 0; p < panel; ++p) {
        sums[p] = s0[p];
        sums[panel + p] = s1[p];
        sums[2 * panel + p] = s2[p];
        sums[3 * panel + p] = s3[p];
    }
}

/// Four channels of one position: eight partial sums each, so that the additions of one channel do not wait for each other.
CIM_WIDE_VECTORS
void multiply_vector(const float* weights, const float* x, std::int64_t k_count, float* sums) {
    constexpr int lanes = 8;
    float partial[lanes * group] = {};
    std::int64_t k = 0;
    for (; k + lanes <= k_count; k += lanes) {
        for (int i = 0; i < lanes * group; ++i) {
            partial[i] += weights[k * group + i] * x[k + i / group];
        }
    }
    for (; k < k_count; ++k) {
        for (int c = 0; c < group; ++c) {
            partial[c] += weights[k * group + c] * x[k];
        }
    }
    for (int c = 0; c < group; ++c) {
        sums[c] = 0;
        for (int lane = 0; lane < lanes; ++lane) {
            sums[c] += partial[lane * group + c];
        }
    }
}

/// The windows of `panel` output positions from `first` on, as columns of a K x panel matrix.
void gather_panel(const Window& w, const float* image, const Dims& in, const Dims& out, std::int64_t first, float* columns) {
    const std::int64_t positions = out[2] * out[3];
    for (int p = 0; p < panel; ++p) {
        const std::int64_t position = std::min(first + p, positions - 1);
        const std::int64_t top = position / out[3] * w.stride_h - w.pad_top;
        const std::int64_t left = position % out[3] * w.stride_w - w.pad_left;
        float* to = columns + p;
        for (std::int64_t c = 0; c < in[1]; ++c) {
            for (int ky = 0; ky < w.kernel_h; ++ky) {
                const std::int64_t y = top + ky * w.dilation_h;
                const float* row = image + (c * in[2] + y) * in[3];
                for (int kx = 0; kx < w.kernel_w; ++kx, to += panel) {
                    const std::int64_t x = left + kx * w.dilation_w;
                    *to = y >= 0 && y < in[2] && x >= 0 && x < in[3] ? row[x] : 0.0F;
                }
            }
        }
    }
}

}  // namespace

std::vector<float> pack_weights(const FloatTensor& weight) {
    const std::int64_t outputs = weight.shape[0];
    const std::int64_t k_count = count(weight.shape) / outputs;
    std::vector<float> packed(static_cast<std::size_t>((outputs + group - 1) / group * group * k_count), 0.0F);
    for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t k = 0; k < k_count; ++k) {
            packed[static_cast<std::size_t>((o / group * k_count + k) * group + o % group)] =
                weight.data[static_cast<std::size_t>(o * k_count + k)];
        }
    }
    return packed;
}

void conv_float(const Node& node, const std::vector<float>& packed, const FloatTensor& in, FloatTensor& out) {
    const std::int64_t channels = out.shape[1];
    const std::int64_t positions = out.shape[2] * out.shape[3];
    const std::int64_t k_count = count(node.weight.shape) / channels;
    std::vector<float> columns(static_cast<std::size_t>(k_count * panel));
    std::array<float, group * panel> sums{};
    for (std::int64_t n = 0; n < in.shape[0]; ++n) {
        const float* image = in.data.data() + n * in.shape[1] * in.shape[2] * in.shape[3];
        float* result = out.data.data() + n * channels * positions;
        for (std::int64_t first = 0; first < positions; first += panel) {
            gather_panel(node.window, image, in.shape, out.shape, first, columns.data());
            const std::int64_t width = std::min<std::int64_t>(panel, positions - first);
            for (std::int64_t o = 0; o < channels; o += group) {
                multiply_panel(packed.data() + o * k_count, columns.data(), k_count, sums.data());
                for (std::int64_t c = 0; c < std::min<std::int64_t>(group, channels - o); ++c) {
                    for (std::int64_t p = 0; p < width; ++p) {
                        result[(o + c) * positions + first + p] = sums[static_cast<std::size_t>(c * panel + p)] + node.bias[o + c];
                    }
                }
            }
        }
    }
}

void gemm_float(const Node& node, const std::vector<float>& packed, const FloatTensor& in, FloatTensor& out) {
    const std::int64_t outputs = out.shape[1];
    const std::int64_t k_count = in.shape[1];
    std::array<float, group> sums{};
    for (std::int64_t m = 0; m < in.shape[0]; ++m) {
        for (std::int64_t o = 0; o < outputs; o += group) {
            multiply_vector(packed.data() + o * k_count, in.data.data() + m * k_count, k_count, sums.data());
            for (std::int64_t c = 0; c < std::min<std::int64_t>(group, outputs - o); ++c) {
                out.data[static_cast<std::size_t>(m * outputs + o + c)] = sums[static_cast<std::size_t>(c)] + node.bias[o + c];
            }
        }
    }
}

void max_pool_float(const Node& node, const FloatTensor& in, FloatTensor& out) {
    const Window& w = node.window;
    const std::int64_t h = in.shape[2];
    const std::int64_t width = in.shape[3];
    std::size_t at = 0;
    for (std::int64_t plane = 0; plane < in.shape[0] * in.shape[1]; ++plane) {
        const float* image = in.data.data() + plane * h * width;
        for (std::int64_t oy = 0; oy < out.shape[2]; ++oy) {
            for (std::int64_t ox = 0; ox < out.shape[3]; ++ox) {
                float best = -std::numeric_limits<float>::infinity();
                for (int ky = 0; ky < w.kernel_h; ++ky) {
                    const std::int64_t y = oy * w.stride_h - w.pad_top + ky * w.dilation_h;
                    for (int kx = 0; y >= 0 && y < h && kx < w.kernel_w; ++kx) {
                        const std::int64_t x = ox * w.stride_w - w.pad_left + kx * w.dilation_w;
                        if (x >= 0 && x < width) {
                            best = std::max(best, image[y * width + x]);
                        }
                    }
                }
                out.data[at++] = best;
            }
        }
    }
}

void global_average_pool_float(const FloatTensor& in, FloatTensor& out) {
    const std::int64_t positions = in.shape[2] * in.shape[3];
    for (std::size_t plane = 0; plane < out.data.size(); ++plane) {
        double sum = 0;
        for (std::int64_t p = 0; p < positions; ++p) {
            sum += in.data[plane * static_cast<std::size_t>(positions) + static_cast<std::size_t>(p)];
        }
        out.data[plane] = static_cast<float>(sum / static_cast<double>(positions));
    }
}

void affine_float(const Node& node, const FloatTensor& in, FloatTensor& out) {
    const std::size_t channels = node.bias.size();
    const auto inner = static_cast<std::size_t>(in.shape.size() > 2 ? count(Dims(in.shape.begin() + 2, in.shape.end())) : 1);
    for (std::size_t i = 0; i < in.data.size(); ++i) {
        const std::size_t c = i / inner % channels;
        out.data[i] = in.data[i] * node.weight.data[c] + node.bias[c];
    }
}

void softmax_float(const Node& node, const FloatTensor& in, FloatTensor& out) {
    const auto axis = in.shape.begin() + node.axis;
    const std::int64_t n = node.axis_to_end ? count(Dims(axis, in.shape.end())) : *axis;
    const std::int64_t inner = node.axis_to_end ? 1 : count(Dims(axis + 1, in.shape.end()));
    const std::int64_t outer = count(Dims(in.shape.begin(), axis));
    for (std::int64_t o = 0; o < outer; ++o) {
        for (std::int64_t i = 0; i < inner; ++i) {
            const float* from = in.data.data() + o * n * inner + i;
            float* to = out.data.data() + o * n * inner + i;
            float top = from[0];
            for (std::int64_t k = 1; k < n; ++k) {
                top = std::max(top, from[k * inner]);
            }
            double sum = 0;
            for (std::int64_t k = 0; k < n; ++k) {
                sum += std::exp(static_cast<double>(from[k * inner]) - top);
            }
            for (std::int64_t k = 0; k < n; ++k) {
                to[k * inner] = static_cast<float>(std::exp(static_cast<double>(from[k * inner]) - top) / sum);
            }
        }
    }
}

float unary_float(const Node& node, float x) {
    switch (node.op) {
        case Op::Clip: return std::clamp(x, node.lo, node.hi);
        case Op::LeakyRelu: return x < 0 ? node.alpha * x : x;
        case Op::Sigmoid: return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x))));
        case Op::Tanh: return static_cast<float>(std::tanh(static_cast<double>(x)));
        default: return x;
    }
}

}  // namespace cim::compiler

#include <algorithm>
#include <array>

#include "compiler/reference/float_kernels.h"
#include "hw_models/simd.h"

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

bool is_depthwise(const Node& node) {
    return node.groups > 1 && node.weight.shape[0] == node.groups && node.weight.shape[1] == 1;
}

/// [O, K] with four outputs interleaved, appended to `packed`.
void pack(const float* weight, std::int64_t outputs, std::int64_t k_count, std::vector<float>& packed) {
    const std::size_t begin = packed.size();
    packed.resize(begin + static_cast<std::size_t>((outputs + group - 1) / group * group * k_count), 0.0F);
    for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t k = 0; k < k_count; ++k) {
            packed[begin + static_cast<std::size_t>((o / group * k_count + k) * group + o % group)] = weight[o * k_count + k];
        }
    }
}

/// One plane convolved with one kernel: taps in order, each over all positions of a row.
void convolve_plane(const Window& w, const float* kernel, float bias, const float* image, const Dims& in, const Dims& out, float* result) {
    for (std::int64_t oy = 0; oy < out[2]; ++oy, result += out[3]) {
        std::fill(result, result + out[3], 0.0F);
        for (int ky = 0; ky < w.kernel_h; ++ky) {
            const std::int64_t y = oy * w.stride_h - w.pad_top + ky * w.dilation_h;
            for (int kx = 0; y >= 0 && y < in[2] && kx < w.kernel_w; ++kx) {
                const std::int64_t shift = kx * w.dilation_w - w.pad_left;
                const std::int64_t first = shift >= 0 ? 0 : (-shift + w.stride_w - 1) / w.stride_w;
                const std::int64_t last = in[3] > shift ? std::min(out[3], (in[3] - 1 - shift) / w.stride_w + 1) : 0;
                const float* row = image + y * in[3];
                const float weight = kernel[ky * w.kernel_w + kx];
                for (std::int64_t ox = first; ox < last; ++ox) {
                    result[ox] += weight * row[ox * w.stride_w + shift];
                }
            }
        }
        for (std::int64_t ox = 0; ox < out[3]; ++ox) {
            result[ox] += bias;
        }
    }
}

/// The channels of one group of one image.
void conv_group(const Window& window, const float* packed, const float* bias, const float* image, const Dims& in, const Dims& out,
                float* result) {
    const std::int64_t positions = out[2] * out[3];
    const std::int64_t k_count = in[1] * window.kernel_h * window.kernel_w;
    std::vector<float> columns(static_cast<std::size_t>(k_count * panel));
    std::array<float, group * panel> sums{};
    for (std::int64_t first = 0; first < positions; first += panel) {
        gather_panel(window, image, in, out, first, columns.data());
        const std::int64_t width = std::min<std::int64_t>(panel, positions - first);
        for (std::int64_t o = 0; o < out[1]; o += group) {
            multiply_panel(packed + o * k_count, columns.data(), k_count, sums.data());
            for (std::int64_t c = 0; c < std::min<std::int64_t>(group, out[1] - o); ++c) {
                for (std::int64_t p = 0; p < width; ++p) {
                    result[(o + c) * positions + first + p] = sums[static_cast<std::size_t>(c * panel + p)] + bias[o + c];
                }
            }
        }
    }
}

}  // namespace

std::vector<float> pack_weights(const Node& node) {
    std::vector<float> packed;
    if (is_depthwise(node)) {
        return packed;
    }
    const std::int64_t outputs = node.weight.shape[0] / node.groups;
    const std::int64_t k_count = count(node.weight.shape) / node.weight.shape[0];
    for (std::int64_t g = 0; g < node.groups; ++g) {
        pack(node.weight.data.data() + g * outputs * k_count, outputs, k_count, packed);
    }
    return packed;
}

void conv_float(const Node& node, const std::vector<float>& packed, const FloatTensor& in, FloatTensor& out) {
    const Dims in_group{1, in.shape[1] / node.groups, in.shape[2], in.shape[3]};
    const Dims out_group{1, out.shape[1] / node.groups, out.shape[2], out.shape[3]};
    const auto packed_group = static_cast<std::int64_t>(packed.size()) / node.groups;
    for (std::int64_t g = 0; g < in.shape[0] * node.groups; ++g) {
        const std::int64_t of_image = g % node.groups;
        const float* image = in.data.data() + g * count(in_group);
        float* result = out.data.data() + g * count(out_group);
        const float* bias = node.bias.data() + of_image * out_group[1];
        if (is_depthwise(node)) {
            const float* kernel = node.weight.data.data() + of_image * node.window.kernel_h * node.window.kernel_w;
            convolve_plane(node.window, kernel, *bias, image, in_group, out_group, result);
        } else {
            conv_group(node.window, packed.data() + of_image * packed_group, bias, image, in_group, out_group, result);
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

}  // namespace cim::compiler

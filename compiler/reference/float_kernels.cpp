#include "compiler/reference/float_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cim::compiler {

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

void average_pool_float(const Node& node, const FloatTensor& in, FloatTensor& out) {
    const Window& w = node.window;
    std::size_t at = 0;
    for (std::int64_t plane = 0; plane < in.shape[0] * in.shape[1]; ++plane) {
        const float* image = in.data.data() + plane * in.shape[2] * in.shape[3];
        for (std::int64_t oy = 0; oy < out.shape[2]; ++oy) {
            for (std::int64_t ox = 0; ox < out.shape[3]; ++ox) {
                double sum = 0;
                int inside = 0;
                for (int ky = 0; ky < w.kernel_h; ++ky) {
                    const std::int64_t y = oy * w.stride_h - w.pad_top + ky;
                    for (int kx = 0; y >= 0 && y < in.shape[2] && kx < w.kernel_w; ++kx) {
                        const std::int64_t x = ox * w.stride_w - w.pad_left + kx;
                        if (x >= 0 && x < in.shape[3]) {
                            sum += static_cast<double>(image[y * in.shape[3] + x]);
                            ++inside;
                        }
                    }
                }
                out.data[at++] = static_cast<float>(sum / (node.count_include_pad ? w.kernel_h * w.kernel_w : inside));
            }
        }
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

void transpose_float(const Node& node, const FloatTensor& in, FloatTensor& out) {
    std::vector<std::int64_t> strides(in.shape.size(), 1);
    for (std::size_t d = in.shape.size(); d-- > 1;) {
        strides[d - 1] = strides[d] * in.shape[d];
    }
    for (std::size_t i = 0; i < out.data.size(); ++i) {
        auto rest = static_cast<std::int64_t>(i);
        std::int64_t from = 0;
        for (std::size_t d = out.shape.size(); d-- > 0;) {
            from += rest % out.shape[d] * strides[static_cast<std::size_t>(node.order[d])];
            rest /= out.shape[d];
        }
        out.data[i] = in.data[static_cast<std::size_t>(from)];
    }
}

void pad_float(const Node& node, const FloatTensor& in, FloatTensor& out) {
    std::fill(out.data.begin(), out.data.end(), 0.0F);
    const std::int64_t h = in.shape[2];
    for (std::int64_t row = 0; row < in.shape[0] * in.shape[1] * h; ++row) {
        const float* from = in.data.data() + row * in.shape[3];
        const std::int64_t to = (row / h * out.shape[2] + row % h + node.window.pad_top) * out.shape[3] + node.window.pad_left;
        std::copy(from, from + in.shape[3], out.data.begin() + to);
    }
}

void concat_float(const Node& node, const std::vector<const FloatTensor*>& in, FloatTensor& out) {
    const std::int64_t outer = count(Dims(out.shape.begin(), out.shape.begin() + node.axis));
    auto to = out.data.begin();
    for (std::int64_t o = 0; o < outer; ++o) {
        for (const FloatTensor* part : in) {
            const auto n = static_cast<std::int64_t>(part->data.size()) / outer;
            to = std::copy(part->data.begin() + o * n, part->data.begin() + (o + 1) * n, to);
        }
    }
}

void multiply_float(const FloatTensor& a, const FloatTensor& b, FloatTensor& out) {
    const std::size_t repeated = a.data.size() / b.data.size();  // one value a channel counts for all its positions
    for (std::size_t i = 0; i < a.data.size(); ++i) {
        out.data[i] = a.data[i] * b.data[i / repeated];
    }
}

void prelu_float(const Node& node, const FloatTensor& in, FloatTensor& out) {
    const std::vector<float>& slope = node.weight.data;
    const std::size_t inner = slope.size() == 1 ? in.data.size() : static_cast<std::size_t>(count(in.shape) / in.shape[0] / in.shape[1]);
    for (std::size_t first = 0; first < in.data.size(); first += inner) {
        const float own = slope[first / inner % slope.size()];
        const auto from = in.data.begin() + static_cast<std::ptrdiff_t>(first);
        std::transform(from, from + static_cast<std::ptrdiff_t>(inner), out.data.begin() + static_cast<std::ptrdiff_t>(first),
                       [&](float x) {
                           const float scaled = own * x;  // without a branch, eight at a time
                           return x < 0 ? scaled : x;
                       });
    }
}

float unary_float(const Node& node, float x) {
    switch (node.op) {
        case Op::Clip: return std::clamp(x, node.lo, node.hi);
        case Op::PRelu: return x < 0 ? node.weight.data[0] * x : x;
        default: return static_cast<float>(evaluate(node.steps, static_cast<double>(x)));
    }
}

}  // namespace cim::compiler

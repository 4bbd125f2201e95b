#include "compiler/reference/integer_executor.h"

#include <algorithm>

#include "compiler/error.h"
#include "compiler/reference/simd.h"
#include "hw_models/alu/arithmetic.h"

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

/// The elements under the kernel at output position (oy, ox), in the order of the matrix rows; outside lies `fill`.
template <typename T>
void gather(const QuantNode& node, const Shape3& shape, const std::vector<std::uint8_t>& in, int oy, int ox, std::uint8_t fill, T* window) {
    for (int ky = 0; ky < node.kernel_h; ++ky) {
        const int y = oy * node.stride_h - node.pad_top + ky * node.dilation_h;
        for (int kx = 0; kx < node.kernel_w; ++kx, window += shape.c) {
            const int x = ox * node.stride_w - node.pad_left + kx * node.dilation_w;
            if (y >= 0 && y < shape.h && x >= 0 && x < shape.w) {
                const std::uint8_t* pixel = in.data() + (static_cast<std::int64_t>(y) * shape.w + x) * shape.c;
                std::copy(pixel, pixel + shape.c, window);
            } else {
                std::fill(window, window + shape.c, static_cast<T>(fill));
            }
        }
    }
}

void max_pool(const QuantNode& node, const Shape3& from, const Shape3& to, const std::vector<std::uint8_t>& in,
              std::vector<std::uint8_t>& out) {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    for (int oy = 0; oy < to.h; ++oy) {
        for (int ox = 0; ox < to.w; ++ox) {
            std::uint8_t* best = out.data() + (static_cast<std::int64_t>(oy) * to.w + ox) * to.c;
            for (int ky = 0; ky < node.kernel_h; ++ky) {
                const int y = oy * node.stride_h - node.pad_top + ky * node.dilation_h;
                for (int kx = 0; y >= 0 && y < from.h && kx < node.kernel_w; ++kx) {
                    const int x = ox * node.stride_w - node.pad_left + kx * node.dilation_w;
                    if (x >= 0 && x < from.w) {
                        const std::uint8_t* pixel = in.data() + (static_cast<std::int64_t>(y) * from.w + x) * from.c;
                        for (int c = 0; c < from.c; ++c) {
                            best[c] = std::max(best[c], pixel[c]);
                        }
                    }
                }
            }
        }
    }
}

}  // namespace

IntegerExecutor::IntegerExecutor(const QuantGraph& graph, std::optional<AdcEmulation> adc) : graph_(graph) {
    for (const QuantTensor& tensor : graph.tensors) {
        tensors_.emplace_back(static_cast<std::size_t>(tensor.shape.count()));
    }
    for (const QuantNode& node : graph.nodes) {
        std::vector<std::int16_t>& weights = weights_.emplace_back();
        std::optional<CrossbarMatrix>& crossbar = crossbars_.emplace_back();
        if (node.kind != NodeKind::Conv) {
            continue;
        }
        if (adc && !adc->lossless()) {
            crossbar.emplace(node, *adc);
            continue;
        }
        const std::size_t n = padded(node.rows);
        weights.assign(n * static_cast<std::size_t>((node.cols + together - 1) / together * together), 0);
        for (int row = 0; row < node.rows; ++row) {
            for (int col = 0; col < node.cols; ++col) {
                weights[col * n + row] = node.matrix[static_cast<std::size_t>(row) * node.cols + col];
            }
        }
    }
}

void IntegerExecutor::run_conv(std::size_t index) {
    const QuantNode& node = graph_.nodes[index];
    const QuantTensor& from = graph_.tensors[static_cast<std::size_t>(node.inputs[0])];
    const QuantTensor& to = graph_.tensors[static_cast<std::size_t>(node.output)];
    const std::vector<std::uint8_t>& in = tensors_[static_cast<std::size_t>(node.inputs[0])];
    std::uint8_t* out = tensors_[static_cast<std::size_t>(node.output)].data();
    const auto fill = static_cast<std::uint8_t>(from.quant.zero);
    std::vector<std::int16_t> window(padded(node.rows), 0);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(node.rows));
    std::vector<std::int32_t> sums(static_cast<std::size_t>((node.cols + together - 1) / together * together));
    for (int oy = 0; oy < to.shape.h; ++oy) {
        for (int ox = 0; ox < to.shape.w; ++ox) {
            if (const auto& crossbar = crossbars_[index]) {
                gather(node, from.shape, in, oy, ox, fill, bytes.data());
                lossy_ += crossbar->multiply(bytes.data(), sums.data());
                conversions_ += crossbar->conversions();
            } else {
                gather(node, from.shape, in, oy, ox, fill, window.data());
                for (int col = 0; col < node.cols; col += together) {
                    multiply(window.data(), weights_[index].data() + col * window.size(), window.size(), sums.data() + col);
                }
            }
            for (int col = 0; col < node.cols; ++col) {
                *out++ = hw::requantise(sums[col] + node.bias[col], node.scale[col], to.quant.zero, node.lo, node.hi);
            }
        }
    }
}

std::vector<std::vector<std::uint8_t>> IntegerExecutor::run(const std::vector<std::vector<std::uint8_t>>& inputs) {
    if (inputs.size() != graph_.inputs.size()) {
        throw InputError("network '" + graph_.name + "' has " + std::to_string(graph_.inputs.size()) + " inputs, " +
                         std::to_string(inputs.size()) + " are given");
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::vector<std::uint8_t>& tensor = tensors_[static_cast<std::size_t>(graph_.inputs[i])];
        if (inputs[i].size() != tensor.size()) {
            throw InputError("input '" + graph_.tensors[static_cast<std::size_t>(graph_.inputs[i])].name + "' has " +
                             std::to_string(tensor.size()) + " elements, " + std::to_string(inputs[i].size()) + " are given");
        }
        tensor = inputs[i];
    }
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        const QuantNode& node = graph_.nodes[n];
        const QuantTensor& from = graph_.tensors[static_cast<std::size_t>(node.inputs[0])];
        const QuantTensor& to = graph_.tensors[static_cast<std::size_t>(node.output)];
        const std::vector<std::uint8_t>& in = tensors_[static_cast<std::size_t>(node.inputs[0])];
        std::vector<std::uint8_t>& out = tensors_[static_cast<std::size_t>(node.output)];
        switch (node.kind) {
            case NodeKind::Conv: run_conv(n); break;
            case NodeKind::MaxPool: max_pool(node, from.shape, to.shape, in, out); break;
            case NodeKind::Clip:
                std::transform(in.begin(), in.end(), out.begin(),
                               [&](std::uint8_t v) { return static_cast<std::uint8_t>(std::clamp<std::int32_t>(v, node.lo, node.hi)); });
                break;
            case NodeKind::Add: {
                const QuantTensor& second = graph_.tensors[static_cast<std::size_t>(node.inputs[1])];
                std::transform(in.begin(), in.end(), tensors_[static_cast<std::size_t>(node.inputs[1])].begin(), out.begin(),
                               [&](std::uint8_t a, std::uint8_t b) {
                                   return hw::add_quantised(a, b, from.quant.scale, from.quant.zero, second.quant.scale, second.quant.zero,
                                                            to.quant.scale, to.quant.zero, node.lo, node.hi);
                               });
                break;
            }
            case NodeKind::Softmax:
                for (std::size_t at = 0; at < in.size(); at += static_cast<std::size_t>(from.shape.c)) {
                    hw::softmax_quantised(in.data() + at, out.data() + at, from.shape.c, from.quant.scale, to.quant.scale, to.quant.zero);
                }
                break;
            case NodeKind::Lut: std::transform(in.begin(), in.end(), out.begin(), [&](std::uint8_t v) { return node.table[v]; }); break;
            case NodeKind::AveragePool:
            case NodeKind::Mul:
            case NodeKind::PRelu:
            case NodeKind::Concat: throw InputError("node '" + node.name + "' (" + node.type + ") is not executed yet");
        }
    }
    std::vector<std::vector<std::uint8_t>> outputs;
    for (const TensorId output : graph_.outputs) {
        outputs.push_back(tensors_[static_cast<std::size_t>(output)]);
    }
    return outputs;
}

}  // namespace cim::compiler

#include "compiler/reference/integer_kernels.h"

#include <algorithm>

#include "hw_models/alu/arithmetic.h"

namespace cim::compiler {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// Calls visit(pixel) for each position of the map under the kernel at (oy, ox); pixel points to its channels.
template <typename Visit>
void for_each_tap(const QuantNode& node, const Shape3& shape, const Bytes& in, int oy, int ox, Visit visit) {
    for (int ky = 0; ky < node.kernel_h; ++ky) {
        const int y = oy * node.stride_h - node.pad_top + ky * node.dilation_h;
        for (int kx = 0; y >= 0 && y < shape.h && kx < node.kernel_w; ++kx) {
            const int x = ox * node.stride_w - node.pad_left + kx * node.dilation_w;
            if (x >= 0 && x < shape.w) {
                visit(in.data() + (static_cast<std::int64_t>(y) * shape.w + x) * shape.c);
            }
        }
    }
}

void max_pool(const QuantNode& node, const StoredTensor& in, const StoredTensor& out) {
    const Shape3& to = out.info->shape;
    std::fill(out.values->begin(), out.values->end(), std::uint8_t{0});
    for (int oy = 0; oy < to.h; ++oy) {
        for (int ox = 0; ox < to.w; ++ox) {
            std::uint8_t* best = out.values->data() + (static_cast<std::int64_t>(oy) * to.w + ox) * to.c;
            for_each_tap(node, in.info->shape, *in.values, oy, ox, [&](const std::uint8_t* pixel) {
                for (int c = 0; c < to.c; ++c) {
                    best[c] = std::max(best[c], pixel[c]);
                }
            });
        }
    }
}

void average_pool(const QuantNode& node, const StoredTensor& in, const StoredTensor& out) {
    const Shape3& to = out.info->shape;
    std::uint8_t* result = out.values->data();
    std::vector<std::int32_t> sums(static_cast<std::size_t>(to.c));
    for (int oy = 0; oy < to.h; ++oy) {
        for (int ox = 0; ox < to.w; ++ox) {
            std::fill(sums.begin(), sums.end(), 0);
            int inside = 0;
            for_each_tap(node, in.info->shape, *in.values, oy, ox, [&](const std::uint8_t* pixel) {
                ++inside;
                for (int c = 0; c < to.c; ++c) {
                    sums[static_cast<std::size_t>(c)] += pixel[c] - in.info->quant.zero;
                }
            });
            const int divisor = node.count_include_pad ? node.kernel_h * node.kernel_w : inside;
            for (const std::int32_t sum : sums) {
                *result++ = hw::average_quantised(sum, divisor, node.scale[0], out.info->quant.zero, node.lo, node.hi);
            }
        }
    }
}

void add(const QuantNode& node, const StoredTensor& a, const StoredTensor& b, const StoredTensor& out) {
    const QuantParams& qa = a.info->quant;
    const QuantParams& qb = b.info->quant;
    const QuantParams& q = out.info->quant;
    std::transform(a.values->begin(), a.values->end(), b.values->begin(), out.values->begin(), [&](std::uint8_t x, std::uint8_t y) {
        return hw::add_quantised(x, y, qa.scale, qa.zero, qb.scale, qb.zero, q.scale, q.zero, node.lo, node.hi);
    });
}

void multiply(const QuantNode& node, const StoredTensor& a, const StoredTensor& b, const StoredTensor& out) {
    const std::size_t period = b.values->size();  // one value a channel repeats at every position
    for (std::size_t i = 0; i < a.values->size(); ++i) {
        const std::int32_t product = ((*a.values)[i] - a.info->quant.zero) * ((*b.values)[i % period] - b.info->quant.zero);
        (*out.values)[i] = hw::requantise(product, node.scale[0], out.info->quant.zero, node.lo, node.hi);
    }
}

void prelu(const QuantNode& node, const StoredTensor& in, const StoredTensor& out) {
    for (std::size_t i = 0; i < in.values->size(); ++i) {
        const std::int32_t x = (*in.values)[i] - in.info->quant.zero;
        const std::size_t c = i % node.scale.size();
        (*out.values)[i] = hw::requantise(x, x < 0 ? node.negative_scale[c] : node.scale[c], out.info->quant.zero, node.lo, node.hi);
    }
}

void concat(const std::vector<StoredTensor>& inputs, const StoredTensor& out) {
    auto to = out.values->begin();
    for (std::int64_t position = 0; position < static_cast<std::int64_t>(out.info->shape.h) * out.info->shape.w; ++position) {
        for (const StoredTensor& input : inputs) {
            const int channels = input.info->shape.c;
            to = std::copy_n(input.values->begin() + position * channels, channels, to);
        }
    }
}

void softmax(const StoredTensor& in, const StoredTensor& out) {
    const int channels = in.info->shape.c;
    const QuantParams& to = out.info->quant;
    for (std::size_t at = 0; at < in.values->size(); at += static_cast<std::size_t>(channels)) {
        hw::softmax_quantised(in.values->data() + at, out.values->data() + at, channels, in.info->quant.scale, to.scale, to.zero);
    }
}

template <typename Function>
void each(const StoredTensor& in, const StoredTensor& out, Function function) {
    std::transform(in.values->begin(), in.values->end(), out.values->begin(), function);
}

}  // namespace

void execute_integer(const QuantNode& node, const std::vector<StoredTensor>& inputs, const StoredTensor& output) {
    const StoredTensor& in = inputs[0];
    switch (node.kind) {
        case NodeKind::Conv: break;
        case NodeKind::MaxPool: return max_pool(node, in, output);
        case NodeKind::AveragePool: return average_pool(node, in, output);
        case NodeKind::Clip:
            return each(in, output,
                        [&](std::uint8_t v) { return static_cast<std::uint8_t>(std::clamp<std::int32_t>(v, node.lo, node.hi)); });
        case NodeKind::Lut: return each(in, output, [&](std::uint8_t v) { return node.table[v]; });
        case NodeKind::Add: return add(node, in, inputs[1], output);
        case NodeKind::Mul: return multiply(node, in, inputs[1], output);
        case NodeKind::PRelu: return prelu(node, in, output);
        case NodeKind::Concat: return concat(inputs, output);
        case NodeKind::Softmax: return softmax(in, output);
    }
}

}  // namespace cim::compiler

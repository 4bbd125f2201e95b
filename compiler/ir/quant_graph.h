#pragma once
// The quantised network: what the integer reference executes, what the scheduler maps, what --emit-qdq writes. Activations uint8 with
// one scale and zero point a tensor, weights int8 symmetric with a scale per output channel, accumulators int32 (docs/numbers.md).
//
// Layout: activations are rows x columns x channels (HWC), a vector is 1 x 1 x N; batch is outside. A Flatten or Reshape between a
// feature map and a Gemm has been folded into the order of the weights, so none of them is left here.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/unary.h"

namespace cim::compiler {

using TensorId = int;
using NodeId = int;

struct Shape3 {
    int h = 1;
    int w = 1;
    int c = 1;
    std::int64_t count() const { return static_cast<std::int64_t>(h) * w * c; }
    friend bool operator==(const Shape3& a, const Shape3& b) { return a.h == b.h && a.w == b.w && a.c == b.c; }
};

/// real = scale * (stored - zero), stored in 0..255.
struct QuantParams {
    float scale = 1.0F;
    std::int32_t zero = 0;
};

struct QuantTensor {
    std::string name;
    Shape3 shape;
    QuantParams quant;
    std::vector<std::int64_t> onnx_shape;  ///< as in the ONNX network, for inputs and outputs
    int element_bytes = 1;                 ///< 4: sums between pieces of a Conv, which only a mapped network has
};

enum class NodeKind : std::uint8_t {
    Conv,  ///< also Gemm and MatMul with constant weights: kernel = the whole input, no padding
    MaxPool,
    Clip,  ///< Relu and friends that could not be fused: clamps the stored value to lo..hi; scale and zero unchanged
    Add,
    Softmax,      ///< over the channels
    Lut,          ///< any unary function of one stored value
    AveragePool,  ///< out = clamp(round_half_even(sum(x - input zero) * (scale[0] / divisor)) + zero, lo, hi), scale[0] = input scale /
                  ///< output scale; divisor: the window's taps, or those inside the map if not count_include_pad
    Mul,          ///< out = clamp(round_half_even((a - a zero) * (b - b zero) * scale[0]) + zero, lo, hi), scale[0] = a scale x b scale /
                  ///< output scale; b has the shape of a or is 1 x 1 x channels
    PRelu,   ///< out = clamp(round_half_even((x - input zero) * s) + zero, lo, hi), s = scale[channel], below zero negative_scale[channel]
    Concat,  ///< of channels; inputs and output have one scale and zero point
};

struct QuantNode {
    NodeKind kind = NodeKind::Conv;
    std::string name;  ///< ONNX name of the (first) node, made unique
    std::string type;  ///< ONNX types, "+" joined when fused: "Conv+Relu"
    std::vector<TensorId> inputs;
    TensorId output = -1;

    // Conv, MaxPool, AveragePool
    int kernel_h = 1, kernel_w = 1;
    int stride_h = 1, stride_w = 1;
    int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
    int dilation_h = 1, dilation_w = 1;

    bool count_include_pad = false;  ///< AveragePool

    // Conv. The matrix of the crossbars: rows in the order (kernel row, kernel column, input channel), a column per output channel;
    // matrix[row * cols + col]. Padding stands for the input's zero point. With groups, a column sees only the input channels of its
    // group: rows = kernel rows x kernel columns x channels of a group, column c belongs to group c / (cols / groups).
    int groups = 1;
    int rows = 0, cols = 0;
    std::vector<std::int8_t> matrix;
    /// Per channel: real bias in units of the accumulator, minus input zero point x sum of the column's weights. So that with
    /// x stored as uint8:  out = clamp(round_half_even((sum x*w + bias) * scale) + zero, lo, hi).
    std::vector<std::int32_t> bias;
    std::vector<float> scale;           ///< input scale x weight scale[channel] / output scale
    std::vector<float> negative_scale;  ///< Conv with a fused PRelu or LeakyRelu: takes the place of scale where sum + bias < 0; else empty
    std::vector<float> weight_scale;

    std::int32_t
        lo = 0,
        hi = 255;  ///< Conv, Clip, Add, Mul, AveragePool, PRelu: clamp of the stored value (a fused Relu has lo = output zero point)
    std::array<std::uint8_t, 256> table{};  ///< Lut
    std::vector<UnaryStep> steps;           ///< Lut: the real function that the table was made from; none: the value at another scale
};

struct QuantGraph {
    std::string name;
    std::vector<QuantTensor> tensors;
    std::vector<QuantNode> nodes;  ///< in topological order
    std::vector<TensorId> inputs;
    std::vector<TensorId> outputs;
};

}  // namespace cim::compiler

#pragma once
// The network in float32, as imported: near to ONNX (NCHW, one node an operator), but with every shape known and every constant inside
// the node that uses it. ONNX's spellings of one thing are one thing here: Gemm and MatMul; Relu and Clip; BatchNormalization, Add and
// Mul of constants; Flatten, Reshape, Squeeze and Unsqueeze; pools of a window and of the whole map (GlobalAveragePool, ReduceMean,
// GlobalMaxPool, ReduceMax).

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/float_tensor.h"
#include "compiler/ir/unary.h"

namespace cim::compiler {

using ValueId = int;

enum class Op : std::uint8_t {
    Conv,         ///< weight [O, C / groups, kernel rows, kernel columns], bias [O]; window, groups
    Gemm,         ///< [M, K] -> [M, O]: weight [O, K] (alpha and transpositions are in it), bias [O]
    Affine,       ///< x * weight[channel] + bias[channel]; channel is dimension 1
    Clip,         ///< to lo..hi; Relu is 0..infinity
    PRelu,        ///< weight[channel] * x below zero; LeakyRelu has one weight for all channels
    Unary,        ///< any other function of one value: steps
    MaxPool,      ///< window; padding never wins
    AveragePool,  ///< window, count_include_pad
    Reshape,      ///< same elements in the same order, shape that of the output
    Transpose,    ///< dimension d of the output is dimension order[d] of the input
    Pad,          ///< zeros around the map; pads of window
    Softmax,      ///< over dimension `axis`, or with axis_to_end over all dimensions from `axis` on taken as one
    Add,          ///< two computed values of the same shape
    Mul,          ///< two computed values; the second has the shape of the first or one value a channel ([1, C, 1, 1] for [1, C, H, W])
    Concat,       ///< of any number of computed values, along dimension `axis`
};

struct Window {
    int kernel_h = 1, kernel_w = 1;
    int stride_h = 1, stride_w = 1;
    int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
    int dilation_h = 1, dilation_w = 1;
    friend bool operator==(const Window& a, const Window& b) {
        return a.kernel_h == b.kernel_h && a.kernel_w == b.kernel_w && a.stride_h == b.stride_h && a.stride_w == b.stride_w &&
               a.pad_top == b.pad_top && a.pad_left == b.pad_left && a.pad_bottom == b.pad_bottom && a.pad_right == b.pad_right &&
               a.dilation_h == b.dilation_h && a.dilation_w == b.dilation_w;
    }
};

struct Value {
    std::string name;
    Dims shape;
};

struct Node {
    Op op = Op::Reshape;
    std::string name;  ///< of the ONNX node, or of its output if it has none; unique
    std::string type;  ///< ONNX operator types, "+" joined where nodes were merged
    std::vector<ValueId> inputs;
    ValueId output = -1;

    Window window;
    int groups = 1;
    bool count_include_pad = false;
    FloatTensor weight;
    std::vector<float> bias;
    float lo = 0, hi = 0;
    std::vector<UnaryStep> steps;
    std::vector<int> order;
    int axis = 0;
    bool axis_to_end = false;
};

struct Graph {
    std::string name;
    std::string source;  ///< file it came from, for messages
    std::vector<Value> values;
    std::vector<Node> nodes;  ///< in topological order
    std::vector<ValueId> inputs;
    std::vector<ValueId> outputs;

    /// How often each value is read, being a graph output counted as one reading.
    std::vector<int> use_counts() const;
    /// Node that gives each value, -1 for inputs.
    std::vector<int> producers() const;
    const Dims& shape(ValueId value) const { return values[static_cast<std::size_t>(value)].shape; }
    /// Removes the nodes that `gone` marks.
    void remove(const std::vector<bool>& gone);
    /// `FILE: node 'x' (Conv): what`
    std::string message(const Node& node, const std::string& what) const;
};

}  // namespace cim::compiler

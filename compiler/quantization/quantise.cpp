#include "compiler/quantization/quantise.h"

#include <algorithm>
#include <optional>

#include "compiler/error.h"
#include "compiler/quantization/params.h"
#include "compiler/reference/float_kernels.h"
#include "compiler/transform/passes.h"

namespace cim::compiler {
namespace {

/// What a shape of batch 1 is in rows x columns x channels; nothing for other ranks and batches.
std::optional<Shape3> shape3(const Dims& dims) {
    const auto n = [&](std::size_t d) { return static_cast<int>(dims[d]); };
    if (dims.size() == 4 && dims[0] == 1) {
        return Shape3{n(2), n(3), n(1)};
    }
    if (dims.size() == 2 && dims[0] == 1) {
        return Shape3{1, 1, n(1)};
    }
    if (dims.size() == 1) {
        return Shape3{1, 1, n(0)};
    }
    return std::nullopt;
}

class Quantiser {
  public:
    Quantiser(Graph& graph, const Ranges& ranges) : graph_(graph), ranges_(ranges) {}

    QuantGraph run() {
        fold_average_pool(graph_);
        uses_ = graph_.use_counts();
        tensor_of_.assign(graph_.values.size(), -1);
        fused_.assign(graph_.nodes.size(), false);
        out_.name = graph_.name;
        for (const ValueId input : graph_.inputs) {
            take_input(input);
        }
        for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
            if (!fused_[n]) {
                take_node(graph_.nodes[n]);
            }
        }
        for (const ValueId output : graph_.outputs) {
            take_output(output);
        }
        return std::move(out_);
    }

  private:
    const Dims& dims(ValueId value) const { return graph_.values[static_cast<std::size_t>(value)].shape; }
    const std::string& name(ValueId value) const { return graph_.values[static_cast<std::size_t>(value)].name; }
    [[noreturn]] void fail(const Node& node, const std::string& what) const { throw InputError(graph_.message(node, what)); }
    [[noreturn]] void fail(const std::string& what) const { throw InputError(graph_.source + ": " + what); }

    const QuantTensor& tensor(ValueId value) const { return out_.tensors[static_cast<std::size_t>(tensor_of_[value])]; }

    QuantParams calibrated(ValueId value) const {
        const auto found = ranges_.tensors.find(name(value));
        if (found == ranges_.tensors.end()) {
            fail("the ranges know nothing about tensor '" + name(value) + "': they were made for another network ('" + ranges_.network +
                 "')");
        }
        return choose_params(found->second);
    }

    void add_tensor(ValueId value, const Shape3& shape, QuantParams quant) {
        tensor_of_[value] = static_cast<TensorId>(out_.tensors.size());
        out_.tensors.push_back({name(value), shape, quant, {}});
    }

    /// An input is stored as the feature map that it is or, if it comes as a vector and is reshaped first of all, that it becomes.
    void take_input(ValueId input) {
        std::optional<Shape3> shape = shape3(dims(input));
        std::optional<Shape3> later;
        bool same = true;
        for (const Node& node : graph_.nodes) {
            if (std::find(node.inputs.begin(), node.inputs.end(), input) != node.inputs.end()) {
                const std::optional<Shape3> next = node.op == Op::Reshape ? shape3(dims(node.output)) : std::nullopt;
                same = same && next && (!later || *later == *next);
                later = next;
            }
        }
        if (later && same && (!shape || shape->h * shape->w == 1)) {
            shape = later;
        }
        if (!shape) {
            fail("input '" + name(input) + "' of shape " + to_string(dims(input)) +
                 " is neither a feature map (1xCxHxW) nor a vector (1xN) of batch 1");
        }
        add_tensor(input, *shape, calibrated(input));
        out_.tensors.back().onnx_shape = dims(input);
        out_.inputs.push_back(tensor_of_[input]);
    }

    void take_output(ValueId output) {
        const TensorId id = tensor_of_[output];
        QuantTensor& tensor = out_.tensors[static_cast<std::size_t>(id)];
        if (!tensor.onnx_shape.empty()) {
            fail("output '" + name(output) + "' is tensor '" + tensor.name + "', an input or another output, in another shape");
        }
        tensor.name = name(output);
        tensor.onnx_shape = dims(output);
        out_.outputs.push_back(id);
    }

    void take_node(Node& node) {
        const ValueId input = node.inputs[0];
        QuantNode made;
        made.name = node.name;
        made.type = node.type;
        switch (node.op) {
            case Op::Conv:
            case Op::Gemm: return take_matrix(node, made);
            case Op::Add: return take_add(node, made);
            case Op::Reshape: return take_reshape(node);
            case Op::MaxPool:
                need_map(node);
                made.kind = NodeKind::MaxPool;
                set_window(made, node.window);
                return emit(made, node, node.output, *shape3(dims(node.output)), tensor(input).quant);
            case Op::Clip:
                made.kind = NodeKind::Clip;
                clip(made, node, tensor(input).quant);
                return emit(made, node, node.output, tensor(input).shape, tensor(input).quant);
            case Op::Softmax:
                need_channels(node);
                made.kind = NodeKind::Softmax;
                return emit(made, node, node.output, tensor(input).shape, probability);
            case Op::LeakyRelu:
            case Op::Sigmoid:
            case Op::Tanh: {
                made.kind = NodeKind::Lut;
                const QuantParams quant = node.op == Op::Sigmoid ? probability : calibrated(node.output);
                for (int i = 0; i < 256; ++i) {
                    const float real = real_value(static_cast<std::uint8_t>(i), tensor(input).quant);
                    made.table[static_cast<std::size_t>(i)] = stored_value(unary_float(node, real), quant);
                }
                return emit(made, node, node.output, tensor(input).shape, quant);
            }
            case Op::GlobalAveragePool: fail(node, "is supported only with a Flatten and a Gemm behind it");
            case Op::Affine: fail(node, "cannot be merged: it does not follow a Conv, Gemm or MatMul whose result nobody else reads");
        }
    }

    void emit(QuantNode& made, const Node& node, ValueId output, const Shape3& shape, QuantParams quant) {
        for (const ValueId input : node.inputs) {
            made.inputs.push_back(tensor_of_[input]);
        }
        add_tensor(output, shape, quant);
        made.output = tensor_of_[output];
        out_.nodes.push_back(std::move(made));
    }

    /// Follows the Clips behind `node` that nobody bypasses, takes them into `made`, and returns the value behind the last of them.
    ValueId fuse_clips(const Node& node, std::vector<const Node*>& clips) {
        ValueId value = node.output;
        for (std::size_t n = 0; n < graph_.nodes.size() && uses_[value] == 1; ++n) {
            const Node& next = graph_.nodes[n];
            if (next.op == Op::Clip && next.inputs[0] == value) {
                clips.push_back(&next);
                fused_[n] = true;
                value = next.output;
            }
        }
        return value;
    }

    static void clip(QuantNode& made, const Node& node, const QuantParams& quant) {
        made.lo = std::max<std::int32_t>(made.lo, stored_value(node.lo, quant));
        made.hi = std::max<std::int32_t>(made.lo, std::min<std::int32_t>(made.hi, stored_value(node.hi, quant)));
    }

    QuantParams finish(QuantNode& made, ValueId output, const std::vector<const Node*>& clips) const {
        const QuantParams quant = calibrated(output);
        for (const Node* node : clips) {
            made.type += "+" + node->type;
            clip(made, *node, quant);
        }
        return quant;
    }

    void take_matrix(Node& node, QuantNode& made) {
        const ValueId input = node.inputs[0];
        Shape3 kernel = tensor(input).shape;
        if (node.op == Op::Conv) {
            need_map(node);
            set_window(made, node.window);
            kernel.h = node.window.kernel_h;
            kernel.w = node.window.kernel_w;
        } else if (dims(input)[0] != 1) {
            fail(node, "its input has the shape " + to_string(dims(input)) + "; only one row is supported");
        }
        std::vector<const Node*> clips;
        const ValueId output = fuse_clips(node, clips);
        const QuantParams quant = finish(made, output, clips);
        const std::string trouble = quantise_weights(node.weight.data, node.bias, kernel, tensor(input).quant, quant, made);
        if (!trouble.empty()) {
            fail(node, trouble);
        }
        node.weight = {};  // the float weights of a large network are not kept beside the integer ones
        emit(made, node, output, *shape3(dims(output)), quant);
    }

    void take_add(const Node& node, QuantNode& made) {
        const Shape3 shape = tensor(node.inputs[0]).shape;
        if (!(shape == tensor(node.inputs[1]).shape)) {
            fail(node, "one of its inputs is a flattened feature map, the other is not");
        }
        made.kind = NodeKind::Add;
        std::vector<const Node*> clips;
        const ValueId output = fuse_clips(node, clips);
        const QuantParams quant = finish(made, output, clips);
        emit(made, node, output, shape, quant);
    }

    /// The same stored tensor under another shape, if no element needs to move.
    void take_reshape(const Node& node) {
        const ValueId input = node.inputs[0];
        const std::optional<Shape3> to = shape3(dims(node.output));
        if (!to || !(*to == tensor(input).shape || to->h * to->w == 1)) {
            fail(node, "shape " + to_string(dims(input)) + " to " + to_string(dims(node.output)) +
                           ": only the flattening of a feature map, and its reverse, are supported");
        }
        tensor_of_[node.output] = tensor_of_[input];
    }

    /// The input is used as the feature map as which it is stored.
    void need_map(const Node& node) const {
        const std::optional<Shape3> shape = shape3(dims(node.inputs[0]));
        if (!shape || !(*shape == tensor(node.inputs[0]).shape)) {
            fail(node, "its input of shape " + to_string(dims(node.inputs[0])) + " is a reshaped tensor; only Gemm can read that");
        }
    }

    void need_channels(const Node& node) const {
        const Dims& shape = dims(node.inputs[0]);
        const Shape3& stored = tensor(node.inputs[0]).shape;
        const auto axis = shape.begin() + node.axis;
        const std::int64_t n = node.axis_to_end ? count(Dims(axis, shape.end())) : *axis;
        const bool per_position = !node.axis_to_end && node.axis == 1 && shape.size() == 4 && shape3(shape) == stored;
        if (!(stored.h * stored.w == 1 && n == stored.c) && !per_position) {
            fail(node, "over axis " + std::to_string(node.axis) + " of a tensor of shape " + to_string(shape) +
                           " is not supported (over the channels is)");
        }
    }

    static void set_window(QuantNode& made, const Window& w) {
        made.kernel_h = w.kernel_h;
        made.kernel_w = w.kernel_w;
        made.stride_h = w.stride_h;
        made.stride_w = w.stride_w;
        made.pad_top = w.pad_top;
        made.pad_left = w.pad_left;
        made.pad_bottom = w.pad_bottom;
        made.pad_right = w.pad_right;
        made.dilation_h = w.dilation_h;
        made.dilation_w = w.dilation_w;
    }

    static constexpr QuantParams probability{1.0F / 256.0F, 0};

    Graph& graph_;
    const Ranges& ranges_;
    QuantGraph out_;
    std::vector<int> uses_;
    std::vector<TensorId> tensor_of_;  ///< of each value; a reshaped value has that of the value it came from
    std::vector<bool> fused_;
};

}  // namespace

QuantGraph quantise(Graph graph, const Ranges& ranges) {
    return Quantiser(graph, ranges).run();
}

}  // namespace cim::compiler

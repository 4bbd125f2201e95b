#include "compiler/quantization/quantise.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/error.h"
#include "compiler/quantization/activations.h"
#include "compiler/quantization/fusion.h"
#include "compiler/quantization/params.h"
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
    /// `graph` is used up.
    Quantiser(Graph& graph, const Ranges& ranges)
        : graph_(graph),
          ranges_(ranges),
          fusion_(plan_fusion(graph)),
          activations_(graph, fusion_, ranges),
          tensor_of_(graph.values.size(), -1) {}

    QuantGraph run() {
        out_.name = graph_.name;
        for (const ValueId input : graph_.inputs) {
            take_input(input);
        }
        for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
            if (!fusion_.fused[n]) {
                take_node(n);
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
        add_tensor(input, *shape, activations_.params(input));
        out_.tensors.back().onnx_shape = dims(input);
        out_.inputs.push_back(tensor_of_[input]);
    }

    void take_output(ValueId output) {
        const TensorId id = tensor_of_[output];
        QuantTensor& tensor = out_.tensors[static_cast<std::size_t>(id)];
        if (dims(output).size() == 4 && !(*shape3(dims(output)) == tensor.shape)) {
            fail("output '" + name(output) + "' is a reshaped tensor; only the flattening of a feature map is supported");
        }
        if (!tensor.onnx_shape.empty()) {
            fail("output '" + name(output) + "' is tensor '" + tensor.name + "', an input or another output, in another shape");
        }
        tensor.name = name(output);
        tensor.onnx_shape = dims(output);
        out_.outputs.push_back(id);
    }

    void take_node(std::size_t n) {
        Node& node = graph_.nodes[n];
        QuantNode made;
        made.name = node.name;
        made.type = node.type;
        switch (node.op) {
            case Op::Conv:
            case Op::Gemm:
            case Op::Affine: return take_matrix(n, made);
            case Op::Add: return take_add(n, made);
            case Op::Mul: return take_mul(n, made);
            case Op::Concat: return take_concat(n, made);
            case Op::AveragePool: return take_average_pool(n, made);
            case Op::PRelu: return node.weight.data.size() == 1 ? take_table(n, made) : take_prelu(n, made);
            case Op::Unary: return take_table(n, made);
            case Op::MaxPool:
                need_map(node);
                made.kind = NodeKind::MaxPool;
                set_window(made, node.window);
                return emit(made, n, *shape3(dims(node.output)));
            case Op::Clip:
                made.kind = NodeKind::Clip;
                clip(made, node, tensor(node.inputs[0]).quant);
                return emit(made, n, tensor(node.inputs[0]).shape);
            case Op::Softmax:
                need_channels(node);
                made.kind = NodeKind::Softmax;
                return emit(made, n, tensor(node.inputs[0]).shape);
            case Op::Reshape: tensor_of_[node.output] = tensor_of_[node.inputs[0]]; return;
            case Op::Transpose: fail(node, "is supported only where it moves no element or leads to a Gemm of one row");
            case Op::Pad: fail(node, "is supported only in front of Conv");
        }
    }

    /// Appends `made`, whose result is that of node n with what is fused into it.
    void emit(QuantNode& made, std::size_t n, Shape3 shape) {
        check_scales(made, n);
        if (made.inputs.empty()) {
            for (const ValueId input : graph_.nodes[n].inputs) {
                made.inputs.push_back(tensor_of_[input]);
            }
        }
        const ValueId result = fusion_.results[n];
        add_tensor(result, shape, activations_.params(result));
        made.output = tensor_of_[result];
        out_.nodes.push_back(std::move(made));
    }

    void check_scales(const QuantNode& made, std::size_t n) const {
        const auto finite = [](const std::vector<float>& scales) {
            return std::all_of(scales.begin(), scales.end(), [](float s) { return std::isfinite(s); });
        };
        if (!finite(made.scale) || !finite(made.negative_scale)) {
            fail(graph_.nodes[n], "its scales do not fit a float32");
        }
    }

    static void clip(QuantNode& made, const Node& node, const QuantParams& quant) {
        made.lo = std::max<std::int32_t>(made.lo, stored_value(node.lo, quant));
        made.hi = std::max<std::int32_t>(made.lo, std::min<std::int32_t>(made.hi, stored_value(node.hi, quant)));
    }

    /// Takes the Clips behind node n into its clamp; returns the slopes of a PRelu behind it, empty without one.
    std::vector<float> fuse_tail(std::size_t n, QuantNode& made) const {
        std::vector<float> slopes;
        for (const int t : fusion_.tails[n]) {
            const Node& next = graph_.nodes[static_cast<std::size_t>(t)];
            made.type += "+" + next.type;
            if (next.op == Op::PRelu) {
                slopes = next.weight.data;
            } else {
                clip(made, next, result_params(n));
            }
        }
        return slopes;
    }

    QuantParams result_params(std::size_t n) const { return activations_.params(fusion_.results[n]); }

    void take_matrix(std::size_t n, QuantNode& made) {
        Node& node = graph_.nodes[n];
        const QuantTensor& input = tensor(node.inputs[0]);
        Shape3 shape{1, 1, static_cast<int>(node.bias.size())};
        Shape3 kernel = input.shape;
        if (node.op == Op::Conv) {
            need_map(node);
            set_window(made, node.window);
            made.groups = node.groups;
            kernel = {node.window.kernel_h, node.window.kernel_w, input.shape.c / node.groups};
            shape = *shape3(dims(node.output));
        } else if (node.op == Op::Affine) {
            if (input.shape.c != shape.c) {
                fail(node, "its input is a flattened feature map; one value a channel is not possible there");
            }
            made.groups = shape.c;
            kernel = {1, 1, 1};
            shape = input.shape;
        } else if (dims(node.inputs[0])[0] != 1) {
            fail(node, "its input has the shape " + to_string(dims(node.inputs[0])) + "; only one row is supported");
        }
        const std::vector<float> slopes = fuse_tail(n, made);
        const std::string trouble =
            quantise_weights(node.weight.data, node.bias, kernel, input.quant, result_params(n), made, means_of(input), slopes);
        if (!trouble.empty()) {
            fail(node, trouble);
        }
        node.weight = {};  // the float weights of a large network are not kept beside the integer ones
        emit(made, n, shape);
    }

    /// Mean of each channel of a tensor, empty if the ranges do not hold it.
    std::vector<float> means_of(const QuantTensor& tensor) const {
        const auto found = ranges_.means.find(tensor.name);
        const bool fits = found != ranges_.means.end() && static_cast<int>(found->second.size()) == tensor.shape.c;
        return fits ? found->second : std::vector<float>{};
    }

    void take_add(std::size_t n, QuantNode& made) {
        const Node& node = graph_.nodes[n];
        const Shape3 shape = tensor(node.inputs[0]).shape;
        if (!(shape == tensor(node.inputs[1]).shape)) {
            fail(node, "one of its inputs is a flattened feature map, the other is not");
        }
        made.kind = NodeKind::Add;
        fuse_tail(n, made);
        emit(made, n, shape);
    }

    void take_mul(std::size_t n, QuantNode& made) {
        const Node& node = graph_.nodes[n];
        const QuantTensor& a = tensor(node.inputs[0]);
        const QuantTensor& b = tensor(node.inputs[1]);
        if (!(a.shape == b.shape || b.shape == Shape3{1, 1, a.shape.c})) {
            fail(node, "one of its inputs is a flattened feature map, the other is not");
        }
        made.kind = NodeKind::Mul;
        made.scale = {a.quant.scale * b.quant.scale / result_params(n).scale};
        fuse_tail(n, made);
        emit(made, n, a.shape);
    }

    void take_average_pool(std::size_t n, QuantNode& made) {
        const Node& node = graph_.nodes[n];
        need_map(node);
        made.kind = NodeKind::AveragePool;
        set_window(made, node.window);
        made.count_include_pad = node.count_include_pad;
        made.scale = {tensor(node.inputs[0]).quant.scale / result_params(n).scale};
        fuse_tail(n, made);
        emit(made, n, *shape3(dims(node.output)));
    }

    void take_prelu(std::size_t n, QuantNode& made) {
        const Node& node = graph_.nodes[n];
        const QuantTensor& input = tensor(node.inputs[0]);
        if (input.shape.c != static_cast<int>(node.weight.data.size())) {
            fail(node, "its input is a flattened feature map; one slope a channel is not possible there");
        }
        made.kind = NodeKind::PRelu;
        for (const float slope : node.weight.data) {
            made.scale.push_back(input.quant.scale / result_params(n).scale);
            made.negative_scale.push_back(made.scale.back() * slope);
        }
        fuse_tail(n, made);
        emit(made, n, input.shape);
    }

    void fill_table(QuantNode& made, const QuantParams& from, const QuantParams& to) const {
        for (int i = 0; i < 256; ++i) {
            const double real = static_cast<double>(real_value(static_cast<std::uint8_t>(i), from));
            made.table[static_cast<std::size_t>(i)] = stored_value(static_cast<float>(evaluate(made.steps, real)), to);
        }
    }

    void take_table(std::size_t n, QuantNode& made) {
        const Node& node = graph_.nodes[n];
        const QuantTensor& input = tensor(node.inputs[0]);
        made.kind = NodeKind::Lut;
        made.steps = node.op == Op::PRelu ? std::vector<UnaryStep>{{find_unary("LeakyRelu"), node.weight.data[0], 0, false}} : node.steps;
        fill_table(made, input.quant, result_params(n));
        emit(made, n, input.shape);
    }

    void take_concat(std::size_t n, QuantNode& made) {
        const Node& node = graph_.nodes[n];
        Shape3 shape = tensor(node.inputs[0]).shape;
        shape.c = 0;
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
            const std::optional<Shape3> part = shape3(dims(node.inputs[i]));
            if (!part || !(*part == tensor(node.inputs[i]).shape) || node.axis != 1 || dims(node.inputs[i]).size() < 2) {
                fail(node, "of shape " + to_string(dims(node.inputs[i])) + " along axis " + std::to_string(node.axis) +
                               " is not supported (along the channels of feature maps or vectors is)");
            }
            shape.c += part->c;
            made.inputs.push_back(activations_.needs_rescaling(static_cast<int>(n), i) ? rescaled(n, i) : tensor_of_[node.inputs[i]]);
        }
        made.kind = NodeKind::Concat;
        emit(made, n, shape);
    }

    /// Input i of the Concat at the scale of its result.
    TensorId rescaled(std::size_t n, std::size_t i) {
        const Node& node = graph_.nodes[n];
        const QuantTensor input = tensor(node.inputs[i]);
        QuantNode made;
        made.kind = NodeKind::Lut;
        made.name = node.name + "_input" + std::to_string(i);
        made.type = "Rescale";
        made.inputs = {tensor_of_[node.inputs[i]]};
        made.output = static_cast<TensorId>(out_.tensors.size());
        fill_table(made, input.quant, result_params(n));
        out_.tensors.push_back({input.name + "_for_" + node.name, input.shape, result_params(n), {}});
        out_.nodes.push_back(std::move(made));
        return out_.nodes.back().output;
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

    Graph& graph_;
    const Ranges& ranges_;
    const Fusion fusion_;
    const Activations activations_;
    QuantGraph out_;
    std::vector<TensorId> tensor_of_;  ///< of each value; a reshaped value has that of the value it came from
};

}  // namespace

QuantGraph quantise(Graph graph, const Ranges& ranges) {
    fold_average_pool(graph);
    return Quantiser(graph, ranges).run();
}

}  // namespace cim::compiler

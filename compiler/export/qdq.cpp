#include "compiler/export/qdq.h"

#include <algorithm>

#include "compiler/export/onnx_writer.h"
#include "compiler/io/file.h"

namespace cim::compiler {
namespace {

constexpr int qdq_opset = 14;  // the first with HardSwish

using Shape = std::vector<std::int64_t>;

Shape nchw(const Shape3& shape) {
    return {1, shape.c, shape.h, shape.w};
}

class QdqWriter {
  public:
    explicit QdqWriter(const QuantGraph& graph) : graph_(graph), out_(graph.name, qdq_opset), values_(graph.tensors.size()) {
        for (const QuantTensor& tensor : graph.tensors) {
            out_.reserve(tensor.name);
        }
    }

    std::string write() {
        for (const TensorId input : graph_.inputs) {
            take_input(input);
        }
        for (const QuantNode& node : graph_.nodes) {
            take_node(node);
        }
        for (const TensorId output : graph_.outputs) {
            take_output(output);
        }
        return out_.bytes();
    }

  private:
    const QuantTensor& tensor(TensorId id) const { return graph_.tensors[static_cast<std::size_t>(id)]; }
    /// Name of a tensor's dequantised value, as a map.
    std::string& value(TensorId id) { return values_[static_cast<std::size_t>(id)]; }

    /// The dequantised map of an output whose shape is another one has a name of its own.
    std::string value_name(TensorId id) {
        const QuantTensor& t = tensor(id);
        return t.onnx_shape.empty() || t.onnx_shape == nchw(t.shape) ? t.name : out_.fresh(t.name + "_map");
    }

    void quantise(TensorId id, const std::string& real, const std::string& dequantised) {
        const QuantTensor& t = tensor(id);
        const std::string scale = out_.floats(t.name + "_scale", {}, {t.quant.scale});
        const std::string zero = out_.uint8(t.name + "_zero", static_cast<std::uint8_t>(t.quant.zero));
        const std::string stored = out_.fresh(t.name + "_stored");
        out_.node("QuantizeLinear", {real, scale, zero}, stored);
        out_.node("DequantizeLinear", {stored, scale, zero}, dequantised);
        value(id) = dequantised;
    }

    std::string apply(const std::string& type, const std::vector<std::string>& inputs, const std::string& name) {
        const std::string output = out_.fresh(name);
        last_ = &out_.node(type, inputs, output);
        return output;
    }

    void take_input(TensorId id) {
        const QuantTensor& t = tensor(id);
        out_.input(t.name, t.onnx_shape);
        std::string real = t.name;
        if (t.onnx_shape != nchw(t.shape)) {
            real = apply("Reshape", {real, out_.int64s(t.name + "_shape", nchw(t.shape))}, t.name + "_map");
        }
        quantise(id, real, out_.fresh(t.name + "_value"));
    }

    void take_output(TensorId id) {
        const QuantTensor& t = tensor(id);
        if (value(id) != t.name) {
            out_.node("Reshape", {value(id), out_.int64s(t.name + "_shape", t.onnx_shape)}, t.name);
        }
        out_.output(t.name, t.onnx_shape);
    }

    void take_node(const QuantNode& node) {
        std::vector<std::string> inputs;
        for (const TensorId input : node.inputs) {
            inputs.push_back(value(input));
        }
        const std::string name = tensor(node.output).name;
        std::string real;
        switch (node.kind) {
            case NodeKind::Conv: real = conv(node, inputs[0], name); break;
            case NodeKind::MaxPool:
                real = apply("MaxPool", inputs, name + "_real");
                set_window(node);
                break;
            case NodeKind::AveragePool:
                real = apply("AveragePool", inputs, name + "_real");
                set_window(node);
                set_attribute(*last_, "count_include_pad", std::int64_t{node.count_include_pad});
                break;
            case NodeKind::Clip: real = inputs[0]; break;
            case NodeKind::Add: real = apply("Add", inputs, name + "_real"); break;
            case NodeKind::Mul: real = apply("Mul", inputs, name + "_real"); break;
            case NodeKind::PRelu: real = prelu(node, inputs[0], name); break;
            case NodeKind::Concat:
                real = apply("Concat", inputs, name + "_real");
                set_attribute(*last_, "axis", std::int64_t{1});
                break;
            case NodeKind::Softmax:
                real = apply("Softmax", inputs, name + "_real");
                set_attribute(*last_, "axis", std::int64_t{1});
                break;
            case NodeKind::Lut: real = function(node, inputs[0], name); break;
        }
        quantise(node.output, clipped(node, real, name), value_name(node.output));
    }

    void set_window(const QuantNode& node) {
        set_attribute(*last_, "kernel_shape", Shape{node.kernel_h, node.kernel_w});
        set_attribute(*last_, "strides", Shape{node.stride_h, node.stride_w});
        set_attribute(*last_, "pads", Shape{node.pad_top, node.pad_left, node.pad_bottom, node.pad_right});
        if (node.dilation_h * node.dilation_w != 1) {
            set_attribute(*last_, "dilations", Shape{node.dilation_h, node.dilation_w});
        }
    }

    /// The matrix in ONNX's order, [output channel][channel of the group][kernel row][kernel column].
    static std::vector<std::int8_t> weights_of(const QuantNode& node) {
        const int taps = node.kernel_h * node.kernel_w;
        const int channels = node.rows / taps;
        std::vector<std::int8_t> weights;
        weights.reserve(node.matrix.size());
        for (int col = 0; col < node.cols; ++col) {
            for (int c = 0; c < channels; ++c) {
                for (int tap = 0; tap < taps; ++tap) {
                    weights.push_back(node.matrix[(static_cast<std::size_t>(tap) * channels + c) * node.cols + col]);
                }
            }
        }
        return weights;
    }

    std::string conv(const QuantNode& node, const std::string& input, const std::string& name) {
        const QuantParams& quant = tensor(node.inputs[0]).quant;
        std::vector<std::int32_t> bias = node.bias;
        std::vector<float> bias_scale;
        for (int col = 0; col < node.cols; ++col) {
            for (int row = 0; row < node.rows; ++row) {
                bias[col] += quant.zero * node.matrix[static_cast<std::size_t>(row) * node.cols + col];
            }
            bias_scale.push_back(quant.scale * node.weight_scale[col]);
        }
        const Shape shape{node.cols, node.rows / (node.kernel_h * node.kernel_w), node.kernel_h, node.kernel_w};
        const Shape channels{node.cols};
        const std::string weight = apply(
            "DequantizeLinear",
            {out_.int8s(name + "_weight_stored", shape, weights_of(node)), out_.floats(name + "_weight_scale", channels, node.weight_scale),
             out_.int8s(name + "_weight_zero", channels, std::vector<std::int8_t>(node.cols, 0))},
            name + "_weight");
        set_attribute(*last_, "axis", std::int64_t{0});
        const std::string offset =
            apply("DequantizeLinear", {out_.int32s(name + "_bias_stored", bias), out_.floats(name + "_bias_scale", channels, bias_scale)},
                  name + "_bias");
        set_attribute(*last_, "axis", std::int64_t{0});
        std::string real = apply("Conv", {input, weight, offset}, name + "_conv");
        set_window(node);
        set_attribute(*last_, "group", std::int64_t{node.groups});
        return node.negative_scale.empty() ? real : prelu(node, real, name);
    }

    std::string prelu(const QuantNode& node, const std::string& input, const std::string& name) {
        std::vector<float> slopes;
        for (std::size_t c = 0; c < node.scale.size(); ++c) {
            slopes.push_back(node.negative_scale[c] / node.scale[c]);
        }
        const auto channels = static_cast<std::int64_t>(slopes.size());
        return apply("PRelu", {input, out_.floats(name + "_slope", {channels, 1, 1}, slopes)}, name + "_real");
    }

    std::string number(const std::string& name, float value) { return out_.floats(name, {}, {value}); }

    std::string function(const QuantNode& node, const std::string& input, const std::string& name) {
        std::string real = input;
        for (const UnaryStep& step : node.steps) {
            real = one_step(step, real, name + "_" + step.function->type);
            if (step.times_input) {
                real = apply("Mul", {input, real}, name + "_times");
            }
        }
        return real;
    }

    std::string one_step(const UnaryStep& step, const std::string& input, const std::string& name) {
        const std::string type = step.function->type;
        if (type == "Affine") {
            const std::string product = apply("Mul", {input, number(name + "_factor", step.alpha)}, name + "_product");
            return apply("Add", {product, number(name + "_summand", step.beta)}, name);
        }
        if (type == "Clip") {
            return apply("Clip", {input, number(name + "_min", step.alpha), number(name + "_max", step.beta)}, name);
        }
        if (type == "Pow") {
            return apply("Pow", {input, number(name + "_exponent", step.alpha)}, name);
        }
        const std::string output = apply(type, {input}, name);
        if (step.function->alpha != nullptr) {
            set_attribute(*last_, step.function->alpha, step.alpha);
        }
        if (step.function->beta != nullptr) {
            set_attribute(*last_, step.function->beta, step.beta);
        }
        return output;
    }

    /// The clamp of stored values, of real ones.
    std::string clipped(const QuantNode& node, const std::string& real, const std::string& name) {
        const QuantParams& quant = tensor(node.output).quant;
        if (node.lo <= 0 && node.hi >= 255) {
            return real;
        }
        if (node.lo == quant.zero && node.hi == 255) {
            return apply("Relu", {real}, name + "_relu");
        }
        const auto bound = [&](std::int32_t stored) { return quant.scale * static_cast<float>(stored - quant.zero); };
        return apply("Clip", {real, number(name + "_min", bound(node.lo)), number(name + "_max", bound(node.hi))}, name + "_clip");
    }

    const QuantGraph& graph_;
    OnnxWriter out_;
    std::vector<std::string> values_;  ///< of each tensor
    onnx::NodeProto* last_ = nullptr;  ///< the node that apply added
};

}  // namespace

void write_qdq(const std::filesystem::path& path, const QuantGraph& graph) {
    write_file_atomically(path, QdqWriter(graph).write());
}

}  // namespace cim::compiler

// Operators beyond the plain convolutional network: what they become, and that they keep their values.

#include <catch2/catch.hpp>

#include "compiler/quantization/quantise.h"
#include "tests/compiler/quantised.h"

using namespace cim::compiler;
using namespace cim::test;
using Catch::Matchers::Contains;

namespace {

std::vector<NodeKind> kinds(const QuantGraph& graph) {
    std::vector<NodeKind> out;
    for (const QuantNode& node : graph.nodes) {
        out.push_back(node.kind);
    }
    return out;
}

bool same(const QuantTensor& a, const QuantTensor& b) {
    return a.quant.scale == b.quant.scale && a.quant.zero == b.quant.zero;
}

const QuantTensor& tensor(const QuantGraph& graph, TensorId id) {
    return graph.tensors[static_cast<std::size_t>(id)];
}

}  // namespace

TEST_CASE("grouped and depthwise convolutions keep their groups", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 6, 9, 9}).output("y").weights("w", {4, 3, 3, 3}).weights("wd", {4, 1, 3, 3}).weights("wm", {8, 1, 1, 1});
    auto& grouped = m.node("Conv", {"x", "w"}, {"g"});
    set_integer(grouped, "group", 2);
    auto& depthwise = m.node("Conv", {"g", "wd"}, {"d"});
    set_integer(depthwise, "group", 4);
    set_integers(depthwise, "strides", {2, 2});
    set_text(depthwise, "auto_pad", "SAME_UPPER");
    set_integer(m.node("Conv", {"d", "wm"}, {"y"}), "group", 4);
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(quant.nodes.size() == 3);
    CHECK(quant.nodes[0].groups == 2);
    CHECK(quant.nodes[0].rows == 27);
    CHECK(quant.nodes[0].cols == 4);
    CHECK(quant.nodes[1].groups == 4);
    CHECK(quant.nodes[1].rows == 9);
    CHECK(quant.nodes[2].rows == 1);
    CHECK(quant.nodes[2].cols == 8);
    CHECK(fidelity(graph, quant) > 35);
}

TEST_CASE("PRelu and LeakyRelu go into the convolution before they round", "[compiler][quantization]") {
    const bool leaky = GENERATE(true, false);
    ModelBuilder m;
    m.input("x", {1, 2, 6, 6}).output("y").weights("w", {3, 2, 3, 3}).floats("s", {3, 1, 1}, {0.5F, -0.25F, 0});
    m.node("Conv", {"x", "w"}, {"c"});
    if (leaky) {
        set_real(m.node("LeakyRelu", {"c"}, {"y"}), "alpha", 0.5F);
    } else {
        m.node("PRelu", {"c", "s"}, {"y"});
    }
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(quant.nodes.size() == 1);
    const QuantNode& conv = quant.nodes[0];
    CHECK(conv.type == (leaky ? "Conv+LeakyRelu" : "Conv+PRelu"));
    REQUIRE(conv.negative_scale.size() == 3);
    CHECK(conv.negative_scale[0] == conv.scale[0] * 0.5F);
    CHECK(conv.negative_scale[1] == conv.scale[1] * (leaky ? 0.5F : -0.25F));
    CHECK(conv.negative_scale[2] == conv.scale[2] * (leaky ? 0.5F : 0.0F));
    CHECK(fidelity(graph, quant) > 38);
}

TEST_CASE("a PRelu that others bypass is an operator of its own", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 2, 6, 6}).output("y").weights("w", {3, 2, 3, 3}).floats("s", {1, 3, 1, 1}, {0.5F, -0.25F, 0.1F});
    m.node("Conv", {"x", "w"}, {"c"});
    m.node("PRelu", {"c", "s"}, {"p"});
    m.node("Add", {"c", "p"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(kinds(quant) == std::vector<NodeKind>{NodeKind::Conv, NodeKind::PRelu, NodeKind::Add});
    CHECK(quant.nodes[1].negative_scale[1] == quant.nodes[1].scale[1] * -0.25F);
    CHECK(fidelity(graph, quant) > 36);
}

TEST_CASE("average pools, alone and with a Relu", "[compiler][quantization]") {
    const bool include_pad = GENERATE(true, false);
    ModelBuilder m;
    m.input("x", {1, 3, 7, 7}).output("y");
    auto& pool = m.node("AveragePool", {"x"}, {"p"});
    set_integers(pool, "kernel_shape", {3, 3});
    set_integers(pool, "strides", {2, 2});
    set_integers(pool, "pads", {1, 1, 1, 1});
    set_integer(pool, "count_include_pad", include_pad ? 1 : 0);
    m.node("Relu", {"p"}, {"r"});
    m.node("GlobalAveragePool", {"r"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(kinds(quant) == std::vector<NodeKind>{NodeKind::AveragePool, NodeKind::AveragePool});
    CHECK(quant.nodes[0].type == "AveragePool+Relu");
    CHECK(quant.nodes[0].count_include_pad == include_pad);
    CHECK(quant.nodes[0].lo == tensor(quant, quant.nodes[0].output).quant.zero);
    CHECK(quant.nodes[1].kernel_h == 4);
    CHECK(fidelity(graph, quant) > 36);
}

TEST_CASE("a large classifier keeps its pool", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 40, 6, 6}).output("y").weights("w", {50, 40});
    m.node("GlobalAveragePool", {"x"}, {"p"});
    m.node("Flatten", {"p"}, {"f"});
    set_integer(m.node("Gemm", {"f", "w"}, {"y"}), "transB", 1);
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    CHECK(kinds(quant) == std::vector<NodeKind>{NodeKind::AveragePool, NodeKind::Conv});
    CHECK(quant.nodes[1].rows == 40);
    CHECK(fidelity(graph, quant) > 36);
}

TEST_CASE("products of two tensors, and of a map with one value a channel", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 3, 5, 5}).output("y").weights("w", {3, 3, 1, 1});
    m.node("GlobalAveragePool", {"x"}, {"p"});
    m.node("Conv", {"p", "w"}, {"c"});
    m.node("Sigmoid", {"c"}, {"gate"});
    m.node("Mul", {"gate", "x"}, {"scaled"});
    m.node("Mul", {"scaled", "x"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(kinds(quant) == std::vector<NodeKind>{NodeKind::AveragePool, NodeKind::Conv, NodeKind::Lut, NodeKind::Mul, NodeKind::Mul});
    CHECK(tensor(quant, quant.nodes[3].inputs[1]).shape == Shape3{1, 1, 3});
    CHECK(fidelity(graph, quant) > 36);
}

TEST_CASE("parts of a Concat share its scale", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 3, 6, 6}).output("y").weights("w", {4, 3, 3, 3});
    set_integers(m.node("Conv", {"x", "w"}, {"c"}), "pads", {1, 1, 1, 1});
    auto& pool = m.node("MaxPool", {"x"}, {"p"});
    set_integers(pool, "kernel_shape", {3, 3});
    set_integers(pool, "pads", {1, 1, 1, 1});
    set_integer(m.node("Concat", {"c", "p", "c"}, {"j"}), "axis", 1);
    m.node("Relu", {"j"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(kinds(quant) == std::vector<NodeKind>{NodeKind::Conv, NodeKind::MaxPool, NodeKind::Concat, NodeKind::Clip});
    const QuantNode& concat = quant.nodes[2];
    for (const TensorId input : concat.inputs) {
        CHECK(same(tensor(quant, input), tensor(quant, concat.output)));
    }
    CHECK(tensor(quant, concat.output).shape == Shape3{6, 6, 11});
    CHECK(fidelity(graph, quant) > 36);
}

TEST_CASE("a part of a Concat that needs its own scale is rescaled", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 3}).output("y").floats("tiny", {2, 3}, {.01F, .02F, .01F, .03F, .01F, .02F}).weights("w", {3, 2}).weights("v", {4, 3});
    set_integer(m.node("Gemm", {"x", "tiny"}, {"t"}), "transB", 1);
    set_integer(m.node("Gemm", {"x", "v"}, {"g"}), "transB", 1);
    m.node("Softmax", {"x"}, {"s"});
    set_integer(m.node("Concat", {"g", "t", "s"}, {"j"}), "axis", 1);
    m.node("Tanh", {"t"}, {"u"});
    set_integer(m.node("Concat", {"j", "u"}, {"y"}), "axis", 1);
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    // t is also read by Tanh, and s is probabilities; u is read by the Concat alone and so takes its scale.
    REQUIRE(kinds(quant) == std::vector<NodeKind>{NodeKind::Conv, NodeKind::Conv, NodeKind::Softmax, NodeKind::Lut, NodeKind::Lut,
                                                  NodeKind::Concat, NodeKind::Lut, NodeKind::Concat});
    CHECK(quant.nodes[3].type == "Rescale");
    CHECK(quant.nodes[3].steps.empty());
    for (const std::size_t n : {5, 7}) {
        for (const TensorId input : quant.nodes[n].inputs) {
            CHECK(same(tensor(quant, input), tensor(quant, quant.nodes[n].output)));
        }
    }
    CHECK(fidelity(graph, quant) > 36);
}

TEST_CASE("BatchNormalization that nothing can take is a depthwise convolution", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 2, 5, 5}).output("y").weights("w", {2, 2, 1, 1}).floats("one", {2}, {0.5F, 2}).floats("b", {2}, {0.25F, -1});
    m.floats("mean", {2}, {0.1F, 0.2F}).floats("variance", {2}, {0.5F, 2});
    m.node("Conv", {"x", "w"}, {"c"});
    m.node("Add", {"c", "x"}, {"a"});
    m.node("BatchNormalization", {"a", "one", "b", "mean", "variance"}, {"n"});
    m.node("Relu", {"n"}, {"r"});
    m.node("Add", {"r", "a"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(kinds(quant) == std::vector<NodeKind>{NodeKind::Conv, NodeKind::Add, NodeKind::Conv, NodeKind::Add});
    const QuantNode& affine = quant.nodes[2];
    CHECK(affine.type == "BatchNormalization+Relu");
    CHECK(affine.groups == 2);
    CHECK(affine.rows == 1);
    CHECK(affine.matrix == std::vector<std::int8_t>{127, 127});
    CHECK(fidelity(graph, quant) > 36);
}

TEST_CASE("functions of one value are tables", "[compiler][quantization]") {
    for (const UnaryFunction& function : unary_functions()) {
        const std::string type = function.type;
        ModelBuilder m(14);
        m.input("x", {1, 50}).output("y");
        if (type == "Affine" || type == "Clip" || type == "Pow" || type == "Reciprocal" || type == "Log" || type == "Sqrt") {
            continue;  // no operators, read elsewhere, or not finite on all the samples
        }
        auto& node = m.node(type, {"x"}, {"y"});
        if (type == "ThresholdedRelu") {
            set_real(node, "alpha", 0.25F);
        }
        const Graph graph = imported(m);
        const QuantGraph quant = quantised(graph);
        INFO(type);
        REQUIRE(kinds(quant) == std::vector<NodeKind>{NodeKind::Lut});
        const bool steps = type == "Ceil" || type == "Floor" || type == "Round" || type == "Sign" || type == "ThresholdedRelu";
        CHECK(fidelity(graph, quant) > (steps ? 12 : 36));
    }
}

TEST_CASE("HardSwish and Swish in parts are one table", "[compiler][quantization]") {
    const bool hard = GENERATE(true, false);
    ModelBuilder m;
    m.input("x", {1, 2, 4, 4}).output("y").weights("w", {3, 2, 1, 1});
    m.floats("three", {}, {3}).floats("six", {}, {6}).floats("zero", {}, {0});
    m.node("Conv", {"x", "w"}, {"c"});
    if (hard) {
        m.node("Add", {"c", "three"}, {"a"});
        m.node("Clip", {"a", "zero", "six"}, {"b"});
        m.node("Mul", {"c", "b"}, {"d"});
        m.node("Div", {"d", "six"}, {"y"});
    } else {
        m.node("Sigmoid", {"c"}, {"s"});
        m.node("Mul", {"s", "c"}, {"y"});
    }
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(kinds(quant) == std::vector<NodeKind>{NodeKind::Conv, NodeKind::Lut});
    CHECK(quant.nodes[1].type == (hard ? "Add+Clip+Mul+Div" : "Sigmoid+Mul"));
    CHECK(fidelity(graph, quant) > 36);
}

TEST_CASE("Sub of two tensors, Sum of three, and a constant over a tensor", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 2, 4, 4}).output("y").weights("w", {2, 2, 1, 1}).floats("two", {}, {2}).floats("one", {}, {1});
    m.node("Conv", {"x", "w"}, {"c"});
    m.node("Sub", {"c", "x"}, {"d"});
    m.node("Sum", {"c", "x", "d"}, {"s"});
    m.node("Exp", {"s"}, {"e"});
    m.node("Add", {"e", "two"}, {"p"});
    m.node("Div", {"one", "p"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    CHECK(kinds(quant) == std::vector<NodeKind>{NodeKind::Conv, NodeKind::Lut, NodeKind::Add, NodeKind::Add, NodeKind::Add, NodeKind::Lut});
    CHECK(fidelity(graph, quant) > 34);
}

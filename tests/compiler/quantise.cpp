#include "compiler/quantization/quantise.h"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/quantization/codec.h"
#include "compiler/quantization/params.h"
#include "compiler/quantization/ties.h"
#include "compiler/reference/float_executor.h"
#include "compiler/reference/integer_executor.h"
#include "tests/compiler/onnx_files.h"
#include "tests/compiler/quantised.h"

using namespace cim::compiler;
using namespace cim::test;
using Catch::Matchers::Contains;

TEST_CASE("a network is fused and folded to what crossbars and ALUs do", "[compiler][quantization]") {
    const Graph graph = imported(small_network());
    const QuantGraph quant = quantised(graph);
    std::vector<std::string> types;
    for (const QuantNode& node : quant.nodes) {
        types.push_back(node.type);
    }
    CHECK(types == std::vector<std::string>{"Conv+Relu", "MaxPool", "Conv+Relu", "Gemm+Relu", "Gemm", "Softmax"});

    const QuantNode& gemm = quant.nodes[3];
    CHECK(gemm.kind == NodeKind::Conv);
    CHECK(gemm.kernel_h == 4);
    CHECK(gemm.kernel_w == 4);
    CHECK(gemm.rows == 80);
    CHECK(gemm.cols == 12);
    CHECK(quant.tensors[gemm.output].shape == Shape3{1, 1, 12});

    const QuantTensor& input = quant.tensors[quant.inputs[0]];
    CHECK(input.name == "image");
    CHECK(input.shape == Shape3{10, 10, 2});
    CHECK(input.onnx_shape == Dims{1, 2, 10, 10});
    const QuantTensor& output = quant.tensors[quant.outputs[0]];
    CHECK(output.name == "scores");
    CHECK(output.onnx_shape == Dims{1, 4});
    CHECK(output.quant.scale == 1.0F / 256.0F);
    CHECK(output.quant.zero == 0);

    // Relu: nothing below zero, so the zero point is the lowest value; MaxPool keeps what it is given.
    const QuantTensor& relu = quant.tensors[quant.nodes[0].output];
    CHECK(relu.quant.zero == 0);
    CHECK(quant.tensors[quant.nodes[1].output].quant.scale == relu.quant.scale);
    CHECK(fidelity(graph, quant) > 25);
}

TEST_CASE("weights are symmetric by channel, biases count accumulator units", "[compiler][quantization]") {
    const QuantParams input{0.02F, 130};
    const QuantParams output{0.5F, 7};
    QuantNode node;
    // Two channels of a 1x2 kernel over 2 input channels; ONNX order is channel, then kernel column.
    REQUIRE(quantise_weights({1.0F, -0.5F, 0.25F, 0.0F, 0.004F, 0.002F, -0.008F, 0.001F}, {1.0F, -1.0F}, {1, 2, 2}, input, output, node)
                .empty());
    CHECK(node.rows == 4);
    CHECK(node.cols == 2);
    // The largest weight becomes 127; the scale may be a little more than that needs.
    for (const int c : {0, 1}) {
        const double least = (c == 0 ? 1.0 : 0.008) / 127;
        CHECK(node.weight_scale[c] >= Approx(least));
        CHECK(node.weight_scale[c] <= Approx(least * (1 + 1.0 / 256)));
    }
    // Rows: (column 0, channel 0), (column 0, channel 1), (column 1, channel 0), (column 1, channel 1).
    const auto stored = [&](int c, double weight) { return static_cast<std::int8_t>(std::lround(weight / node.weight_scale[c])); };
    CHECK(node.matrix ==
          std::vector<std::int8_t>{127, stored(1, 0.004), stored(0, 0.25), -127, stored(0, -0.5), stored(1, 0.002), 0, stored(1, 0.001)});
    CHECK(node.bias[0] == std::lround(1.0 / (0.02 * node.weight_scale[0])) - 130 * (127 + stored(0, 0.25) + stored(0, -0.5)));
    CHECK(node.scale[0] == 0.02F * node.weight_scale[0] / 0.5F);
}

TEST_CASE("no whole number lies where rounding turns over", "[compiler][quantization]") {
    const float slope = GENERATE(1.0F, 0.25F, -0.5F, 0.0F);
    const float to_output = 4.0F;
    const auto least = [&](float scale) {
        double distance = 1;
        for (int n = -100; n < 155; ++n) {
            for (const double s : {1.0, static_cast<double>(slope)}) {
                const double sum = (n + 0.5) / (static_cast<double>(scale) * to_output * s);
                if (s != 0 && ((sum > 0 && s == 1) || (sum < 0 && s != 1) || slope == 1)) {
                    distance =
                        std::min(distance, std::fabs(sum - std::nearbyint(sum)) * std::fabs(static_cast<double>(scale * to_output) * s));
                }
            }
        }
        return distance;
    };
    for (const float scale : {0.001F, 0.0007F, 0.0012345F}) {
        const float chosen = scale_away_from_ties(scale, to_output, slope, -100, 155, 1e9);
        CHECK(chosen >= scale);
        CHECK(chosen <= scale * (1 + 1.0F / 256));
        CHECK(least(chosen) > 2e-5);
        CHECK(least(chosen) >= least(scale));
    }
}

TEST_CASE("a bias takes out what rounding the weights adds on average", "[compiler][quantization]") {
    const std::vector<float> weight{1.0F, 0.5F, -0.2F, 0.003F};  // 127, 63.5 -> 64, -25.4 -> -25, 0.38 -> 0 at 1/127
    const QuantParams input{0.02F, 0};
    QuantNode plain;
    QuantNode corrected;
    REQUIRE(quantise_weights(weight, {0.0F}, {1, 1, 4}, input, {0.1F, 0}, plain).empty());
    REQUIRE(quantise_weights(weight, {0.0F}, {1, 1, 4}, input, {0.1F, 0}, corrected, {1.0F, 2.0F, 3.0F, 4.0F}).empty());
    CHECK(corrected.matrix == plain.matrix);
    double drift = 0;
    for (int i = 0; i < 4; ++i) {
        drift += (i + 1) * static_cast<double>(corrected.weight_scale[0] * static_cast<float>(corrected.matrix[i]) - weight[i]);
    }
    CHECK(corrected.bias[0] == std::lround(-drift / (0.02 * corrected.weight_scale[0])));
    CHECK(plain.bias[0] == 0);
}

TEST_CASE("extreme weights are quantised or refused, never wrapped", "[compiler][quantization]") {
    QuantNode dead;  // a channel without weights keeps its bias
    REQUIRE(quantise_weights({0.0F, 0.0F}, {3.0F}, {1, 1, 2}, {0.1F, 0}, {0.1F, 0}, dead).empty());
    CHECK(dead.bias[0] * static_cast<double>(dead.scale[0]) == Approx(30).epsilon(1e-6));

    QuantNode tiny;  // weights far smaller than the bias
    REQUIRE(quantise_weights({1e-20F}, {3.0F}, {1, 1, 1}, {0.1F, 0}, {0.1F, 0}, tiny).empty());
    CHECK(tiny.bias[0] * static_cast<double>(tiny.scale[0]) == Approx(30).epsilon(1e-6));

    QuantNode large;
    const std::vector<float> many(70000, 1.0F);
    CHECK(quantise_weights(many, {0.0F}, {1, 1, 70000}, {0.1F, 0}, {0.1F, 0}, large) ==
          "the sums of output channel 0 do not fit an accumulator of 32 bits");
    QuantNode enough;
    CHECK(quantise_weights(std::vector<float>(66000, 1.0F), {0.0F}, {1, 1, 66000}, {0.1F, 0}, {0.1F, 0}, enough).empty());
}

TEST_CASE("a Relu that others bypass stays a Clip", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 2, 4, 4}).output("y").weights("w", {3, 2, 1, 1});
    m.node("Conv", {"x", "w"}, {"c"});
    m.node("Relu", {"c"}, {"r"});
    m.node("Add", {"c", "r"}, {"s"});
    m.node("Relu", {"s"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(quant.nodes.size() == 3);
    CHECK(quant.nodes[0].type == "Conv");
    CHECK(quant.nodes[1].kind == NodeKind::Clip);
    CHECK(quant.nodes[1].lo == quant.tensors[quant.nodes[1].output].quant.zero);
    CHECK(quant.tensors[quant.nodes[1].output].quant.scale == quant.tensors[quant.nodes[0].output].quant.scale);
    CHECK(quant.nodes[2].type == "Add+Relu");
    CHECK(quant.nodes[2].lo == quant.tensors[quant.nodes[2].output].quant.zero);
    CHECK(fidelity(graph, quant) > 35);
}

TEST_CASE("Clip to 6 bounds both sides", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 2}).output("y").floats("w", {1, 2}, {8, 8}).floats("lo", {}, {0}).floats("hi", {}, {6});
    set_integer(m.node("Gemm", {"x", "w"}, {"g"}), "transB", 1);
    m.node("Clip", {"g", "lo", "hi"}, {"y"});
    const Graph graph = imported(m);
    Ranges ranges = calibrate(graph, samples_for(graph, 8), CalibrationMethod::MinMax);
    ranges.tensors["y"] = {0, 12};  // as if the range had been chosen too wide
    const QuantGraph quant = quantise(graph, ranges);
    CHECK(quant.nodes[0].lo == 0);
    CHECK(quant.nodes[0].hi == 128);
}

TEST_CASE("LeakyRelu, Sigmoid and Tanh are tables", "[compiler][quantization]") {
    for (const char* type : {"LeakyRelu", "Sigmoid", "Tanh"}) {
        ModelBuilder m;
        m.input("x", {1, 50}).output("y").node(type, {"x"}, {"y"});
        const Graph graph = imported(m);
        const QuantGraph quant = quantised(graph);
        REQUIRE(quant.nodes[0].kind == NodeKind::Lut);
        INFO(type);
        CHECK(fidelity(graph, quant) > 38);
    }
}

TEST_CASE("flattened maps keep their order through elementwise nodes to the output", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 3, 4, 5}).output("y");
    m.node("Flatten", {"x"}, {"f"});
    m.node("Tanh", {"f"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    CHECK(quant.tensors[quant.outputs[0]].shape == Shape3{4, 5, 3});
    CHECK(quant.tensors[quant.outputs[0]].onnx_shape == Dims{1, 60});
    CHECK(fidelity(graph, quant) > 38);
}

TEST_CASE("an input given as a vector is stored as the map that it becomes", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 50}).output("y").weights("w", {3, 2, 2, 2}).integers("s", {1, 2, 5, 5});
    m.node("Reshape", {"x", "s"}, {"r"});
    m.node("Conv", {"r", "w"}, {"y"});
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    CHECK(quant.tensors[quant.inputs[0]].shape == Shape3{5, 5, 2});
    CHECK(quant.tensors[quant.inputs[0]].onnx_shape == Dims{1, 50});
    CHECK(fidelity(graph, quant) > 35);
}

TEST_CASE("GlobalAveragePool goes into the weights of the Gemm behind it", "[compiler][quantization]") {
    ModelBuilder m;
    m.input("x", {1, 3, 4, 4}).output("y").weights("w", {5, 3}).weights("b", {5});
    m.node("GlobalAveragePool", {"x"}, {"p"});
    m.node("Flatten", {"p"}, {"f"});
    set_integer(m.node("Gemm", {"f", "w", "b"}, {"y"}), "transB", 1);
    const Graph graph = imported(m);
    const QuantGraph quant = quantised(graph);
    REQUIRE(quant.nodes.size() == 1);
    CHECK(quant.nodes[0].type == "GlobalAveragePool+Gemm");
    CHECK(quant.nodes[0].rows == 48);
    CHECK(fidelity(graph, quant) > 35);
}

TEST_CASE("networks without an integer form", "[compiler][quantization]") {
    ModelBuilder batch;
    batch.input("x", {2, 3, 4, 4}).output("y").node("Relu", {"x"}, {"y"});
    CHECK_THAT(quantise_error(batch), Contains("input 'x' of shape 2x3x4x4 is neither a feature map (1xCxHxW) nor a vector (1xN)"));

    ModelBuilder rearranged;
    rearranged.input("x", {1, 3, 4, 4}).output("y").integers("s", {1, 4, 3, 4});
    rearranged.node("Reshape", {"x", "s"}, {"y"});
    CHECK(quantise_error(rearranged) == "output 'y' is a reshaped tensor; only the flattening of a feature map is supported");

    ModelBuilder moved;
    moved.input("x", {1, 3, 4, 4}).output("y");
    set_integers(moved.node("Transpose", {"x"}, {"y"}), "perm", {0, 2, 3, 1});
    CHECK(quantise_error(moved) == "node 'n_y' (Transpose): is supported only where it moves no element or leads to a Gemm of one row");

    ModelBuilder padded;
    padded.input("x", {1, 3, 4, 4}).output("y").integers("p", {0, 0, 1, 1, 0, 0, 1, 1}).node("Pad", {"x", "p"}, {"y"});
    CHECK(quantise_error(padded) == "node 'n_y' (Pad): is supported only in front of Conv");

    ModelBuilder rows;
    rows.input("x", {1, 3, 4, 4}).output("y").weights("w", {3, 3, 3, 1});
    rows.node("Conv", {"x", "w"}, {"z"});
    set_integer(rows.node("Concat", {"x", "z"}, {"y"}), "axis", 2);
    CHECK(quantise_error(rows) ==
          "node 'n_y' (Concat): of shape 1x3x4x4 along axis 2 is not supported (along the channels of feature maps or vectors is)");

    ModelBuilder softmax;
    softmax.input("x", {1, 3, 4, 4}).output("y");
    set_integer(softmax.node("Softmax", {"x"}, {"y"}), "axis", 3);
    CHECK_THAT(quantise_error(softmax), Contains("(Softmax): over axis 3 of a tensor of shape 1x3x4x4 is not supported"));

    ModelBuilder nothing;
    nothing.input("x", {1, 3, 4, 4}).output("y").node("Flatten", {"x"}, {"y"});
    CHECK_THAT(quantise_error(nothing), Contains("output 'y' is tensor 'x', an input or another output, in another shape"));
}

TEST_CASE("ranges of another network are refused", "[compiler][quantization]") {
    const Graph graph = imported(small_network());
    Ranges ranges = calibrate(graph, samples_for(graph, 1), CalibrationMethod::MinMax);
    ranges.network = "other";
    ranges.tensors.erase("r2");
    CHECK_THROWS_WITH(quantise(graph, ranges),
                      Contains("the ranges know nothing about tensor 'r2': they were made for another network ('other')"));
}

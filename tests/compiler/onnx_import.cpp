// What the importer makes of valid networks.

#include "compiler/frontend/onnx_import.h"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>
#include <onnx/shape_inference/implementation.h>

#include "compiler/reference/float_executor.h"
#include "tests/compiler/onnx_files.h"
#include "tests/compiler/quantised.h"

using namespace cim::compiler;
using namespace cim::test;

namespace {

std::vector<std::string> types(const Graph& graph) {
    std::vector<std::string> list;
    for (const Node& node : graph.nodes) {
        list.push_back(node.type);
    }
    return list;
}

const Dims& output_shape(const Graph& graph) {
    return graph.values[graph.outputs.at(0)].shape;
}

}  // namespace

TEST_CASE("a small network has the nodes, shapes and names of its file", "[compiler][onnx]") {
    const Graph graph = imported(small_network());
    CHECK(graph.name == "made");
    CHECK(types(graph) ==
          std::vector<std::string>{"Conv", "Relu", "MaxPool", "Conv", "Relu", "Flatten", "Gemm", "Relu", "Gemm", "Softmax"});
    CHECK(graph.nodes[0].name == "n_c1");
    CHECK(graph.values[graph.outputs[0]].name == "scores");
    CHECK(output_shape(graph) == Dims{1, 4});
    CHECK(graph.values[graph.nodes[3].output].shape == Dims{1, 5, 4, 4});
}

TEST_CASE("shapes agree with ONNX's shape inference", "[compiler][onnx]") {
    ModelBuilder model = small_network();
    const Graph graph = imported(model);
    onnx::ModelProto inferred = model.proto();
    onnx::shape_inference::InferShapes(inferred);
    int compared = 0;
    for (const auto& info : inferred.graph().value_info()) {
        for (const Value& value : graph.values) {
            if (value.name == info.name()) {
                Dims shape;
                for (const auto& dim : info.type().tensor_type().shape().dim()) {
                    shape.push_back(dim.dim_value());
                }
                INFO(value.name);
                CHECK(value.shape == shape);
                ++compared;
            }
        }
    }
    CHECK(compared == 9);
}

TEST_CASE("an open batch dimension is 1, others come from the options", "[compiler][onnx]") {
    ModelBuilder batch;
    batch.input("x", {-1, 3, 4, 4}).output("y").node("Relu", {"x"}, {"y"});
    CHECK(output_shape(imported(batch)) == Dims{1, 3, 4, 4});
    CHECK(output_shape(imported(batch, {{{"x", {2, 3, 4, 4}}}})) == Dims{2, 3, 4, 4});

    ModelBuilder open;
    open.input("x", {-1, 3, -1, -1}).output("y").node("Relu", {"x"}, {"y"});
    CHECK(output_shape(imported(open, {{{"x", {1, 3, 5, 6}}}})) == Dims{1, 3, 5, 6});
}

TEST_CASE("shape arithmetic of exporters is folded away", "[compiler][onnx]") {
    // x.view(x.size(0), -1) as PyTorch writes it.
    ModelBuilder m;
    m.input("x", {-1, 3, 4, 5}).output("y");
    auto& zero = m.node("Constant", {}, {"zero"});
    auto* attribute = zero.add_attribute();
    attribute->set_name("value");
    attribute->set_type(onnx::AttributeProto::TENSOR);
    attribute->mutable_t()->set_data_type(onnx::TensorProto::INT64);
    attribute->mutable_t()->add_int64_data(0);
    m.integers("axes", {0}).integers("rest", {-1});
    m.node("Shape", {"x"}, {"s"});
    m.node("Gather", {"s", "zero"}, {"n"});
    m.node("Unsqueeze", {"n", "axes"}, {"n1"});
    m.node("Concat", {"n1", "rest"}, {"shape"}).add_attribute()->set_name("axis");
    m.proto().mutable_graph()->mutable_node(4)->mutable_attribute(0)->set_type(onnx::AttributeProto::INT);
    m.node("Reshape", {"x", "shape"}, {"y"});
    const Graph graph = imported(m);
    CHECK(types(graph) == std::vector<std::string>{"Reshape"});
    CHECK(output_shape(graph) == Dims{1, 60});
}

TEST_CASE("BatchNormalization and constants merge into the operator before them", "[compiler][onnx]") {
    ModelBuilder m;
    m.input("x", {1, 2, 5, 5}).output("y");
    m.weights("w", {3, 2, 3, 3}).weights("b", {3}).weights("mean", {3}).weights("beta", {3});
    m.floats("gamma", {3}, {0.5F, -2.0F, 1.5F}).floats("variance", {3}, {0.25F, 4.0F, 1.0F}).floats("plus", {3, 1, 1}, {1, 2, 3});
    m.node("Conv", {"x", "w", "b"}, {"c"});
    m.node("BatchNormalization", {"c", "gamma", "beta", "mean", "variance"}, {"n"});
    m.node("Add", {"n", "plus"}, {"y"});
    const Graph merged = imported(m);
    REQUIRE(types(merged) == std::vector<std::string>{"Conv+BatchNormalization+Add"});
    CHECK(merged.nodes[0].name == "n_c");

    // The same with the convolution's result as a second output, which must not change.
    m.output("c");
    const Graph apart = imported(m);
    REQUIRE(types(apart) == std::vector<std::string>{"Conv", "BatchNormalization+Add"});
    const FloatTensor x = noise({1, 2, 5, 5});
    const FloatTensor a = FloatExecutor(merged).run({x})[0];
    const FloatTensor b = FloatExecutor(apart).run({x})[0];
    for (std::size_t i = 0; i < a.data.size(); ++i) {
        CHECK(a.data[i] == Approx(b.data[i]).margin(1e-5));
    }
}

TEST_CASE("MatMul and Add of constants are one Gemm", "[compiler][onnx]") {
    ModelBuilder m;
    m.input("x", {1, 3}).output("y").floats("w", {3, 2}, {1, 2, 3, 4, 5, 6}).floats("b", {2}, {10, 20});
    m.node("MatMul", {"x", "w"}, {"p"});
    m.node("Add", {"b", "p"}, {"y"});
    const Graph graph = imported(m);
    CHECK(types(graph) == std::vector<std::string>{"MatMul+Add"});
    CHECK(FloatExecutor(graph).run({{{1, 3}, {1, 1, 2}}})[0].data == std::vector<float>{24, 38});
}

TEST_CASE("Identity, Dropout and reshapes to the same shape leave nothing", "[compiler][onnx]") {
    ModelBuilder m;
    m.input("x", {1, 4}).output("y").integers("same", {0, -1});
    m.node("Relu", {"x"}, {"r"});
    m.node("Dropout", {"r"}, {"d", "mask"});
    m.node("Reshape", {"d", "same"}, {"s"});
    m.node("Identity", {"s"}, {"y"});
    m.node("Sigmoid", {"x"}, {"unused"});
    const Graph graph = imported(m);
    CHECK(types(graph) == std::vector<std::string>{"Relu"});
    CHECK(graph.values[graph.outputs[0]].name == "y");
    CHECK(graph.values.size() == 2);
}

TEST_CASE("one network in every opset is one graph", "[compiler][onnx]") {
    std::vector<FloatTensor> results;
    for (int opset = 6; opset <= 17; ++opset) {
        ModelBuilder m(opset);
        m.input("x", {1, 4, 6, 6}).output("y").weights("w", {4, 1, 3, 3}).weights("v", {5, 36}).floats("one", {4}, {1, 2, 0.5F, 1});
        m.floats("zero", {4}, {0, 0.1F, 0, -0.1F}).floats("slope", {4, 1, 1}, {0.1F, 0.2F, 0.3F, 0.4F}).integers("axes", {2, 3});
        m.integers("pads", {0, 0, 1, 1, 0, 0, 1, 1}).floats("lo", {}, {-0.5F}).floats("hi", {}, {2});
        if (opset < 11) {
            set_integers(m.node("Pad", {"x"}, {"p"}), "pads", {0, 0, 1, 1, 0, 0, 1, 1});
        } else {
            m.node("Pad", {"x", "pads"}, {"p"});
        }
        set_integer(m.node("Conv", {"p", "w"}, {"c"}), "group", 4);
        auto& norm = m.node("BatchNormalization", {"c", "one", "zero", "zero", "one"}, {"n"});
        if (opset < 7) {
            set_integer(norm, "is_test", 1);
        }
        m.node("PRelu", {"n", "slope"}, {"r"});
        if (opset < 11) {
            auto& clip = m.node("Clip", {"r"}, {"k"});
            set_real(clip, "min", -0.5F);
            set_real(clip, "max", 2);
        } else {
            m.node("Clip", {"r", "lo", "hi"}, {"k"});
        }
        auto& dropout = m.node("Dropout", {"k"}, {"d"});
        if (opset < 7) {
            set_integer(dropout, "is_test", 1);
        }
        auto& pool = m.node("AveragePool", {"d"}, {"a"});
        set_integers(pool, "kernel_shape", {2, 2});
        set_integers(pool, "strides", {2, 2});
        m.node("Flatten", {"a"}, {"f"});
        set_integer(m.node("Gemm", {"f", "v", "bias"}, {"g"}), "transB", 1);
        m.weights("bias", {5});
        if (opset < 13) {
            set_integers(m.node("Unsqueeze", {"g"}, {"u"}), "axes", {2, 3});
            set_integers(m.node("Squeeze", {"u"}, {"q"}), "axes", {2, 3});
        } else {
            m.node("Unsqueeze", {"g", "axes"}, {"u"});
            m.node("Squeeze", {"u", "axes"}, {"q"});
        }
        set_integer(m.node("Softmax", {"q"}, {"y"}), "axis", 1);
        INFO(opset);
        const Graph graph = imported(m);
        CHECK(types(graph) == std::vector<std::string>{"Conv+BatchNormalization", "PRelu", "Clip", "AveragePool", "Flatten", "Gemm",
                                                       "Unsqueeze", "Squeeze", "Softmax"});
        results.push_back(FloatExecutor(graph).run({noise({1, 4, 6, 6})})[0]);
        CHECK(results.back().data == results.front().data);
    }
}

TEST_CASE("Clip takes its bounds from attributes or inputs, by opset", "[compiler][onnx]") {
    ModelBuilder old(10);
    auto& clip = old.input("x", {1, 4}).output("y").node("Clip", {"x"}, {"y"});
    set_real(clip, "max", 6.0F);
    const Graph a = imported(old);
    CHECK(a.nodes[0].hi == 6.0F);
    CHECK(a.nodes[0].lo <= std::numeric_limits<float>::lowest());

    ModelBuilder recent(13);
    recent.input("x", {1, 4}).output("y").floats("six", {}, {6.0F}).node("Clip", {"x", "", "six"}, {"y"});
    CHECK(imported(recent).nodes[0].hi == 6.0F);
}

TEST_CASE("typed and raw data, and constants given as nodes, are the same", "[compiler][onnx]") {
    ModelBuilder m;
    m.input("x", {1, 2}).output("y");
    auto* tensor = m.proto().mutable_graph()->add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(onnx::TensorProto::FLOAT16);
    tensor->add_dims(2);
    tensor->add_dims(2);
    for (const int half : {0x3c00, 0xc000, 0x0001, 0x7bff}) {  // 1, -2, smallest subnormal, largest
        tensor->add_int32_data(half);
    }
    auto& bias = m.node("Constant", {}, {"b"});
    auto* value = bias.add_attribute();
    value->set_name("value_floats");
    value->set_type(onnx::AttributeProto::FLOATS);
    value->add_floats(0.5F);
    value->add_floats(-0.5F);
    m.node("Gemm", {"x", "w", "b"}, {"y"});
    const Graph graph = imported(m);
    CHECK(graph.nodes[0].weight.data == std::vector<float>{1.0F, std::ldexp(1.0F, -24), -2.0F, 65504.0F});
    CHECK(graph.nodes[0].bias == std::vector<float>{0.5F, -0.5F});
}

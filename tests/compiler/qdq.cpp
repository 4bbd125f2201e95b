// The quantised network as ONNX. What ONNX Runtime makes of it is judged by scripts/judge.sh.

#include "compiler/export/qdq.h"

#include <fstream>
#include <map>

#include <catch2/catch.hpp>
#include <onnx/checker.h>

#include "compiler/error.h"
#include "tests/compiler/quantised.h"

using namespace cim::compiler;
using namespace cim::test;

namespace {

/// A written network, by name.
class Written {
  public:
    explicit Written(const QuantGraph& graph) {
        const TemporaryFolder folder;
        write_qdq(folder / "q.onnx", graph);
        std::ifstream stream(folder / "q.onnx", std::ios::binary);
        REQUIRE(model.ParseFromIstream(&stream));
        CHECK_NOTHROW(onnx::checker::check_model(model));
        for (const auto& node : model.graph().node()) {
            producer[node.output(0)] = &node;
            types.push_back(node.op_type());
        }
        for (const auto& tensor : model.graph().initializer()) {
            constants[tensor.name()] = &tensor;
        }
    }

    const onnx::NodeProto& only(const std::string& type) const {
        const onnx::NodeProto* found = nullptr;
        for (const auto& node : model.graph().node()) {
            if (node.op_type() == type) {
                REQUIRE(found == nullptr);
                found = &node;
            }
        }
        REQUIRE(found != nullptr);
        return *found;
    }

    template <typename T>
    std::vector<T> data(const std::string& name) const {
        const std::string& raw = constants.at(name)->raw_data();
        const auto* first = reinterpret_cast<const T*>(raw.data());
        return {first, first + raw.size() / sizeof(T)};
    }

    std::vector<std::string> core_types() const {
        std::vector<std::string> out;
        for (const std::string& type : types) {
            if (type != "QuantizeLinear" && type != "DequantizeLinear") {
                out.push_back(type);
            }
        }
        return out;
    }

    onnx::ModelProto model;
    std::map<std::string, const onnx::NodeProto*> producer;
    std::map<std::string, const onnx::TensorProto*> constants;
    std::vector<std::string> types;
};

}  // namespace

TEST_CASE("a convolution is written with its integers", "[compiler][export]") {
    ModelBuilder m;
    m.input("x", {1, 4, 5, 5}).output("y").weights("w", {6, 2, 3, 2}).weights("b", {6}).floats("s", {6, 1, 1}, {0.5F, 0.1F, 0, 1, -1, 2});
    auto& conv = m.node("Conv", {"x", "w", "b"}, {"c"});
    set_integer(conv, "group", 2);
    set_integers(conv, "pads", {1, 0, 0, 2});
    m.node("PRelu", {"c", "s"}, {"y"});
    const QuantGraph quant = quantised(imported(m));
    const Written written(quant);
    CHECK(written.core_types() == std::vector<std::string>{"Conv", "PRelu"});
    const QuantNode& node = quant.nodes[0];
    const auto& written_conv = written.only("Conv");
    const auto& weight = *written.producer.at(written_conv.input(1));
    const auto& bias = *written.producer.at(written_conv.input(2));
    CHECK(written.data<float>(weight.input(1)) == node.weight_scale);
    const std::vector<std::int8_t> stored = written.data<std::int8_t>(weight.input(0));
    const std::vector<std::int32_t> stored_bias = written.data<std::int32_t>(bias.input(0));
    const QuantParams& input = quant.tensors[0].quant;
    for (int o = 0; o < 6; ++o) {
        std::int32_t sum = 0;
        for (int c = 0; c < 2; ++c) {
            for (int k = 0; k < 6; ++k) {
                const std::int8_t w = stored[(o * 2 + c) * 6 + k];
                CHECK(w == node.matrix[(k * 2 + c) * 6 + o]);
                sum += w;
            }
        }
        CHECK(stored_bias[o] == node.bias[o] + input.zero * sum);
        CHECK(written.data<float>(bias.input(1))[o] == input.scale * node.weight_scale[o]);
    }
    CHECK(written.data<float>(written.only("PRelu").input(1))[1] == Approx(0.1));
    const auto& in = written.model.graph().input(0);
    CHECK(in.name() == "x");
    CHECK(written.model.graph().output(0).name() == "y");
    CHECK(written.producer.at("y")->op_type() == "DequantizeLinear");
}

TEST_CASE("every operator is written as its float self", "[compiler][export]") {
    ModelBuilder m(14);
    m.input("x", {1, 3, 8, 8}).output("y").weights("w", {3, 3, 3, 3}).floats("s", {3, 1, 1}, {0.5F, 0.1F, 0.2F});
    m.floats("lo", {}, {-0.25F}).floats("hi", {}, {0.5F}).floats("half", {}, {0.5F}).weights("v", {5, 96});
    set_integers(m.node("Conv", {"x", "w"}, {"c"}), "pads", {1, 1, 1, 1});
    m.node("PRelu", {"c", "s"}, {"p"});
    m.node("Add", {"c", "p"}, {"a"});
    m.node("Clip", {"a", "lo", "hi"}, {"b"});
    set_integer(m.node("Concat", {"b", "c"}, {"j"}), "axis", 1);
    auto& pool = m.node("MaxPool", {"j"}, {"k"});
    set_integers(pool, "kernel_shape", {2, 2});
    set_integers(pool, "strides", {2, 2});
    m.node("HardSwish", {"k"}, {"h"});
    m.node("Mul", {"h", "k"}, {"u"});
    auto& average = m.node("AveragePool", {"u"}, {"v1"});
    set_integers(average, "kernel_shape", {2, 2});
    m.node("Mul", {"v1", "half"}, {"v2"});
    m.node("Sigmoid", {"v2"}, {"v3"});
    m.node("GlobalAveragePool", {"k"}, {"g"});
    m.node("Mul", {"k", "g"}, {"m"});
    m.node("Flatten", {"m"}, {"f"});
    set_integer(m.node("Gemm", {"f", "v"}, {"z"}), "transB", 1);
    m.node("Softmax", {"z"}, {"y"});
    m.output("v3");
    const Written written(quantised(imported(m)));
    CHECK(written.core_types() == std::vector<std::string>{"Conv", "PRelu", "Add", "Clip", "Concat", "MaxPool", "HardSwish", "Mul",
                                                           "AveragePool", "Mul", "Add", "Sigmoid", "AveragePool", "Mul", "Conv", "Softmax",
                                                           "Reshape"});
    CHECK(written.producer.at("y")->op_type() == "Reshape");
    CHECK(written.model.graph().output(0).type().tensor_type().shape().dim_size() == 2);
}

TEST_CASE("a network that cannot be written leaves nothing behind", "[compiler][export]") {
    const TemporaryFolder folder;
    const QuantGraph quant = quantised(imported(small_network()));
    CHECK_THROWS(write_qdq(folder / "no" / "q.onnx", quant));
    CHECK(std::filesystem::is_empty(folder.path()));
}

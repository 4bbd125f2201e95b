// Passes over the float graph: the same values, in fewer nodes.

#include <catch2/catch.hpp>

#include "compiler/reference/float_executor.h"
#include "compiler/transform/passes.h"
#include "tests/compiler/quantised.h"

using namespace cim::compiler;
using namespace cim::test;

namespace {

std::vector<Op> ops(const Graph& graph) {
    std::vector<Op> out;
    for (const Node& node : graph.nodes) {
        out.push_back(node.op);
    }
    return out;
}

/// The same network with the values inside as further outputs, so that no pass may touch them.
Graph untouched(ModelBuilder model, const std::vector<std::string>& inner) {
    for (const std::string& name : inner) {
        model.output(name);
    }
    return imported(model);
}

void check_same(const Graph& a, const Graph& b) {
    for (const FloatTensor& x : samples_for(a, 3)) {
        const FloatTensor y = FloatExecutor(a).run({x})[0];
        const FloatTensor z = FloatExecutor(b).run({x})[0];
        REQUIRE(y.shape == z.shape);
        for (std::size_t i = 0; i < y.data.size(); ++i) {
            CHECK(y.data[i] == Approx(z.data[i]).margin(1e-5));
        }
    }
}

}  // namespace

TEST_CASE("a Pad goes into the convolution behind it", "[compiler][transform]") {
    ModelBuilder m;
    m.input("x", {1, 2, 5, 6}).output("y").weights("w", {3, 2, 3, 3}).integers("p", {0, 0, 0, 2, 0, 0, 1, 1});
    m.node("Pad", {"x", "p"}, {"padded"});
    set_integers(m.node("Conv", {"padded", "w"}, {"y"}), "pads", {1, 0, 0, 0});
    const Graph graph = imported(m);
    CHECK(ops(graph) == std::vector<Op>{Op::Conv});
    const Graph apart = untouched(m, {"padded"});
    CHECK(ops(apart) == std::vector<Op>{Op::Pad, Op::Conv});
    check_same(graph, apart);
}

TEST_CASE("a Transpose goes into the weights of the Gemm behind it", "[compiler][transform]") {
    ModelBuilder m;
    m.input("x", {1, 3, 4, 5}).output("y").weights("w", {60, 7}).integers("s", {1, -1});
    set_integers(m.node("Transpose", {"x"}, {"t"}), "perm", {0, 2, 3, 1});
    m.node("Reshape", {"t", "s"}, {"f"});
    m.node("MatMul", {"f", "w"}, {"y"});
    const Graph graph = imported(m);
    CHECK(ops(graph) == std::vector<Op>{Op::Reshape, Op::Gemm});
    const Graph apart = untouched(m, {"f"});
    CHECK(ops(apart) == std::vector<Op>{Op::Transpose, Op::Reshape, Op::Gemm});
    check_same(graph, apart);
    CHECK(fidelity(graph, quantised(graph)) > 36);
}

TEST_CASE("Transposes that undo each other are none", "[compiler][transform]") {
    ModelBuilder m;
    m.input("x", {1, 3, 4, 5}).output("y").weights("w", {2, 3, 1, 1}).integers("s", {4, 5, 3}).integers("u", {1, 4, 5, 3});
    set_integers(m.node("Transpose", {"x"}, {"t"}), "perm", {0, 2, 3, 1});
    m.node("Reshape", {"t", "s"}, {"a"});
    m.node("Reshape", {"a", "u"}, {"b"});
    set_integers(m.node("Transpose", {"b"}, {"c"}), "perm", {0, 3, 1, 2});
    m.node("Conv", {"c", "w"}, {"y"});
    const Graph graph = imported(m);
    CHECK(ops(graph) == std::vector<Op>{Op::Reshape, Op::Conv});
    check_same(graph, untouched(m, {"t"}));
    CHECK(fidelity(graph, quantised(graph)) > 36);
}

TEST_CASE("functions of one value become one, and stop at what others read", "[compiler][transform]") {
    ModelBuilder m;
    m.input("x", {1, 9}).output("y").floats("half", {}, {0.5F}).floats("lo", {}, {-1}).floats("hi", {}, {1});
    m.node("Tanh", {"x"}, {"a"});
    m.node("Mul", {"a", "half"}, {"b"});
    m.node("Clip", {"b", "lo", "hi"}, {"c"});
    m.node("LeakyRelu", {"c"}, {"d"});
    m.node("Exp", {"d"}, {"y"});
    const Graph graph = imported(m);
    REQUIRE(ops(graph) == std::vector<Op>{Op::Unary});
    CHECK(graph.nodes[0].type == "Tanh+Mul+Clip+LeakyRelu+Exp");
    const Graph apart = untouched(m, {"b", "d"});
    CHECK(ops(apart) == std::vector<Op>{Op::Unary, Op::Clip, Op::PRelu, Op::Unary});
    check_same(graph, apart);
}

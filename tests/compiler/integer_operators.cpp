// Each operator of the integer executor against its definition in docs/numbers.md, spelled out in wide types.

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "compiler/reference/integer_executor.h"
#include "tests/compiler/quantised.h"

using namespace cim::compiler;
using namespace cim::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// A network of one node; its inputs are the network's.
QuantGraph one_node(QuantNode node, const std::vector<QuantTensor>& inputs, const QuantTensor& output) {
    QuantGraph graph;
    graph.tensors = inputs;
    graph.tensors.push_back(output);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        graph.inputs.push_back(static_cast<TensorId>(i));
    }
    node.inputs = graph.inputs;
    node.output = static_cast<TensorId>(inputs.size());
    graph.outputs = {node.output};
    graph.nodes = {node};
    return graph;
}

std::uint8_t rounded(float real, int zero, int lo, int hi) {
    return static_cast<std::uint8_t>(std::clamp<long>(std::lrint(real) + zero, lo, hi));
}

QuantNode grouped_conv(int groups, int channels, int cols) {
    QuantNode node;
    node.kernel_h = 3;
    node.kernel_w = 2;
    node.stride_w = 2;
    node.dilation_h = 2;
    node.pad_top = 2;
    node.pad_left = 1;
    node.groups = groups;
    node.rows = 6 * channels / groups;
    node.cols = cols;
    for (const float v : noise({node.rows * node.cols}).data) {
        node.matrix.push_back(static_cast<std::int8_t>(std::lround(v * 127)));
    }
    for (int c = 0; c < cols; ++c) {
        node.bias.push_back(1500 * (c % 5 - 2));
        node.scale.push_back(0.004F + 0.0005F * static_cast<float>(c % 4));
        node.weight_scale.push_back(1.0F);
    }
    node.lo = 3;
    node.hi = 250;
    return node;
}

Bytes expected_any_conv(const QuantGraph& graph, const Bytes& x) {
    const QuantNode& node = graph.nodes[0];
    const Shape3& from = graph.tensors[0].shape;
    const Shape3& to = graph.tensors[1].shape;
    const int in_group = from.c / node.groups;
    Bytes y;
    for (int oy = 0; oy < to.h; ++oy) {
        for (int ox = 0; ox < to.w; ++ox) {
            for (int o = 0; o < to.c; ++o) {
                std::int64_t sum = node.bias[o];
                for (int k = 0; k < node.rows; ++k) {
                    const int c = o / (node.cols / node.groups) * in_group + k % in_group;
                    const int iy = oy * node.stride_h + k / in_group / node.kernel_w * node.dilation_h - node.pad_top;
                    const int ix = ox * node.stride_w + k / in_group % node.kernel_w * node.dilation_w - node.pad_left;
                    const bool inside = iy >= 0 && iy < from.h && ix >= 0 && ix < from.w;
                    sum += (inside ? x[(iy * from.w + ix) * from.c + c] : graph.tensors[0].quant.zero) * node.matrix[k * node.cols + o];
                }
                const float scale = sum < 0 && !node.negative_scale.empty() ? node.negative_scale[o] : node.scale[o];
                y.push_back(rounded(static_cast<float>(sum) * scale, graph.tensors[1].quant.zero, node.lo, node.hi));
            }
        }
    }
    return y;
}

}  // namespace

TEST_CASE("grouped convolutions are their definition", "[compiler][reference]") {
    struct Case {
        int groups, channels, cols;
    };
    const Case c = GENERATE(Case{2, 6, 10}, Case{3, 6, 3}, Case{20, 20, 20}, Case{4, 4, 8}, Case{1, 5, 7});
    const bool prelu = GENERATE(false, true);
    INFO(c.groups << ' ' << c.cols << ' ' << prelu);
    QuantNode node = grouped_conv(c.groups, c.channels, c.cols);
    for (int o = 0; prelu && o < c.cols; ++o) {
        node.negative_scale.push_back(node.scale[o] * (o % 3 == 2 ? -0.5F : 0.25F * static_cast<float>(o % 3)));
    }
    const QuantGraph graph = one_node(node, {{"x", {7, 9, c.channels}, {0.1F, 117}, {}}}, {"y", {5, 5, c.cols}, {0.3F, 100}, {}});
    IntegerExecutor executor(graph);
    AdcEmulation adc;
    adc.rows = 8;
    adc.parallel_row = 4;
    adc.dac_bits = 2;
    adc.adc_bits = 8;
    IntegerExecutor lossless(graph, adc);
    adc.adc_bits = 2;
    IntegerExecutor lossy(graph, adc);
    for (unsigned seed = 1; seed < 4; ++seed) {
        const Bytes x = bytes(graph.tensors[0].shape.count(), seed);
        const Bytes expected = expected_any_conv(graph, x);
        CHECK(executor.run({x})[0] == expected);
        CHECK(lossless.run({x})[0] == expected);
        CHECK(lossy.run({x})[0] != expected);
    }
    CHECK(lossy.lossy_conversions() > 0);
}

TEST_CASE("an average pool is its definition", "[compiler][reference]") {
    const bool include_pad = GENERATE(true, false);
    QuantNode node;
    node.kind = NodeKind::AveragePool;
    node.kernel_h = 3;
    node.kernel_w = 2;
    node.stride_h = 2;
    node.pad_top = 1;
    node.pad_right = 1;
    node.count_include_pad = include_pad;
    node.scale = {0.7F};
    node.lo = 20;
    const QuantGraph graph = one_node(node, {{"x", {6, 5, 3}, {0.07F, 90}, {}}}, {"y", {3, 5, 3}, {0.1F, 50}, {}});
    const Bytes x = bytes(90, 5);
    const Bytes y = IntegerExecutor(graph).run({x})[0];
    std::size_t at = 0;
    for (int oy = 0; oy < 3; ++oy) {
        for (int ox = 0; ox < 5; ++ox) {
            for (int c = 0; c < 3; ++c) {
                int sum = 0;
                int taps = 0;
                for (int iy = std::max(0, 2 * oy - 1); iy < std::min(6, 2 * oy + 2); ++iy) {
                    for (int ix = ox; ix < std::min(5, ox + 2); ++ix) {
                        sum += x[static_cast<std::size_t>((iy * 5 + ix) * 3 + c)] - 90;
                        ++taps;
                    }
                }
                const float real = static_cast<float>(sum) * (0.7F / static_cast<float>(include_pad ? 6 : taps));
                CHECK(y[at++] == rounded(real, 50, 20, 255));
            }
        }
    }
}

TEST_CASE("products, PRelu and Concat are their definitions", "[compiler][reference]") {
    const QuantTensor a{"a", {4, 5, 3}, {0.1F, 100}, {}};
    const QuantTensor whole{"b", {4, 5, 3}, {0.2F, 7}, {}};
    const QuantTensor channel{"b", {1, 1, 3}, {0.2F, 7}, {}};
    const Bytes x = bytes(60, 1);
    QuantNode mul;
    mul.kind = NodeKind::Mul;
    mul.scale = {0.01F};
    mul.hi = 200;
    for (const QuantTensor& b : {whole, channel}) {
        const QuantGraph graph = one_node(mul, {a, b}, {"y", {4, 5, 3}, {2.0F, 30}, {}});
        const Bytes z = bytes(b.shape.count(), 2);
        const Bytes y = IntegerExecutor(graph).run({x, z})[0];
        for (std::size_t i = 0; i < y.size(); ++i) {
            const int product = (x[i] - 100) * (z[i % z.size()] - 7);
            CHECK(y[i] == rounded(static_cast<float>(product) * 0.01F, 30, 0, 200));
        }
    }

    QuantNode prelu;
    prelu.kind = NodeKind::PRelu;
    prelu.scale = {0.9F, 0.9F, 0.9F};
    prelu.negative_scale = {0.2F, -0.3F, 0.0F};
    const Bytes p = IntegerExecutor(one_node(prelu, {a}, {"y", {4, 5, 3}, {0.111F, 60}, {}})).run({x})[0];
    for (std::size_t i = 0; i < p.size(); ++i) {
        const int v = x[i] - 100;
        CHECK(p[i] == rounded(static_cast<float>(v) * (v < 0 ? prelu.negative_scale[i % 3] : 0.9F), 60, 0, 255));
    }

    QuantNode concat;
    concat.kind = NodeKind::Concat;
    const QuantTensor two{"b", {4, 5, 2}, {0.1F, 100}, {}};
    const Bytes z = bytes(40, 3);
    const Bytes joined = IntegerExecutor(one_node(concat, {a, two, a}, {"y", {4, 5, 8}, {0.1F, 100}, {}})).run({x, z, x})[0];
    for (std::size_t i = 0; i < joined.size(); ++i) {
        const std::size_t position = i / 8;
        const std::size_t c = i % 8;
        CHECK(joined[i] == (c < 3 ? x[position * 3 + c] : c < 5 ? z[position * 2 + c - 3] : x[position * 3 + c - 5]));
    }
}

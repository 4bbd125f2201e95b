#include "compiler/reference/integer_executor.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "tests/compiler/quantised.h"

using namespace cim::compiler;
using namespace cim::test;

namespace {

/// One Conv with everything unsymmetrical, filled from a fixed sequence.
QuantGraph conv_graph() {
    QuantGraph graph;
    graph.tensors = {{"x", {7, 9, 3}, {0.1F, 117}, {}}, {"y", {}, {0.3F, 11}, {}}};
    graph.inputs = {0};
    graph.outputs = {1};
    QuantNode node;
    node.inputs = {0};
    node.output = 1;
    node.kernel_h = 3;
    node.kernel_w = 2;
    node.stride_h = 2;
    node.dilation_w = 2;
    node.pad_top = 1;
    node.pad_right = 2;
    node.rows = 18;
    node.cols = 5;
    const FloatTensor random = noise({node.rows * node.cols});
    for (const float v : random.data) {
        node.matrix.push_back(static_cast<std::int8_t>(std::lround(v * 127)));
    }
    for (int c = 0; c < node.cols; ++c) {
        node.bias.push_back(1000 * (c - 2));
        node.scale.push_back(0.002F + 0.0005F * static_cast<float>(c));
        node.weight_scale.push_back(1.0F);
    }
    node.lo = 11;
    node.hi = 240;
    graph.tensors[1].shape = {3, 9, 5};
    graph.nodes = {node};
    return graph;
}

/// The definition, spelled out in wide integers and double.
std::vector<std::uint8_t> expected_conv(const QuantGraph& graph, const std::vector<std::uint8_t>& x) {
    const QuantNode& node = graph.nodes[0];
    const Shape3& from = graph.tensors[0].shape;
    const Shape3& to = graph.tensors[1].shape;
    std::vector<std::uint8_t> y;
    for (int oy = 0; oy < to.h; ++oy) {
        for (int ox = 0; ox < to.w; ++ox) {
            for (int o = 0; o < to.c; ++o) {
                std::int64_t sum = node.bias[o];
                for (int ky = 0; ky < node.kernel_h; ++ky) {
                    for (int kx = 0; kx < node.kernel_w; ++kx) {
                        for (int c = 0; c < from.c; ++c) {
                            const int iy = oy * node.stride_h + ky * node.dilation_h - node.pad_top;
                            const int ix = ox * node.stride_w + kx * node.dilation_w - node.pad_left;
                            const bool inside = iy >= 0 && iy < from.h && ix >= 0 && ix < from.w;
                            const int value = inside ? x[(iy * from.w + ix) * from.c + c] : graph.tensors[0].quant.zero;
                            sum += value * node.matrix[((ky * node.kernel_w + kx) * from.c + c) * node.cols + o];
                        }
                    }
                }
                const auto code = std::lrint(static_cast<float>(sum) * node.scale[o]) + graph.tensors[1].quant.zero;
                y.push_back(static_cast<std::uint8_t>(std::min<long>(std::max<long>(code, node.lo), node.hi)));
            }
        }
    }
    return y;
}

AdcEmulation adc(int rows, int parallel_row, int cell, int dac, int bits) {
    AdcEmulation adc;
    adc.rows = rows;
    adc.parallel_row = parallel_row;
    adc.bits_per_cell = cell;
    adc.dac_bits = dac;
    adc.adc_bits = bits;
    return adc;
}

/// One product matrix of `rows` x 1.
QuantNode column(const std::vector<std::int8_t>& weights) {
    QuantNode node;
    node.rows = static_cast<int>(weights.size());
    node.cols = 1;
    node.matrix = weights;
    return node;
}

}  // namespace

TEST_CASE("a convolution is its definition", "[compiler][reference]") {
    const QuantGraph graph = conv_graph();
    IntegerExecutor executor(graph);
    for (unsigned seed = 1; seed < 5; ++seed) {
        const std::vector<std::uint8_t> x = bytes(graph.tensors[0].shape.count(), seed);
        CHECK(executor.run({x})[0] == expected_conv(graph, x));
    }
    CHECK(executor.conversions() == 0);
    CHECK_THROWS_AS(executor.run({}), InputError);
    CHECK_THROWS_WITH(executor.run({{1, 2, 3}}), "input 'x' has 189 elements, 3 are given");
}

TEST_CASE("crossbars whose converters resolve every sum give the exact product", "[compiler][reference]") {
    const std::vector<std::int8_t> weights{-128, 127, -1, 0, 1, 77, -77, 5, -128, 127, 3};
    const std::vector<std::uint8_t> x{255, 255, 1, 9, 128, 200, 201, 77, 0, 254, 13};
    std::int32_t exact = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        exact += x[i] * weights[i];
    }
    for (const auto encoding : {cim::hw::WeightEncoding::Offset, cim::hw::WeightEncoding::FlippedOffset,
                                cim::hw::WeightEncoding::Differential, cim::hw::WeightEncoding::TwosComplement}) {
        for (const auto transfer : {cim::hw::AdcTransfer::Saturate, cim::hw::AdcTransfer::Uniform}) {
            for (const int cell : {1, 2, 3, 4, 8}) {
                for (const int dac : {1, 2, 3, 8}) {
                    AdcEmulation a = adc(4, 3, cell, dac, 30);
                    a.encoding = encoding;
                    a.transfer = transfer;
                    REQUIRE(a.lossless());
                    std::int32_t sum = 0;
                    INFO(cell << " bits a cell, " << dac << " bits a DAC");
                    CHECK(CrossbarMatrix(column(weights), a).multiply(x.data(), &sum) == 0);
                    CHECK(sum == exact);
                }
            }
        }
    }
}

TEST_CASE("a converter saturates at its highest code", "[compiler][reference]") {
    // Offset: weights 127 are stored as 255, so with 1-bit cells every slice sums to the number of active inputs.
    AdcEmulation a = adc(8, 4, 1, 1, 1);
    std::int32_t sum = 0;
    const CrossbarMatrix matrix(column({127, 127, 127, 127}), a);
    const std::vector<std::uint8_t> x{1, 1, 1, 0};
    // Bit 0: each of 8 slices sums to 3 and reads 1: 255. The offset is exact: 128 * 3.
    CHECK(matrix.multiply(x.data(), &sum) == 8);
    CHECK(sum == 255 - 384);
    CHECK(matrix.conversions() == 64);

    a.encoding = cim::hw::WeightEncoding::TwosComplement;
    const CrossbarMatrix negative(column({-1, -1, 1, 1}), a);
    // Stored 255, 255, 1, 1. Slice 0 sums to 3 and reads 1, slices 1 to 6 sum to 2 and read 1, the sign column likewise: 127 - 128.
    CHECK(negative.multiply(x.data(), &sum) == 8);
    CHECK(sum == -1);
    CHECK(negative.conversions() == 64);
}

TEST_CASE("a uniform converter spreads its codes over the largest possible sum", "[compiler][reference]") {
    AdcEmulation a = adc(128, 100, 1, 1, 4);
    a.transfer = cim::hw::AdcTransfer::Uniform;
    CHECK(a.largest_sum() == 100);
    CHECK(a.convert(0) == 0);
    CHECK(a.convert(100) == 100);
    CHECK(a.convert(3) == 0);    // 3 * 15 / 100 = 0.45
    CHECK(a.convert(4) == 7);    // 0.6 -> code 1 -> 6.67
    CHECK(a.convert(50) == 53);  // 7.5 -> code 8 -> 53.3
    a.adc_bits = 7;
    CHECK(a.lossless());
    CHECK(a.convert(77) == 77);
}

TEST_CASE("row tiles and groups are cut from row 0 on", "[compiler][reference]") {
    // Tiles of 5 rows in groups of 3: rows 0-2, 3-4, 5-7, 8-9, 10. Saturation at 1 counts the groups with an active input.
    const AdcEmulation a = adc(5, 3, 8, 8, 16);
    AdcEmulation one = adc(5, 3, 1, 1, 1);
    std::vector<std::uint8_t> x(11, 1);
    std::int32_t sum = 0;
    const CrossbarMatrix matrix(column(std::vector<std::int8_t>(11, 127)), one);
    CHECK(matrix.multiply(x.data(), &sum) == 8 * 4);  // the last group sums to 1 and loses nothing
    CHECK(sum == 5 * 255 - 128 * 11);
    CHECK(!a.lossless());
}

TEST_CASE("a lossy converter changes a network's result and is counted", "[compiler][reference]") {
    const QuantGraph graph = conv_graph();
    const std::vector<std::uint8_t> x = bytes(graph.tensors[0].shape.count(), 1);
    IntegerExecutor exact(graph);
    IntegerExecutor lossless(graph, adc(16, 8, 2, 1, 8));
    IntegerExecutor lossy(graph, adc(16, 16, 2, 1, 4));
    CHECK(lossless.run({x}) == exact.run({x}));
    CHECK(lossless.lossy_conversions() == 0);
    CHECK(lossy.run({x}) != exact.run({x}));
    CHECK(lossy.lossy_conversions() > 0);
    CHECK(lossy.conversions() == 27 * (2 * 8 * 5 * 4));  // positions x (groups x input slices x columns x cell slices)
}

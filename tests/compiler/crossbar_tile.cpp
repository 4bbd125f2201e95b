// The simulated crossbar against the reference's, which was written on its own from docs/numbers.md, and against plain integers.

#include <random>

#include <catch2/catch.hpp>

#include "compiler/reference/adc_emulation.h"
#include "hw_models/crossbar/bit_serial.h"

using namespace cim;

namespace {

using Engine = std::mt19937_64;

int number(Engine& dice, int low, int high) {
    return low + static_cast<int>(dice() % static_cast<std::uint64_t>(high - low + 1));
}

hw::Machine random_machine(Engine& dice) {
    hw::Machine m;
    m.crossbar.rows = number(dice, 1, 150);
    m.crossbar.parallel_row = number(dice, 1, m.crossbar.rows);
    m.crossbar.dac.bits = number(dice, 1, 4);
    m.device.bits_per_cell = number(dice, 1, 4);
    m.crossbar.adc.bits = number(dice, 2, 14);
    m.crossbar.adc.transfer = number(dice, 0, 1) == 0 ? hw::AdcTransfer::Saturate : hw::AdcTransfer::Uniform;
    m.crossbar.encoding = static_cast<hw::WeightEncoding>(number(dice, 0, 3));
    m.crossbar.input_encoding = static_cast<hw::InputEncoding>(number(dice, 0, 1));
    return m;
}

}  // namespace

TEST_CASE("tiles of a matrix add up to the reference's sums, whatever the converters lose", "[crossbar]") {
    Engine dice(1);
    int lossy = 0;
    for (int round = 0; round < 150; ++round) {
        const hw::Machine m = random_machine(dice);
        compiler::QuantNode node;
        node.rows = number(dice, 1, 3 * m.crossbar.rows);
        node.cols = number(dice, 1, 9);
        for (int i = 0; i < node.rows * node.cols; ++i) {
            node.matrix.push_back(static_cast<std::int8_t>(number(dice, -128, 127)));
        }
        std::vector<std::uint8_t> input(static_cast<std::size_t>(node.rows));
        for (std::uint8_t& x : input) {
            x = static_cast<std::uint8_t>(number(dice, 0, 3) == 0 ? 0 : number(dice, 0, 255));
        }
        const compiler::CrossbarMatrix reference(node, compiler::adc_emulation(m));
        std::vector<std::int32_t> expected(static_cast<std::size_t>(node.cols));
        const std::int64_t expected_loss = reference.multiply(input.data(), expected.data());

        hw::AdcLoss loss;
        std::vector<std::int32_t> sums(static_cast<std::size_t>(node.cols), 0);
        for (int first = 0; first < node.rows; first += m.crossbar.rows) {
            const int height = std::min(m.crossbar.rows, node.rows - first);
            const auto from = node.matrix.begin() + static_cast<std::ptrdiff_t>(first) * node.cols;
            const std::vector<std::int16_t> weights(from, from + static_cast<std::ptrdiff_t>(height) * node.cols);
            const std::vector<std::uint16_t> slice(input.begin() + first, input.begin() + first + height);
            hw::CrossbarTile(m, height, node.cols, 8, weights.data()).multiply(slice.data(), 0, height, 8, sums.data(), true, loss);
        }
        INFO("round " << round << ", " << node.rows << " rows in crossbars of " << m.crossbar.rows << ", " << m.crossbar.parallel_row
                      << " at once, " << m.crossbar.dac.bits << "-bit inputs, " << m.device.bits_per_cell << "-bit cells, "
                      << m.crossbar.adc.bits << "-bit converters");
        CHECK(sums == expected);
        CHECK(loss.lossy == expected_loss);
        CHECK(loss.conversions == (hw::adc_is_lossless(m) ? 0 : reference.conversions()));
        lossy += expected_loss > 0 ? 1 : 0;
    }
    CHECK(lossy > 40);
    CHECK(lossy < 140);
}

TEST_CASE("converters without loss give the integer product of any rows, 16-bit operands too", "[crossbar]") {
    Engine dice(2);
    for (int round = 0; round < 100; ++round) {
        hw::Machine m = random_machine(dice);
        m.crossbar.adc.bits = 20;
        REQUIRE(hw::adc_is_lossless(m));
        const int bits = round % 2 == 0 ? 8 : 16;
        const int cols = number(dice, 1, 6);
        std::vector<std::int16_t> weights(static_cast<std::size_t>(m.crossbar.rows * cols));
        for (std::int16_t& w : weights) {
            w = static_cast<std::int16_t>(number(dice, -(1 << (bits - 1)), (1 << (bits - 1)) - 1));
        }
        const int row = number(dice, 0, m.crossbar.rows - 1);
        const int n = number(dice, 1, m.crossbar.rows - row);
        std::vector<std::uint16_t> inputs(static_cast<std::size_t>(n));
        std::vector<std::int64_t> expected(static_cast<std::size_t>(cols), 0);
        for (int r = 0; r < n; ++r) {
            inputs[static_cast<std::size_t>(r)] = static_cast<std::uint16_t>(number(dice, 0, (1 << bits) - 1));
            for (int c = 0; c < cols; ++c) {
                expected[static_cast<std::size_t>(c)] += static_cast<std::int64_t>(inputs[static_cast<std::size_t>(r)]) *
                                                         weights[static_cast<std::size_t>((row + r) * cols + c)];
            }
        }
        std::vector<std::int32_t> sums(static_cast<std::size_t>(cols), 12345);
        hw::AdcLoss loss;
        hw::CrossbarTile(m, m.crossbar.rows, cols, bits, weights.data()).multiply(inputs.data(), row, n, bits, sums.data(), false, loss);
        for (int c = 0; c < cols; ++c) {
            CHECK(sums[static_cast<std::size_t>(c)] == static_cast<std::int32_t>(expected[static_cast<std::size_t>(c)]));
        }
    }
}

TEST_CASE("bit by bit the sliced product with a converter of one code too few loses only the top sum", "[crossbar]") {
    hw::Machine m;
    m.crossbar.rows = 8;
    m.crossbar.parallel_row = 8;
    m.crossbar.adc.bits = 3;  // sums 0..8, codes 0..7
    const std::vector<std::int16_t> weights{127, 127, 127, 127, 127, 127, 127, 127};
    const hw::CrossbarTile tile(m, 8, 1, 8, weights.data());
    std::int32_t sum = 0;
    hw::AdcLoss loss;
    const std::vector<std::uint16_t> seven{1, 1, 1, 1, 1, 1, 1, 0};
    tile.multiply(seven.data(), 0, 8, 8, &sum, false, loss);
    CHECK(sum == 7 * 127);
    CHECK(loss.lossy == 0);
    CHECK(loss.conversions == 64);
    const std::vector<std::uint16_t> eight(8, 1);
    tile.multiply(eight.data(), 0, 8, 8, &sum, false, loss);
    CHECK(sum == 7 * 255 - 8 * 128);  // stored 127 + 128 = 255 in eight cells, each sum of 8 read as 7; offset 8 x 128
    CHECK(loss.lossy == 8);
}

TEST_CASE("a converter is called lossless exactly if it gives back every sum", "[crossbar]") {
    Engine dice(3);
    for (int round = 0; round < 60; ++round) {
        const hw::Machine m = random_machine(dice);
        const compiler::AdcEmulation reference = compiler::adc_emulation(m);
        const hw::Converter converter = hw::converter_of(m);
        const hw::SumRange range = hw::sum_range(m);
        CHECK(range.most == reference.largest_sum());
        CHECK(range.least == reference.smallest_sum());
        bool exact = true;
        std::int64_t before = converter.value(range.least);
        for (std::int64_t sum = range.least; sum <= range.most; sum += 1 + (range.most - range.least) / 997) {
            const std::int64_t value = converter.value(sum);
            CHECK(value == reference.convert(sum));
            CHECK(value >= before);
            exact = exact && value == sum;
            before = value;
        }
        exact = exact && converter.value(range.most) == range.most && converter.value(range.least) == range.least;
        CHECK(converter.value(0) == 0);
        CHECK(converter.lossless() == (m.crossbar.adc.bits >= hw::lossless_adc_bits(m)));
        if (converter.lossless()) {
            CHECK(exact);
        }
        if (m.crossbar.adc.transfer == hw::AdcTransfer::Uniform) {
            CHECK(std::max(converter.value(range.most), -converter.value(range.least)) == std::max(range.most, -range.least));
        } else if (!converter.lossless()) {
            CHECK(converter.value(range.most) <= (1LL << m.crossbar.adc.bits) - 1);
            CHECK_FALSE(exact);
        }
    }
}

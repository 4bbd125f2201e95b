// The crossbar's arithmetic against the reference's emulation of it, written apart, and against the plain product where nothing is lost.

#include <catch2/catch.hpp>

#include "compiler/reference/adc_emulation.h"
#include "hw_models/crossbar/bit_serial.h"
#include "isa/generate/dice.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;
using isa::Dice;

namespace {

struct Tile {
    int rows = 0;
    int cols = 0;
    std::vector<std::int16_t> weights;
    std::vector<std::uint16_t> inputs;
};

Tile random_tile(Dice& dice, int rows, int cols, int weight_bits, int input_bits) {
    Tile tile{rows, cols, {}, {}};
    const bool extreme = dice.once_in(4);
    const std::int64_t most = (std::int64_t{1} << (weight_bits - 1)) - 1;
    for (int i = 0; i < rows * cols; ++i) {
        tile.weights.push_back(static_cast<std::int16_t>(extreme ? (dice.once_in(2) ? most : -most - 1) : dice.roll(-most - 1, most)));
    }
    const std::int64_t top = (std::int64_t{1} << input_bits) - 1;
    for (int i = 0; i < rows; ++i) {
        tile.inputs.push_back(static_cast<std::uint16_t>(extreme && !dice.once_in(3) ? top : dice.roll(0, top)));
    }
    return tile;
}

hw::Machine random_crossbar(Dice& dice) {
    hw::Machine m = machine_of("tiny");
    m.crossbar.rows = static_cast<int>(dice.roll(1, 140));
    m.crossbar.cols = 256;
    m.crossbar.parallel_row = static_cast<int>(dice.roll(1, m.crossbar.rows));
    m.crossbar.encoding = static_cast<hw::WeightEncoding>(dice.roll(0, 3));
    m.crossbar.input_encoding = static_cast<hw::InputEncoding>(dice.roll(0, 1));
    m.crossbar.adc.transfer = dice.once_in(2) ? hw::AdcTransfer::Saturate : hw::AdcTransfer::Uniform;
    m.crossbar.dac.bits = static_cast<int>(dice.roll(1, 8));
    m.device.bits_per_cell = static_cast<int>(dice.roll(1, 8));
    m.crossbar.adc.bits = static_cast<int>(dice.roll(2, 14));
    return m;
}

std::vector<std::int64_t> product(const Tile& tile) {
    std::vector<std::int64_t> sums(static_cast<std::size_t>(tile.cols), 0);
    for (int r = 0; r < tile.rows; ++r) {
        for (int c = 0; c < tile.cols; ++c) {
            sums[static_cast<std::size_t>(c)] +=
                std::int64_t{tile.inputs[static_cast<std::size_t>(r)]} * tile.weights[static_cast<std::size_t>(r * tile.cols + c)];
        }
    }
    return sums;
}

std::vector<std::int64_t> multiplied(const hw::Machine& m, const Tile& tile, int weight_bits, int input_bits, hw::AdcLoss& loss) {
    const hw::CrossbarTile crossbar(m, tile.rows, tile.cols, weight_bits, tile.weights.data());
    std::vector<std::int32_t> sums(static_cast<std::size_t>(tile.cols), -7);
    crossbar.multiply(tile.inputs.data(), 0, tile.rows, input_bits, sums.data(), false, loss);
    return {sums.begin(), sums.end()};
}

}  // namespace

TEST_CASE("crossbars with converters that lose compute what the reference emulates, conversion by conversion") {
    Dice dice(1);
    int lossy = 0;
    int saturated = 0;
    for (int i = 0; i < 600; ++i) {
        const hw::Machine m = random_crossbar(dice);
        const Tile tile = random_tile(dice, static_cast<int>(dice.roll(1, m.crossbar.rows)), static_cast<int>(dice.roll(1, 9)), 8, 8);
        compiler::QuantNode node;
        node.rows = tile.rows;
        node.cols = tile.cols;
        node.matrix.assign(tile.weights.begin(), tile.weights.end());
        const compiler::AdcEmulation adc = compiler::adc_emulation(m);
        REQUIRE(adc.lossless() == hw::adc_is_lossless(m));
        const compiler::CrossbarMatrix matrix(node, adc);
        const std::vector<std::uint8_t> input(tile.inputs.begin(), tile.inputs.end());
        std::vector<std::int32_t> expected(static_cast<std::size_t>(tile.cols));
        const std::int64_t lost = matrix.multiply(input.data(), expected.data());
        hw::AdcLoss loss;
        INFO("case " << i << ": " << tile.rows << " x " << tile.cols << ", " << m.crossbar.parallel_row << " at once, DAC "
                     << m.crossbar.dac.bits << ", cells " << m.device.bits_per_cell << ", ADC " << m.crossbar.adc.bits);
        CHECK(multiplied(m, tile, 8, 8, loss) == std::vector<std::int64_t>(expected.begin(), expected.end()));
        if (hw::adc_is_lossless(m)) {
            CHECK(lost == 0);
            CHECK(std::vector<std::int64_t>(expected.begin(), expected.end()) == product(tile));
        } else {
            ++lossy;
            saturated += lost > 0 ? 1 : 0;
            CHECK(loss.lossy == lost);
            CHECK(loss.conversions == matrix.conversions());
        }
    }
    CHECK(lossy > 100);
    CHECK(saturated > 50);
}

TEST_CASE("every bit counts: 1 to 16 bits of weights and inputs through converters that lose nothing") {
    Dice dice(2);
    for (int i = 0; i < 300; ++i) {
        hw::Machine m = random_crossbar(dice);
        const int weight_bits = static_cast<int>(dice.roll(2, 16));
        const int input_bits = static_cast<int>(dice.roll(1, 16));
        const Tile tile = random_tile(dice, static_cast<int>(dice.roll(1, m.crossbar.rows)), 3, weight_bits, input_bits);
        m.crossbar.adc.bits = 24;
        REQUIRE(hw::adc_is_lossless(m));
        hw::AdcLoss loss;
        std::vector<std::int64_t> expected = product(tile);
        for (std::int64_t& sum : expected) {
            sum = static_cast<std::int32_t>(sum);  // the sums' adders have 32 bits and wrap around
        }
        INFO("case " << i << ": weights " << weight_bits << ", inputs " << input_bits);
        CHECK(multiplied(m, tile, weight_bits, input_bits, loss) == expected);
        CHECK(loss.lossy == 0);
    }
}

TEST_CASE("bit slices through converters that resolve every sum that comes give the plain product too") {
    // A bit too few to be lossless by definition, but no sum of these tiles comes near it: the sliced way is taken and is exact.
    Dice dice(3);
    for (int i = 0; i < 300; ++i) {
        hw::Machine m = random_crossbar(dice);
        m.crossbar.adc.transfer = hw::AdcTransfer::Saturate;
        m.crossbar.rows = 64;
        m.crossbar.parallel_row = 64;
        const int weight_bits = static_cast<int>(dice.roll(2, 16));
        const int input_bits = static_cast<int>(dice.roll(1, 16));
        m.crossbar.adc.bits = hw::lossless_adc_bits(m, weight_bits, input_bits) - 1;
        if (m.crossbar.adc.bits < 2) {
            continue;
        }
        const Tile tile = random_tile(dice, static_cast<int>(dice.roll(1, 16)), 3, weight_bits, input_bits);
        hw::AdcLoss loss;
        std::vector<std::int64_t> expected = product(tile);
        for (std::int64_t& sum : expected) {
            sum = static_cast<std::int32_t>(sum);
        }
        INFO("case " << i << ": weights " << weight_bits << ", inputs " << input_bits << ", cells " << m.device.bits_per_cell);
        CHECK(multiplied(m, tile, weight_bits, input_bits, loss) == expected);
        CHECK(loss.lossy == 0);
        CHECK(loss.conversions > 0);
    }
}

TEST_CASE("an ADC's codes: saturating ones clip, uniform ones spread, and both give back what they can") {
    hw::Machine m = machine_of("tiny");
    m.crossbar.parallel_row = 16;
    m.device.bits_per_cell = 2;
    m.crossbar.dac.bits = 1;
    REQUIRE(hw::sum_range(m).most == 48);
    m.crossbar.adc.bits = 6;
    CHECK(hw::adc_is_lossless(m));
    m.crossbar.adc.bits = 5;
    CHECK_FALSE(hw::adc_is_lossless(m));
    CHECK(hw::converter_of(m).value(31) == 31);
    CHECK(hw::converter_of(m).value(32) == 31);
    CHECK(hw::converter_of(m).value(48) == 31);
    m.crossbar.adc.transfer = hw::AdcTransfer::Uniform;
    CHECK(hw::converter_of(m).value(0) == 0);
    CHECK(hw::converter_of(m).value(48) == 48);
    // 31 codes over 48: code 1 stands for 1.55 and is given for 1; 24 is in the middle between 15 and 16 and goes up.
    CHECK(hw::converter_of(m).value(1) == 2);
    CHECK(hw::converter_of(m).value(24) == 25);
    std::int64_t before = 0;
    for (std::int64_t sum = 0; sum <= 48; ++sum) {
        CHECK(std::abs(hw::converter_of(m).value(sum) - sum) <= 1);
        CHECK(hw::converter_of(m).value(sum) >= before);
        before = hw::converter_of(m).value(sum);
    }
}

TEST_CASE("wide operands in a program: two bytes an input, two a weight") {
    hw::Machine m = bare_machine();
    m.crossbar.cols = 64;
    m.crossbar.adc.bits = 24;
    isa::Program program = program_of(R"(mop 1
program "wide"
machine "tiny" WLM
data "wide.data" 0
operator "op" "MatMul"
input "x" 1x8 scale=1 zero=0 ext=0 size=8
output "y" 1x12 scale=1 zero=0 ext=100 size=12
buffer in l0 0 8
buffer out l0 8 12
buffer l1 l1[0] 0 64
buffer x ext 0 8
buffer weights ext 50 24
buffer y ext 100 12
counter c[4] chip data
counter d[2] core[0] data
weight w 4x3 bits=16 ext=50
template write(w) {
  cim.write_row xb=1 row=0 rows=3 weight=w
  cim.write_row xb=1 row=3 rows=1 weight=w
}
template fetch(c) {
  mov.fetch dst=0 src=0 n=8
  signal c[0] += 1
}
template load(c, d) {
  await c[0] >= 1
  mov.load dst=0 src=0 n=8
  signal d[0] += 1
}
template read(d, c) {
  await d[0] >= 1
  cim.read_row xb=1 row=0 src=0 n=4 bits=16 dst=16 cols=3 => d[1] += 1
  cim.read_row xb=1 row=2 src=4 n=4 bits=16 dst=16 cols=3 add=1 => d[1] += 1
}
template store(d, c) {
  await d[1] >= 2
  mov.store dst=8 src=16 n=12
  signal c[1] += 1
}
template flush(c) {
  await c[1] >= 1
  mov.flush dst=100 src=8 n=12
}
setup flow f.write core[0] crossbar op=0 write(@w)
flow f.fetch chip move op=0 fetch(@c)
flow f.load core[0] move op=0 load(@c, @d)
flow f.read core[0] crossbar op=0 read(@d, @c)
flow f.store core[0] move op=0 store(@d, @c)
flow f.flush chip move op=0 flush(@c)
)");
    program.weights[0].values = {1, -2, 300, 32767, -32768, 5, -7, 11, 13, 0, 1, -1};
    const std::vector<std::uint16_t> x{1, 65535, 40000, 257};
    std::vector<std::uint8_t> bytes;
    for (const std::uint16_t v : x) {
        bytes.push_back(static_cast<std::uint8_t>(v & 0xff));
        bytes.push_back(static_cast<std::uint8_t>(v >> 8));
    }
    const Outcome outcome = run(program, m, {}, {bytes});
    CHECK(outcome.deadlock.empty());
    REQUIRE(outcome.outputs.size() == 1);
    for (std::size_t c = 0; c < 3; ++c) {
        std::int64_t expected = 0;
        for (std::size_t r = 0; r < 4; ++r) {
            expected += std::int64_t{x[r]} * program.weights[0].values[3 * r + c];
        }
        std::uint32_t seen = 0;
        for (std::size_t b = 0; b < 4; ++b) {
            seen |= static_cast<std::uint32_t>(outcome.outputs[0][4 * c + b]) << (8 * b);
        }
        CHECK(static_cast<std::int32_t>(seen) == static_cast<std::int32_t>(expected));
    }
    CHECK(outcome.most_writes == 1);
    CHECK(outcome.multiply_accumulates == 2 * 2 * 3);
}

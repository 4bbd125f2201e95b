// Each encoding of weights and inputs by itself: what it stores, the columns and steps that it takes, the sums that it makes.

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "hw_models/crossbar/bit_serial.h"
#include "hw_models/crossbar/converter.h"
#include "hw_models/crossbar/input_encoder.h"
#include "hw_models/crossbar/weight_encoder.h"
#include "hw_models/spec/load.h"
#include "hw_models/timing/price.h"
#include "tests/hw/support.h"

using namespace cim;
using hw::InputEncoding;
using hw::WeightEncoding;

namespace {

const std::vector<WeightEncoding> weight_encodings{WeightEncoding::Offset, WeightEncoding::FlippedOffset, WeightEncoding::Differential,
                                                   WeightEncoding::TwosComplement};
const std::vector<InputEncoding> input_encodings{InputEncoding::Unsigned, InputEncoding::TwosComplement};

hw::Machine crossbar(WeightEncoding weights, InputEncoding inputs, int cell_bits, int dac_bits) {
    hw::Machine m = hw::load_machine(test::config_path("tiny")).machine;
    m.crossbar.encoding = weights;
    m.crossbar.input_encoding = inputs;
    m.device.bits_per_cell = cell_bits;
    m.crossbar.dac.bits = dac_bits;
    return m;
}

int bits_of(const hw::Machine& m) {
    return hw::lossless_adc_bits(m);
}

/// Whether any conversion loses something when every row has weight w (odd rows: v) and every input is x.
bool loses(const hw::Machine& m, int w, int v, int x) {
    std::vector<std::int16_t> weights;
    for (int r = 0; r < m.crossbar.parallel_row; ++r) {
        weights.push_back(static_cast<std::int16_t>(r % 2 == 0 ? w : v));
    }
    const std::vector<std::uint16_t> inputs(weights.size(), static_cast<std::uint16_t>(x));
    const int rows = static_cast<int>(weights.size());
    std::int32_t sum = 0;
    hw::AdcLoss loss;
    hw::CrossbarTile(m, rows, 1, 8, weights.data()).multiply(inputs.data(), 0, rows, 8, &sum, false, loss);
    return loss.lossy > 0;
}

}  // namespace

TEST_CASE("Digits of a weight and of an input, each by its factor, are the number again", "[hw]") {
    for (const WeightEncoding encoding : weight_encodings) {
        const hw::WeightEncoder& encoder = hw::encoder_of(encoding);
        for (const int bits : {1, 2, 5, 8, 16}) {
            for (const int cell : {1, 2, 3, 8}) {
                const auto slices = encoder.slices(bits, cell);
                for (int w = -(1 << (bits - 1)); w < 1 << (bits - 1); w += 1 + (1 << bits) / 300) {
                    const hw::StoredWeight stored = encoder.stored(w, bits);
                    std::int64_t value = 0;
                    for (const hw::WeightSlice& slice : slices) {
                        const std::int64_t mask = (1 << slice.bits) - 1;
                        const std::int64_t cells = ((stored.plus >> slice.shift) & mask) - ((stored.minus >> slice.shift) & mask);
                        CHECK(slice.bits <= cell);
                        CHECK(cells >= slice.least);
                        CHECK(cells <= slice.most);
                        value += cells * slice.factor;
                    }
                    CHECK(value + encoder.input_factor(bits) == w);
                }
            }
        }
    }
    for (const InputEncoding encoding : input_encodings) {
        const hw::InputEncoder& encoder = hw::encoder_of(encoding);
        for (const int bits : {1, 2, 7, 8, 16}) {
            for (const int dac : {1, 2, 3, 8}) {
                for (int x = 0; x < 1 << bits; x += 1 + (1 << bits) / 300) {
                    std::int64_t value = encoder.offset(bits);
                    for (const hw::InputSlice& slice : encoder.slices(bits, dac)) {
                        const unsigned digit = (encoder.driven(static_cast<unsigned>(x), bits) >> slice.shift) & ((1U << slice.bits) - 1U);
                        CHECK(slice.bits <= dac);
                        value += digit * slice.factor;
                    }
                    CHECK(value == x);
                }
            }
        }
    }
}

TEST_CASE("Columns, conversions and steps follow from the encoding", "[hw]") {
    const auto columns = [](WeightEncoding weights, int cell) {
        const hw::Machine m = crossbar(weights, InputEncoding::Unsigned, cell, 1);
        return std::vector<int>{m.columns(8), m.samples(8), m.logical_cols(8)};
    };
    CHECK(columns(WeightEncoding::Offset, 2) == std::vector<int>{4, 4, 8});
    CHECK(columns(WeightEncoding::FlippedOffset, 2) == std::vector<int>{4, 4, 8});
    CHECK(columns(WeightEncoding::Differential, 2) == std::vector<int>{8, 4, 4});
    CHECK(columns(WeightEncoding::TwosComplement, 2) == std::vector<int>{5, 5, 6});
    CHECK(columns(WeightEncoding::TwosComplement, 1) == std::vector<int>{8, 8, 4});
    CHECK(columns(WeightEncoding::Differential, 1) == std::vector<int>{16, 8, 2});
    const auto steps = [](InputEncoding inputs, int dac) { return crossbar(WeightEncoding::Offset, inputs, 2, dac).input_steps(8); };
    CHECK(steps(InputEncoding::Unsigned, 1) == 8);
    CHECK(steps(InputEncoding::TwosComplement, 1) == 8);
    CHECK(steps(InputEncoding::Unsigned, 4) == 2);
    CHECK(steps(InputEncoding::TwosComplement, 4) == 3);
}

TEST_CASE("Prices count the conversions, cells and steps of the encoding", "[hw]") {
    const auto count = [](const hw::OpCost& cost, hw::Event event) {
        for (std::size_t i = 0; i < cost.event_count; ++i) {
            if (cost.events[i].event == event) {
                return cost.events[i].count;
            }
        }
        return std::int64_t{0};
    };
    for (const WeightEncoding weights : weight_encodings) {
        for (const InputEncoding inputs : input_encodings) {
            const hw::Machine m = crossbar(weights, inputs, 2, 4);
            const hw::PriceList prices(m);
            const hw::OpCost read = prices.read(0, 16, 3, 8, 8, 16, false);
            const std::int64_t steps = m.input_steps(8);
            CHECK(count(read, hw::Event::AdcSample) == steps * 3 * m.samples(8));
            CHECK(count(read, hw::Event::ShiftAdd) == steps * 3 * m.samples(8));
            CHECK(count(read, hw::Event::RowRead) == steps * 16);
            CHECK(count(prices.write(0, 16, 3, 8, 48), hw::Event::CellWrite) == 16 * 3 * m.columns(8));
            // Four converters, a sample a cycle; a read of four cycles overlaps the conversion before.
            const std::int64_t convert = (3 * m.samples(8) + 3) / 4;
            CHECK(prices.mvm_ticks(16, 3, 8, 8) / m.crossbar_clock.ticks_per_cycle ==
                  4 + (steps - 1) * std::max<std::int64_t>(4, convert) + convert + 2);
        }
    }
}

TEST_CASE("A converter that is exact for inputs of 16 bits is exact for fewer", "[hw]") {
    for (const WeightEncoding weights : weight_encodings) {
        for (const InputEncoding inputs : input_encodings) {
            for (int dac = 1; dac <= 16; ++dac) {
                const hw::Machine m = crossbar(weights, inputs, 2, dac);
                for (int bits = 2; bits < 16; ++bits) {
                    CHECK(hw::lossless_adc_bits(m, 8, bits) <= hw::lossless_adc_bits(m, 8, 16));
                }
            }
        }
    }
}

TEST_CASE("Rows that are read across the border of two inverted groups take two activations", "[hw]") {
    hw::Machine m = crossbar(WeightEncoding::FlippedOffset, InputEncoding::Unsigned, 2, 1);
    REQUIRE(m.crossbar.parallel_row == 16);
    const hw::PriceList flipped(m);
    CHECK(flipped.mvm_ticks(16, 2, 8, 8, 16) == flipped.mvm_ticks(16, 2, 8, 8));
    CHECK(flipped.mvm_ticks(16, 2, 8, 8, 8) == flipped.mvm_ticks(32, 2, 8, 8));
    m.crossbar.encoding = WeightEncoding::Offset;
    const hw::PriceList plain(m);
    CHECK(plain.mvm_ticks(16, 2, 8, 8, 8) == plain.mvm_ticks(16, 2, 8, 8));
}

TEST_CASE("Bits that make the ADC lossless are those of the papers", "[hw]") {
    hw::Machine m = crossbar(WeightEncoding::Offset, InputEncoding::Unsigned, 2, 1);
    m.crossbar.rows = m.crossbar.parallel_row = 128;
    CHECK(bits_of(m) == 9);  // ISAAC, before its encoding
    m.crossbar.encoding = WeightEncoding::FlippedOffset;
    CHECK(bits_of(m) == 8);  // ISAAC
    CHECK(hw::sum_range(m).most == 192);
    m.crossbar.encoding = WeightEncoding::Differential;
    CHECK(bits_of(m) == 10);  // 384 with a sign
    CHECK(hw::sum_range(m).least == -384);
    m = crossbar(WeightEncoding::TwosComplement, InputEncoding::Unsigned, 1, 1);
    m.crossbar.rows = m.crossbar.parallel_row = 1152;
    CHECK(bits_of(m) == 11);  // Jia's 1152 rows
}

TEST_CASE("The bits are tight: with as many nothing is lost, with one fewer some sum is", "[hw]") {
    for (const WeightEncoding weights : weight_encodings) {
        for (const InputEncoding inputs : input_encodings) {
            for (const int cell : {1, 2, 3, 4, 8}) {
                for (const int dac : {1, 2, 3, 8, 12}) {
                    for (const int rows : {1, 2, 5, 16, 31}) {
                        hw::Machine m = crossbar(weights, inputs, cell, dac);
                        m.crossbar.rows = m.crossbar.parallel_row = rows;
                        const int bits = bits_of(m);
                        INFO(static_cast<int>(weights) << ' ' << static_cast<int>(inputs) << ", " << cell << " bits a cell, DAC " << dac
                                                       << ", " << rows << " rows: " << bits << " bits");
                        m.crossbar.adc.bits = bits;
                        CHECK(hw::adc_is_lossless(m));
                        m.crossbar.adc.bits = bits - 1;
                        if (bits == (hw::sum_range(m).least < 0 ? 2 : 1)) {
                            continue;
                        }
                        CHECK_FALSE(hw::adc_is_lossless(m));
                        bool lost = false;
                        for (const int x : {0, 127, 255}) {
                            for (const int w : {-128, -127, -1, 0, 85 - 128, 91 - 128, 119 - 128, 127}) {
                                for (const int v : {-128, -127, -1, 0, 127}) {
                                    lost = lost || loses(m, w, v, x);
                                }
                            }
                        }
                        CHECK(lost);
                    }
                }
            }
        }
    }
}

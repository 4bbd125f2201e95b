#pragma once
// A Conv as crossbars with real converters would compute it: written from the description of the hardware (docs/numbers.md), on its own,
// so that the simulated crossbar can be compared with it.
//
// The matrix is cut into row tiles of `rows` rows and these into groups of `parallel_row` rows that are active together. Weights and inputs
// are split into digits as their encodings say. A group sums, for each input digit and each weight digit, the products of digits; the
// converter turns that sum into a code; codes are scaled back, weighed and added.

#include <cstdint>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// The codes of a converter.
struct AdcCodes {
    std::int64_t lowest = 0;
    std::int64_t highest = 0;
    std::int64_t full_scale = 0;  ///< largest sum, whatever its sign
    bool resolve_all = true;      ///< every possible sum has a code of its own
    bool spread = false;          ///< over the full scale, instead of a code a unit
    /// What the digital side makes of an analog sum. saturate: the nearest code. uniform: the sum is spread over the codes, rounded to the
    /// nearest, and scaled back.
    std::int64_t convert(std::int64_t sum) const;
};

struct AdcEmulation {
    int rows = 128;
    int cols = 32;  ///< weights of 8 bits side by side
    int parallel_row = 128;
    int bits_per_cell = 1;
    int dac_bits = 1;
    int adc_bits = 8;
    hw::AdcTransfer transfer = hw::AdcTransfer::Saturate;
    hw::WeightEncoding encoding = hw::WeightEncoding::Offset;
    hw::InputEncoding input_encoding = hw::InputEncoding::Unsigned;

    /// Largest and smallest sum that a group of 8-bit weights and inputs can have; the smallest is 0 unless sums have a sign.
    std::int64_t largest_sum() const;
    std::int64_t smallest_sum() const;
    AdcCodes codes() const;
    /// The crossbars compute the integer product.
    bool lossless() const { return codes().resolve_all; }
    std::int64_t convert(std::int64_t sum) const { return codes().convert(sum); }
    /// Groups of a grouped Conv that share a crossbar: as many as fit, side by side along the diagonal.
    int groups_together(const QuantNode& node) const;
};

/// Of the crossbars of a machine.
AdcEmulation adc_emulation(const hw::Machine& machine);

/// One matrix, its weights split once.
class CrossbarMatrix final {
  public:
    CrossbarMatrix(const QuantNode& node, const AdcEmulation& adc);

    /// sums[col] = what the crossbars give for input[row]. Returns how many conversions did not give back their sum.
    std::int64_t multiply(const std::uint8_t* input, std::int32_t* sums) const;
    /// Conversions of one multiply.
    std::int64_t conversions() const;

  private:
    /// One digit of every weight, and what it counts.
    struct Digit {
        std::vector<std::int16_t> cells;  ///< [row * cols + col], turned over where `turned` says so
        std::vector<bool> turned;         ///< [group * cols + col]; empty: never
        std::int64_t weight = 1;
        int top = 1;  ///< largest value of a cell
    };
    struct Group {
        int first = 0;
        int last = 0;  ///< exclusive
    };
    void turn_over(Digit& digit) const;

    AdcEmulation adc_;
    AdcCodes codes_;
    int rows_;
    int cols_;
    std::vector<Group> groups_;
    std::vector<Digit> digits_;
    std::vector<std::int64_t> weight_sum_;  ///< by column
};

}  // namespace cim::compiler

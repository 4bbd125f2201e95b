#pragma once
// A Conv as crossbars with real converters would compute it: written from the description of the hardware (docs/numbers.md), on its own,
// so that the simulated crossbar can be compared with it.
//
// The matrix is cut into row tiles of `rows` rows and these into groups of `parallel_row` rows that are active together. A group sums,
// for each slice of dac_bits input bits and each cell slice of bits_per_cell weight bits (least significant first, values unsigned), the
// products of input slices and cells; the converter turns that sum into a code; codes are scaled back, shifted and added.

#include <cstdint>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

struct AdcEmulation {
    int rows = 128;
    int parallel_row = 128;
    int bits_per_cell = 1;
    int dac_bits = 1;
    int adc_bits = 8;
    hw::AdcTransfer transfer = hw::AdcTransfer::Saturate;
    hw::WeightEncoding encoding = hw::WeightEncoding::Offset;

    /// Largest sum that a group can have: parallel_row * (2^dac_bits - 1) * (2^bits_per_cell - 1).
    std::int64_t largest_sum() const;
    /// Every possible sum has its own code: the crossbars compute the integer product.
    bool lossless() const { return largest_sum() <= (std::int64_t{1} << static_cast<unsigned>(adc_bits)) - 1; }
    /// What the digital side makes of an analog sum. saturate: min(sum, 2^adc_bits - 1). uniform: the sum is spread over the codes,
    /// rounded to the nearest, and scaled back.
    std::int64_t convert(std::int64_t sum) const;
};

/// Of the crossbars of a machine.
AdcEmulation adc_emulation(const hw::Machine& machine);

/// The matrix of one group of a Conv, its cells sliced once. A group has crossbars of its own: its columns see no rows of another.
class CrossbarMatrix final {
  public:
    CrossbarMatrix(const QuantNode& node, const AdcEmulation& adc, int group = 0);

    /// sums[col] = what the crossbars give for input[row]. Returns how many conversions did not give back their sum.
    std::int64_t multiply(const std::uint8_t* input, std::int32_t* sums) const;
    /// Conversions of one multiply.
    std::int64_t conversions() const;

  private:
    AdcEmulation adc_;
    int rows_;
    int cols_;
    std::vector<std::vector<std::uint8_t>> slices_;  ///< [cell slice][row * cols + col]; twos-complement: the last is the sign bit
    std::vector<std::int32_t> slice_weight_;         ///< by which each cell slice counts
};

}  // namespace cim::compiler

#pragma once
// The arithmetic of a crossbar: weights as slices of bits_per_cell bits in adjacent cells, inputs as slices of dac.bits bits one after
// another, at most parallel_row wordlines at once, every bitline through an ADC, digital shift-add. docs/numbers.md has the formulas.

#include <cstdint>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::hw {

/// What the conversions of an MVM lost.
struct AdcLoss {
    std::int64_t conversions = 0;
    std::int64_t lossy = 0;  ///< conversions whose value differs from the analog sum
};

/// The cells of one programmed tile.
class CrossbarTile {
  public:
    /// `weights`: rows x cols signed integers of weight_bits bits, row-major.
    CrossbarTile(const Machine& machine, int rows, int cols, int weight_bits, const std::int16_t* weights);

    int rows() const { return rows_; }
    int cols() const { return cols_; }
    int weight_bits() const { return weight_bits_; }

    /// sums[c] (+)= what the crossbar gives for the inputs of rows row .. row+n-1 (unsigned, input_bits bits each). Equal to the integer
    /// product if the ADC is lossless, computed as one then.
    void multiply(const std::uint16_t* inputs, int row, int n, int input_bits, std::int32_t* sums, bool accumulate, AdcLoss& loss) const;

  private:
    void multiply_exact(const std::uint16_t* inputs, int row, int n, std::int32_t* sums) const;
    void multiply_sliced(const std::uint16_t* inputs, int row, int n, int input_bits, std::int32_t* sums, AdcLoss& loss) const;
    std::int64_t convert(std::int64_t sum, AdcLoss& loss) const;

    const Machine& m_;
    int rows_;
    int cols_;
    int weight_bits_;
    int slices_;
    bool lossless_;
    std::vector<std::int16_t> weights_;
    /// Bit plane b of slice s of column c: words of 64 rows, [((c * slices + s) * bits_per_cell + b) * words + word].
    std::vector<std::uint64_t> planes_;
    int words_;
};

/// Largest analog sum of one activation: parallel_row x largest input slice x largest cell value.
std::int64_t largest_sum(const Machine& machine);
/// Whether the ADC gives each sum from 0 to largest_sum() its own exact value.
bool adc_is_lossless(const Machine& machine);
/// Value that the digital side sees for an analog sum.
std::int64_t adc_value(const Machine& machine, std::int64_t sum);

}  // namespace cim::hw

#pragma once
// The arithmetic of a crossbar: weights as slices in the cells of a row, inputs as slices one after another, at most parallel_row wordlines
// at once, every bitline through an ADC, digital shift-add. docs/numbers.md has the formulas.

#include <cstdint>
#include <vector>

#include "hw_models/crossbar/converter.h"
#include "hw_models/crossbar/weight_encoder.h"
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
    /// `weights`: rows x cols signed integers of weight_bits bits, row-major, which must outlive the tile.
    CrossbarTile(const Machine& machine, int rows, int cols, int weight_bits, const std::int16_t* weights);

    int rows() const { return rows_; }
    int cols() const { return cols_; }
    int weight_bits() const { return weight_bits_; }

    /// sums[c] (+)= what the crossbar gives for the inputs of rows row .. row+n-1 (unsigned, input_bits bits each). Equal to the integer
    /// product if the ADC is lossless, computed as one then.
    void multiply(const std::uint16_t* inputs, int row, int n, int input_bits, std::int32_t* sums, bool accumulate, AdcLoss& loss) const;

  private:
    static constexpr int most_input_bits = 16;

    struct Activation;
    void store();
    void invert_large_sums();
    void multiply_sliced(const std::uint16_t* inputs, int row, int n, int input_bits, const Converter& converter, std::int32_t* sums,
                         AdcLoss& loss) const;
    void activate(Activation& step, const Converter& converter, std::int32_t* sums, AdcLoss& loss) const;
    std::uint64_t* plane(int col, int index) {
        return planes_.data() +
               (static_cast<std::size_t>(col) * static_cast<std::size_t>(planes_a_weight_) + static_cast<std::size_t>(index)) *
                   static_cast<std::size_t>(words_);
    }
    const std::uint64_t* plane(int col, int index) const { return const_cast<CrossbarTile*>(this)->plane(col, index); }
    std::vector<bool>::size_type group_of(int col, std::size_t slice, int row) const {
        return (static_cast<std::size_t>(col) * slices_.size() + slice) * static_cast<std::size_t>(groups_) +
               static_cast<std::size_t>(row / m_.crossbar.parallel_row);
    }

    const Machine& m_;
    const WeightEncoder& encoder_;
    int rows_;
    int cols_;
    int weight_bits_;
    bool exact_;  ///< for inputs of any bits
    const std::int16_t* weights_;
    std::vector<WeightSlice> slices_;
    /// Bits shift .. shift+bits-1 of a weight's stored number on one bitline: planes first .. first+bits-1.
    struct Line {
        int first = 0;
        int bits = 1;
        int shift = 0;
        bool minus = false;  ///< of the second number of a pair
    };
    std::vector<Line> lines_;  ///< slice by slice; of a pair the second follows the first
    int planes_a_weight_ = 0;
    int words_;
    int groups_;
    std::vector<std::uint64_t> planes_;  ///< a bit of a cell each: words of 64 rows, [(col * planes_a_weight_ + plane) * words_ + word]
    std::vector<bool> inverted_;         ///< by column, slice and row group
};

}  // namespace cim::hw

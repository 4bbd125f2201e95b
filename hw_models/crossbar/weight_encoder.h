#pragma once
// How the signed weights of a tile are kept in cells, which hold unsigned numbers. One class an encoding, named in the hardware file as
// `crossbar.weight_encoding`; docs/numbers.md has the formulas.

#include <cstdint>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::hw {

/// Sums that one activation can put on a bitline.
struct SumRange {
    std::int64_t least = 0;
    std::int64_t most = 0;
};

/// Bits shift .. shift+bits-1 of a stored number, in one cell of each row (in two for a pair): one conversion an activation.
struct WeightSlice {
    int shift = 0;
    int bits = 1;
    std::int64_t factor = 1;  ///< what a unit of the converted sum counts
    std::int64_t least = 0;   ///< that a cell holds, or the difference of a pair
    std::int64_t most = 1;
};

/// The unsigned numbers that stand for a weight; `minus` in the second cells of pairs.
struct StoredWeight {
    unsigned plus = 0;
    unsigned minus = 0;
};

class WeightEncoder {
  public:
    virtual ~WeightEncoder() = default;

    /// Least significant first.
    virtual std::vector<WeightSlice> slices(int weight_bits, int cell_bits) const = 0;
    virtual StoredWeight stored(int weight, int weight_bits) const = 0;
    /// Sums of a slice when `rows` wordlines are active with inputs from 0 to most_input.
    virtual SumRange sums(const WeightSlice& slice, std::int64_t rows, std::int64_t most_input) const;
    /// Bitlines of a slice: 2 for a pair, subtracted before the converter.
    virtual int bitlines() const { return 1; }
    /// What is added to each sum digitally, times the sum of the inputs.
    virtual std::int64_t input_factor(int /*weight_bits*/) const { return 0; }
    /// Whether a slice of a row group is stored inverted where that makes its largest sum smaller. Row groups then have fixed places:
    /// parallel_row rows each, from row 0 on.
    virtual bool inverts() const { return false; }
};

const WeightEncoder& encoder_of(WeightEncoding encoding);

const WeightEncoder& offset_weights();
const WeightEncoder& flipped_offset_weights();
const WeightEncoder& differential_weights();
const WeightEncoder& twos_complement_weights();

/// `bits` bits cut into slices of cell_bits, the last one takes what is left.
std::vector<WeightSlice> cut_weight(int bits, int cell_bits);

}  // namespace cim::hw

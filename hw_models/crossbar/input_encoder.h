#pragma once
// How the inputs of a multiplication are driven onto the wordlines, a slice at a time. One class an encoding, named in the hardware file as
// `crossbar.input_encoding`; docs/numbers.md has the formulas.

#include <cstdint>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::hw {

/// Bits shift .. shift+bits-1 of what is driven for an input: one step of each row group.
struct InputSlice {
    int shift = 0;
    int bits = 1;
    std::int64_t factor = 1;  ///< what a unit of the slice counts
};

class InputEncoder {
  public:
    virtual ~InputEncoder() = default;

    /// Least significant first.
    virtual std::vector<InputSlice> slices(int input_bits, int dac_bits) const = 0;
    /// What is driven for the stored number x, 0 <= x < 2^input_bits.
    virtual unsigned driven(unsigned x, int /*input_bits*/) const { return x; }
    /// By how much x is more than what the slices count; that times the column's sum of weights is added digitally.
    virtual std::int64_t offset(int /*input_bits*/) const { return 0; }
};

const InputEncoder& encoder_of(InputEncoding encoding);

const InputEncoder& unsigned_inputs();
const InputEncoder& twos_complement_inputs();

/// `bits` bits cut into slices of dac_bits, the last one takes what is left.
std::vector<InputSlice> cut_input(int bits, int dac_bits);

}  // namespace cim::hw

// The low bits-1 bits of w modulo 2^bits in slices, and the sign bit in a column of its own that counts -2^(bits-1). With one-bit cells
// that is the usual column a bit, the top one negative (Jia et al., JSSC 2020).

#include "hw_models/crossbar/weight_encoder.h"

namespace cim::hw {
namespace {

class TwosComplementWeights final : public WeightEncoder {
  public:
    std::vector<WeightSlice> slices(int weight_bits, int cell_bits) const override {
        std::vector<WeightSlice> slices = cut_weight(weight_bits - 1, cell_bits);
        slices.push_back({weight_bits - 1, 1, -(std::int64_t{1} << (weight_bits - 1)), 0, 1});
        return slices;
    }
    StoredWeight stored(int weight, int weight_bits) const override {
        return {static_cast<unsigned>(weight) & ((1U << weight_bits) - 1U), 0};
    }
};

}  // namespace

const WeightEncoder& twos_complement_weights() {
    static const TwosComplementWeights encoder;
    return encoder;
}

}  // namespace cim::hw

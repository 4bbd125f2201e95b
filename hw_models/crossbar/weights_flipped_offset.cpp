// Offset weights, and a column whose cells sum to more than half of what they could is stored inverted: the converter never sees more than
// half of the largest sum and does with a bit less (Shafiee et al., ISCA 2016, section V, "encoding").

#include "hw_models/crossbar/weight_encoder.h"

namespace cim::hw {
namespace {

class FlippedOffsetWeights final : public WeightEncoder {
  public:
    std::vector<WeightSlice> slices(int weight_bits, int cell_bits) const override {
        return offset_weights().slices(weight_bits, cell_bits);
    }
    StoredWeight stored(int weight, int weight_bits) const override { return offset_weights().stored(weight, weight_bits); }
    SumRange sums(const WeightSlice& slice, std::int64_t rows, std::int64_t most_input) const override {
        return {0, rows * slice.most / 2 * most_input};
    }
    std::int64_t input_factor(int weight_bits) const override { return offset_weights().input_factor(weight_bits); }
    bool inverts() const override { return true; }
};

}  // namespace

const WeightEncoder& flipped_offset_weights() {
    static const FlippedOffsetWeights encoder;
    return encoder;
}

}  // namespace cim::hw

// w + 2^(bits-1) in the cells; 2^(bits-1) times the sum of the inputs is taken off digitally (Shafiee et al., ISCA 2016).

#include "hw_models/crossbar/weight_encoder.h"

namespace cim::hw {
namespace {

class OffsetWeights final : public WeightEncoder {
  public:
    std::vector<WeightSlice> slices(int weight_bits, int cell_bits) const override { return cut_weight(weight_bits, cell_bits); }
    StoredWeight stored(int weight, int weight_bits) const override {
        return {static_cast<unsigned>(weight + (1 << (weight_bits - 1))), 0};
    }
    std::int64_t input_factor(int weight_bits) const override { return -(std::int64_t{1} << (weight_bits - 1)); }
};

}  // namespace

const WeightEncoder& offset_weights() {
    static const OffsetWeights encoder;
    return encoder;
}

}  // namespace cim::hw

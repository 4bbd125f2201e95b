// The magnitude of a positive weight in one cell, of a negative one in its neighbour; the currents of the two bitlines are subtracted and
// the difference, which has a sign, is converted.

#include <algorithm>

#include "hw_models/crossbar/weight_encoder.h"

namespace cim::hw {
namespace {

class DifferentialWeights final : public WeightEncoder {
  public:
    std::vector<WeightSlice> slices(int weight_bits, int cell_bits) const override {
        std::vector<WeightSlice> slices = cut_weight(weight_bits, cell_bits);
        const std::int64_t largest = std::int64_t{1} << (weight_bits - 1);  // magnitude, of the most negative weight
        for (WeightSlice& slice : slices) {
            slice.least = -std::min(slice.most, largest >> slice.shift);
            slice.most = std::min(slice.most, (largest - 1) >> slice.shift);
        }
        return slices;
    }
    StoredWeight stored(int weight, int /*weight_bits*/) const override {
        return {static_cast<unsigned>(std::max(weight, 0)), static_cast<unsigned>(std::max(-weight, 0))};
    }
    int bitlines() const override { return 2; }
};

}  // namespace

const WeightEncoder& differential_weights() {
    static const DifferentialWeights encoder;
    return encoder;
}

}  // namespace cim::hw

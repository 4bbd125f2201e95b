// x - 2^(bits-1) in two's complement: the sign bit is a step of its own, its sums are subtracted (Shafiee et al., ISCA 2016).

#include "hw_models/crossbar/input_encoder.h"

namespace cim::hw {
namespace {

class TwosComplementInputs final : public InputEncoder {
  public:
    std::vector<InputSlice> slices(int input_bits, int dac_bits) const override {
        std::vector<InputSlice> slices = cut_input(input_bits - 1, dac_bits);
        slices.push_back({input_bits - 1, 1, -offset(input_bits)});
        return slices;
    }
    unsigned driven(unsigned x, int input_bits) const override { return x ^ (1U << (input_bits - 1)); }
    std::int64_t offset(int input_bits) const override { return std::int64_t{1} << (input_bits - 1); }
};

}  // namespace

const InputEncoder& twos_complement_inputs() {
    static const TwosComplementInputs encoder;
    return encoder;
}

}  // namespace cim::hw

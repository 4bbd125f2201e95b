// Inputs as they are stored. A signed activation is stored with an offset, its zero point, which the bias takes off.

#include "hw_models/crossbar/input_encoder.h"

namespace cim::hw {
namespace {

class UnsignedInputs final : public InputEncoder {
  public:
    std::vector<InputSlice> slices(int input_bits, int dac_bits) const override { return cut_input(input_bits, dac_bits); }
};

}  // namespace

const InputEncoder& unsigned_inputs() {
    static const UnsignedInputs encoder;
    return encoder;
}

}  // namespace cim::hw

#include "hw_models/spec/machine.h"

#include "hw_models/crossbar/input_encoder.h"
#include "hw_models/crossbar/weight_encoder.h"

namespace cim::hw {

int Machine::samples(int bits) const {
    return static_cast<int>(encoder_of(crossbar.encoding).slices(bits, device.bits_per_cell).size());
}

int Machine::columns(int bits) const {
    return samples(bits) * encoder_of(crossbar.encoding).bitlines();
}

int Machine::input_steps(int bits) const {
    return static_cast<int>(encoder_of(crossbar.input_encoding).slices(bits, crossbar.dac.bits).size());
}

}  // namespace cim::hw

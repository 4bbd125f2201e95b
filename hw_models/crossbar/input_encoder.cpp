#include "hw_models/crossbar/input_encoder.h"

#include <algorithm>

namespace cim::hw {

std::vector<InputSlice> cut_input(int bits, int dac_bits) {
    std::vector<InputSlice> slices;
    for (int shift = 0; shift < bits; shift += dac_bits) {
        slices.push_back({shift, std::min(dac_bits, bits - shift), std::int64_t{1} << shift});
    }
    return slices;
}

const InputEncoder& encoder_of(InputEncoding encoding) {
    switch (encoding) {
        case InputEncoding::Unsigned: return unsigned_inputs();
        case InputEncoding::TwosComplement: return twos_complement_inputs();
    }
    return unsigned_inputs();
}

}  // namespace cim::hw

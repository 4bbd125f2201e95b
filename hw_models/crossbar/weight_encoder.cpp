#include "hw_models/crossbar/weight_encoder.h"

#include <algorithm>

namespace cim::hw {

SumRange WeightEncoder::sums(const WeightSlice& slice, std::int64_t rows, std::int64_t most_input) const {
    return {rows * most_input * slice.least, rows * most_input * slice.most};
}

std::vector<WeightSlice> cut_weight(int bits, int cell_bits) {
    std::vector<WeightSlice> slices;
    for (int shift = 0; shift < bits; shift += cell_bits) {
        const int width = std::min(cell_bits, bits - shift);
        slices.push_back({shift, width, std::int64_t{1} << shift, 0, (std::int64_t{1} << width) - 1});
    }
    return slices;
}

const WeightEncoder& encoder_of(WeightEncoding encoding) {
    switch (encoding) {
        case WeightEncoding::Offset: return offset_weights();
        case WeightEncoding::FlippedOffset: return flipped_offset_weights();
        case WeightEncoding::Differential: return differential_weights();
        case WeightEncoding::TwosComplement: return twos_complement_weights();
    }
    return offset_weights();
}

}  // namespace cim::hw

#include "hw_models/crossbar/converter.h"

#include <algorithm>

#include "hw_models/crossbar/input_encoder.h"

namespace cim::hw {
namespace {

SumRange codes_of(int bits, bool with_sign) {
    if (with_sign) {
        return {-(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1};
    }
    return {0, (std::int64_t{1} << bits) - 1};
}

bool inside(SumRange range, SumRange codes) {
    return codes.least <= range.least && range.most <= codes.most;
}

}  // namespace

Converter::Converter(const AdcSpec& spec, SumRange range)
    : transfer_(spec.transfer),
      codes_(codes_of(spec.bits, range.least < 0)),
      full_scale_(std::max(range.most, -range.least)),
      lossless_(inside(range, codes_)) {}

std::int64_t Converter::value(std::int64_t sum) const {
    if (lossless_) {
        return sum;
    }
    if (transfer_ == AdcTransfer::Saturate) {
        return std::clamp(sum, codes_.least, codes_.most);
    }
    return sum < 0 ? -spread(-sum) : spread(sum);
}

std::int64_t Converter::spread(std::int64_t magnitude) const {
    const std::int64_t top = codes_.most;
    const std::int64_t code = (2 * magnitude * top + full_scale_) / (2 * full_scale_);
    return (2 * code * full_scale_ + top) / (2 * top);
}

int lossless_bits(SumRange range) {
    int bits = range.least < 0 ? 2 : 1;
    while (!inside(range, codes_of(bits, range.least < 0))) {
        ++bits;
    }
    return bits;
}

SumRange sum_range(const Machine& m, int weight_bits, int input_bits) {
    std::int64_t most_input = 0;
    for (const InputSlice& slice : encoder_of(m.crossbar.input_encoding).slices(input_bits, m.crossbar.dac.bits)) {
        most_input = std::max(most_input, (std::int64_t{1} << slice.bits) - 1);
    }
    const WeightEncoder& encoder = encoder_of(m.crossbar.encoding);
    SumRange range;
    for (const WeightSlice& slice : encoder.slices(weight_bits, m.device.bits_per_cell)) {
        const SumRange one = encoder.sums(slice, m.crossbar.parallel_row, most_input);
        range = {std::min(range.least, one.least), std::max(range.most, one.most)};
    }
    return range;
}

Converter converter_of(const Machine& m, int weight_bits, int input_bits) {
    return {m.crossbar.adc, sum_range(m, weight_bits, input_bits)};
}

bool adc_is_lossless(const Machine& m, int weight_bits, int input_bits) {
    return converter_of(m, weight_bits, input_bits).lossless();
}

int lossless_adc_bits(const Machine& m, int weight_bits, int input_bits) {
    return lossless_bits(sum_range(m, weight_bits, input_bits));
}

}  // namespace cim::hw

#pragma once
// An analogue-to-digital converter: what the digital side sees of a bitline's sum. docs/numbers.md, "The converter".

#include <cstdint>

#include "hw_models/crossbar/weight_encoder.h"
#include "hw_models/spec/machine.h"

namespace cim::hw {

class Converter {
  public:
    /// For sums of `range`; its codes have a sign if the range has.
    Converter(const AdcSpec& spec, SumRange range);

    /// Each sum of the range has a code of its own.
    bool lossless() const { return lossless_; }
    std::int64_t value(std::int64_t sum) const;

  private:
    std::int64_t spread(std::int64_t magnitude) const;

    AdcTransfer transfer_;
    SumRange codes_;           ///< least and largest code
    std::int64_t full_scale_;  ///< largest magnitude of the range
    bool lossless_;
};

/// Fewest bits with which a converter gives each sum of the range a code of its own.
int lossless_bits(SumRange range);

/// Sums on the bitlines of the machine in one step of a multiplication, of all slices together.
SumRange sum_range(const Machine& machine, int weight_bits = 8, int input_bits = 8);
Converter converter_of(const Machine& machine, int weight_bits = 8, int input_bits = 8);
/// Whether the machine multiplies exactly.
bool adc_is_lossless(const Machine& machine, int weight_bits = 8, int input_bits = 8);
/// Bits that its ADC needs for that.
int lossless_adc_bits(const Machine& machine, int weight_bits = 8, int input_bits = 8);

}  // namespace cim::hw

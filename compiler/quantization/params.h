#pragma once
// Scale and zero point of a tensor, and single values through them.

#include "compiler/ir/quant_graph.h"
#include "compiler/quantization/ranges.h"

namespace cim::compiler {

/// uint8 for a range of real values; the range is widened to hold 0, which a stored value (the zero point) represents exactly.
QuantParams choose_params(Range range);

/// clamp(round_half_even(real / scale) + zero, 0, 255), as ONNX's QuantizeLinear; infinities saturate, NaN is 0.
std::uint8_t stored_value(float real, const QuantParams& params);

inline float real_value(std::uint8_t stored, const QuantParams& params) {
    return params.scale * static_cast<float>(static_cast<std::int32_t>(stored) - params.zero);
}

}  // namespace cim::compiler

#include "compiler/quantization/params.h"

#include <algorithm>
#include <cmath>

namespace cim::compiler {

QuantParams choose_params(Range range) {
    const double lo = std::min(0.0, static_cast<double>(range.lo));
    const double hi = std::max(0.0, static_cast<double>(range.hi));
    constexpr double smallest_scale = 1e-12;  // keeps products and quotients of scales inside float
    if (hi - lo < 255.0 * smallest_scale) {
        return {1.0F, 0};
    }
    QuantParams params;
    params.scale = static_cast<float>((hi - lo) / 255.0);
    params.zero = static_cast<std::int32_t>(std::clamp(std::nearbyint(-lo / static_cast<double>(params.scale)), 0.0, 255.0));
    return params;
}

std::uint8_t stored_value(float real, const QuantParams& params) {
    if (std::isnan(real)) {
        real = 0;
    }
    const float code = std::nearbyint(real / params.scale) + static_cast<float>(params.zero);
    return static_cast<std::uint8_t>(std::clamp(code, 0.0F, 255.0F));
}

}  // namespace cim::compiler

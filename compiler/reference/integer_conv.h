#pragma once
// A Conv of the quantised network, its weights prepared once.

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "compiler/reference/adc_emulation.h"

namespace cim::compiler {

class IntegerConv final {
  public:
    /// With `adc`, matrices are computed as crossbars with these converters would, small groups sharing one (docs/numbers.md); without,
    /// exactly. The node must outlive this.
    IntegerConv(const QuantNode& node, const std::optional<AdcEmulation>& adc);

    void run(const QuantTensor& from, const QuantTensor& to, const std::vector<std::uint8_t>& in, std::vector<std::uint8_t>& out);

    /// Conversions of all runs, and how many of them did not give back their sum.
    std::int64_t conversions() const { return conversions_; }
    std::int64_t lossy_conversions() const { return lossy_; }

  private:
    bool depthwise() const { return node_.groups > 1 && node_.cols == node_.groups && node_.rows == node_.kernel_h * node_.kernel_w; }
    void sums_exact(const Shape3& shape, const std::uint8_t* in, int oy, int ox, std::uint8_t fill);
    void sums_depthwise(const Shape3& shape, const std::uint8_t* in, int oy, int ox, std::uint8_t fill);
    void sums_converted(const Shape3& shape, const std::uint8_t* in, int oy, int ox, std::uint8_t fill);

    const QuantNode& node_;
    int group_cols_;
    int together_ = 1;                       ///< groups that share a crossbar
    std::vector<std::int16_t> weights_;      ///< [column][row], columns of a group and rows filled up with zeros; depthwise [row][column]
    std::vector<CrossbarMatrix> crossbars_;  ///< of every `together_` groups, if converters lose something
    std::vector<std::int16_t> window_;       ///< under the kernel
    std::vector<std::int32_t> sums_;         ///< of one position
    std::int64_t conversions_ = 0;
    std::int64_t lossy_ = 0;
};

}  // namespace cim::compiler

#pragma once
// Executes the quantised network on stored values. It decides what is right: whatever the compiler makes of the network must give the
// same bytes. Written from quant_graph.h and hw_models/alu/arithmetic.h alone.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "compiler/reference/adc_emulation.h"
#include "compiler/reference/integer_conv.h"

namespace cim::compiler {

class IntegerExecutor final {
  public:
    /// With `adc`, matrices are computed as crossbars with these converters would; without, or if it is lossless, exactly. The graph
    /// must outlive the executor.
    explicit IntegerExecutor(const QuantGraph& graph, std::optional<AdcEmulation> adc = std::nullopt);

    /// Runs one image: for each input of the graph its stored values (rows x columns x channels). Returns the outputs; all tensors can
    /// be read until the next run. InputError if the number or size of the inputs is wrong.
    std::vector<std::vector<std::uint8_t>> run(const std::vector<std::vector<std::uint8_t>>& inputs);

    /// Any tensor of the last run.
    const std::vector<std::uint8_t>& tensor(TensorId id) const { return tensors_[static_cast<std::size_t>(id)]; }

    /// Conversions of all runs, and how many of them did not give back their sum; 0 without a lossy converter.
    std::int64_t conversions() const;
    std::int64_t lossy_conversions() const;

  private:
    void execute(std::size_t index);

    const QuantGraph& graph_;
    std::vector<std::vector<std::uint8_t>> tensors_;
    std::vector<std::unique_ptr<IntegerConv>> convs_;  ///< of each Conv, null for other nodes
};

}  // namespace cim::compiler

#pragma once
// Executes the float graph: what calibration looks at, and the accuracy that quantisation is measured against.

#include <functional>
#include <vector>

#include "compiler/ir/graph.h"

namespace cim::compiler {

class FloatExecutor final {
  public:
    /// Called with each value when it has been computed, inputs included.
    using Observer = std::function<void(ValueId, const FloatTensor&)>;

    /// The graph must outlive the executor.
    explicit FloatExecutor(const Graph& graph);

    /// One tensor for each input of the graph, of its shape (InputError otherwise); returns the outputs. The result does not depend on
    /// the machine: every sum has one order.
    std::vector<FloatTensor> run(const std::vector<FloatTensor>& inputs, const Observer& observer = {}) const;

  private:
    const Graph& graph_;
    std::vector<std::vector<float>> packed_;  ///< of each Conv and Gemm, its weights in the order in which they are used
};

}  // namespace cim::compiler

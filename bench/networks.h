#pragma once
// Quantised networks for measurements, node by node; weights by the dice.

#include <random>
#include <string>

#include "compiler/ir/quant_graph.h"

namespace cim::bench {

class Network {
  public:
    Network(const std::string& name, const compiler::Shape3& input);

    /// The tensor that the next node reads.
    compiler::TensorId last() const { return last_; }
    /// Keeps rows and columns; `size` is odd.
    void conv(int size, int channels);
    void max_pool(int size);
    /// Adds `other`, of the same shape.
    void add(compiler::TensorId other);
    /// The network with the last tensor as its output.
    compiler::QuantGraph finish();

  private:
    const compiler::Shape3& shape() const { return graph_.tensors[static_cast<std::size_t>(last_)].shape; }
    compiler::TensorId tensor(const compiler::Shape3& shape);
    compiler::QuantNode node(compiler::NodeKind kind, const std::string& type) const;
    void emit(compiler::QuantNode node, const compiler::Shape3& out);

    compiler::QuantGraph graph_;
    compiler::TensorId last_ = -1;
    std::mt19937 dice_{1};
};

}  // namespace cim::bench

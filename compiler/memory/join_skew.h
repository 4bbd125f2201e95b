#pragma once
// How far the inputs of a residual join run apart: the path with more or larger windows needs more of the network's input before it gives
// its first row, and with copies works on more rows at a time; the other input must be kept as long.

#include <map>
#include <utility>
#include <vector>

#include "compiler/ir/quant_graph.h"

namespace cim::compiler {

class JoinSkew {
  public:
    /// `in_flight`: by node, rows of its output that are under way at one time, beyond the one that any node works on.
    JoinSkew(const QuantGraph& graph, std::vector<int> in_flight) : graph_(graph), in_flight_(std::move(in_flight)) {}

    /// Rows that the join must keep of its input `input`: as many as it is ahead of the other input, the one that is read and the one
    /// that comes.
    int ring_rows(const QuantNode& join, int input);

  private:
    /// Last row of the network's input that row y of a tensor needs: scale * y + offset, padding not counted.
    struct Reach {
        std::int64_t scale = 1;
        std::int64_t offset = 0;
    };
    Reach reach(TensorId id);

    const QuantGraph& graph_;
    std::vector<int> in_flight_;
    std::map<TensorId, Reach> known_;
};

}  // namespace cim::compiler

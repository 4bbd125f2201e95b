#pragma once
// How far the inputs of a residual join, or the parts of a Concat, run apart: the path with more or larger windows needs more of the
// network's input before it gives its first row, and with copies works on more rows at a time; the other one must be kept as long.

#include <map>
#include <utility>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "compiler/mapping/mapped_network.h"

namespace cim::compiler {

class JoinSkew {
  public:
    /// `in_flight`: by node, rows of its output that are under way at one time, beyond the one that any node works on.
    JoinSkew(const QuantGraph& graph, std::vector<int> in_flight)
        : graph_(graph), in_flight_(std::move(in_flight)), producers_(producers_of(graph)) {}

    /// Rows that the join must keep of its input `input`: as many as it is ahead of the other input, the one that is read and the one
    /// that comes.
    int ring_rows(const QuantNode& join, int input);

    /// Rows that the first of a tensor's channels c0 .. c1-1 to come are ahead of the last of all its channels: more than 0 only if a
    /// Concat puts it together.
    int rows_apart(TensorId id, int c0, int c1);

  private:
    /// Last row of the network's input that row y of a tensor needs: scale * y + offset, padding not counted.
    struct Reach {
        std::int64_t scale = 1;
        std::int64_t offset = 0;
    };
    Reach reach(TensorId id);
    /// Of the part of channels c0 .. c1-1 that is given first.
    Reach first_reach(TensorId id, int c0, int c1);
    /// Rows of one that reaches as far as `from` before there is one that reaches as far as `to`.
    static int rows_between(const Reach& from, const Reach& to);

    const QuantGraph& graph_;
    std::vector<int> in_flight_;
    std::vector<NodeId> producers_;
    std::map<TensorId, Reach> known_;
};

}  // namespace cim::compiler

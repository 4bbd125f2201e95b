#pragma once
// What an image asks of a core that holds a column of tiles: time of its L1 port, its move engine and its ALU, with all that follows the
// crossbars. One measure for choosing copies and places; who the receivers are is known only afterwards, so their number is a guess.

#include <algorithm>
#include <optional>
#include <vector>

#include "compiler/mapping/placement.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// Ticks that each resource of a core is held for an image.
struct Load {
    hw::Ticks port = 0;
    hw::Ticks move = 0;
    hw::Ticks alu = 0;

    hw::Ticks most() const { return std::max({port, move, alu}); }
    Load& operator+=(const Load& other) {
        port += other.port;
        move += other.move;
        alu += other.alu;
        return *this;
    }
    Load operator*(double times) const;
};

/// Digital work on each element of a node's output; nothing for a Concat.
std::optional<hw::AluWork> digital_work(NodeKind kind);

/// Loads of columns of tiles, digital operators counted with the Conv that their first input comes from.
class ColumnLoads {
  public:
    /// Of the placement the copies, and how many tiles they have. `counted`: a position goes to as many cores as its readers' copies have
    /// it under a window, not to one and a half a reader; which of the two is nearer differs from network to network.
    ColumnLoads(const QuantGraph& graph, const std::vector<NodePlacement>& placement, const hw::Machine& machine,
                const hw::PriceList& prices, bool counted);
    /// The tiles of one column of a copy that works on `grid`. What they send is counted on both sides, as if the receiver were like them.
    Load operator()(NodeId conv, const std::vector<Tile*>& column, const Grid& grid) const;

  private:
    Load element(NodeId node, int channels) const;
    Load sent(TensorId id, int channels) const;

    const QuantGraph& graph_;
    int cores_;
    const hw::PriceList& prices_;
    std::vector<std::vector<NodeId>> followers_;  ///< by Conv: digital operators on its output
    std::vector<double> receivers_;               ///< by tensor, of a position
};

/// Ticks that the busiest tile is read for an image.
hw::Ticks slowest_reads(const std::vector<NodePlacement>& placement, const hw::PriceList& prices);

}  // namespace cim::compiler

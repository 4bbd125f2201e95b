#pragma once
// What a plan holds before it has addresses: one way to serve every node, given what is to be small and what is to lie in L0.

#include <set>
#include <utility>

#include "compiler/memory/join_skew.h"
#include "compiler/memory/plan.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// What fitting may choose.
struct LayoutChoices {
    std::set<int> tight;                  ///< nodes at their least size
    std::set<std::pair<int, int>> in_l0;  ///< node and input: the landing lies in L0
    bool l0_tight = false;
    bool serial = false;  ///< given, not chosen: MemoryPlan::serial
};

class Layout {
  public:
    Layout(const QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices, const std::vector<NodePlacement>& placement,
           const LayoutChoices& choices);
    MemoryPlan build();

  private:
    const QuantTensor& tensor(TensorId id) const { return graph_.tensors[static_cast<std::size_t>(id)]; }
    const QuantNode& node(int i) const { return graph_.nodes[static_cast<std::size_t>(i)]; }
    int slots(int node) const { return choices_.tight.count(node) != 0 ? 1 : 2; }
    /// Of a copy of a Conv: room for the positions of one read, or two.
    int slots(int node, int copy) const {
        return slots(node) * plan_.nodes[static_cast<std::size_t>(node)].grains[static_cast<std::size_t>(copy)];
    }
    bool in_l0(int node, int input) const;
    /// Whether the chip's ALU does it.
    bool on_chip(int node) const;
    /// Whether some channels of a tensor come from outside.
    bool from_outside(TensorId id) const;
    /// Serial: whether a reader of a tensor needs all of it in its place. What one node alone reads from outside may come as it reads.
    bool lies_whole(TensorId id) const;
    /// Whether one copy of one node gives all positions of a tensor.
    bool from_one_copy(TensorId id) const;
    /// Who reads the inputs of a node: each core of each copy of a Conv, else each part's core.
    struct Reader {
        int core = 0;
        Grid grid;
        int copy = 0;
    };
    std::vector<Reader> readers(int node) const;

    int add(const Landing& landing);
    int ring_rows(int node, int input, const Reading& reading, bool tight);
    void make_landings(int node, int input);
    /// For all copies that work on one core.
    void make_conv_landing(const Landing& base, const std::vector<Reader>& copies);
    void make_sums_landing(const Landing& base);
    void make_stages(int node, int input);
    void make_groups(int node);
    void choose_grains(int node);
    void make_outboxes(int node);
    /// A landing in L0 that is walked row by row.
    int make_row_landing(int node, TensorId id, std::vector<int> readers);
    /// L0 rows of an input for those readers that take it into their L1; -1 if there is none.
    int make_input_landing(TensorId id);

    const QuantGraph& graph_;
    const hw::Machine& machine_;
    const hw::PriceList& prices_;
    const std::vector<NodePlacement>& placement_;
    const LayoutChoices& choices_;
    JoinSkew skew_;
    MemoryPlan plan_;
};

}  // namespace cim::compiler

#pragma once
// What a plan holds before it has addresses: one way to serve every node, given what is to be small and what is to lie in L0. Each node is
// laid out for itself.

#include <set>
#include <utility>

#include "compiler/memory/join_skew.h"
#include "compiler/memory/plan.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

/// How much room a node gets.
enum class Room : std::uint8_t {
    Ample,        ///< for all that its copies and those before it have under way
    Comfortable,  ///< for what comes while a window is read
    Tight,        ///< the least
};

/// What fitting may choose.
struct LayoutChoices {
    std::vector<Room> room;               ///< by node
    std::set<std::pair<int, int>> in_l0;  ///< node and input: the landing lies in L0
    bool l0_tight = false;
    std::set<int> no_relays;  ///< inputs
    // Given, not chosen, as plan_memory() has them:
    bool serial = false;
    bool early = false;
};

/// What serves one node. Landings are by input; `memory` does not know their numbers yet.
struct NodeLayout {
    std::vector<std::vector<Landing>> landings;
    NodeMemory memory;
};

/// Elements of the window, and channels, that tiles of a Conv take.
struct TileRange {
    int from = 0, to = 0;
    int c0 = 0, c1 = 0;
};

class Layout {
  public:
    /// Keeps references to all of these; `choices` may change between calls.
    Layout(const QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices, const std::vector<NodePlacement>& placement,
           const std::vector<std::vector<Part>>& relays, const LayoutChoices& choices);
    /// `before`: how it was laid out for other choices, or nothing.
    NodeLayout node_layout(int node, NodeLayout before = {});
    /// Relays of an input, for the rows that L0 passes on to them.
    std::vector<Outbox> relays_of(int input) const;
    /// The plan of the layouts of all nodes, with what inputs and outputs of the network need.
    MemoryPlan assemble(std::vector<NodeLayout> nodes);

  private:
    const QuantTensor& tensor(TensorId id) const { return graph_.tensors[static_cast<std::size_t>(id)]; }
    const QuantNode& node(int i) const { return graph_.nodes[static_cast<std::size_t>(i)]; }
    Room room(int node) const { return choices_.room[static_cast<std::size_t>(node)]; }
    int slots(int node) const { return room(node) == Room::Tight ? 1 : 2; }
    /// Of sums or results of a copy of a Conv: room for the positions of one read, or of several. More where what empties them comes in
    /// bursts: sums wait for those of other cores, results for all their receivers.
    int slots(int node, int copy) const;
    int ample_slots(int node) const { return room(node) == Room::Ample ? 4 : slots(node); }
    bool in_l0(int node, int input) const;
    /// Whether cores of a Conv are sent each window by itself, though windows overlap: tiles may have few of the rows of a large matrix,
    /// and need not wait for rows of the map. Where that is less to send, or not much more, and L0 has time for it. Only of a map that
    /// comes through L0 anyway, and not where L1 has room for anything: there maps can be held between segments.
    bool comes_by_window(int node) const;
    /// Which input of the network the first one of a node is; -1: none.
    int input_of(int node) const;
    /// Whether that holds for all that read an input of the network.
    bool all_by_window(int input) const;
    /// Whether the chip's ALU does it.
    bool on_chip(int node) const;
    /// Whether some channels of a tensor come from outside.
    bool from_outside(TensorId id) const;
    /// Serial: whether a reader of a tensor needs all of it in its place. What one node alone reads from outside may come as it reads.
    bool lies_whole(TensorId id) const;
    /// Who reads the inputs of a node: each core of each copy of a Conv, by copy, core; else each part's core.
    struct Reader {
        int core = 0;
        Grid grid;
        int copy = 0;
        TileRange range;  ///< Conv: of the core's tiles
    };
    static std::vector<Reader> readers_of(const NodePlacement& placement);

    void add(const Landing& landing);
    /// Of a landing in L1 that keeps the channels c0 .. c1-1.
    int ring_rows(int node, int input, const Reading& reading, int c0, int c1);
    /// `rows` of a ring, and as many more as parts of a Concat come before others; no more than `all`, which is an image.
    static int with_rows_apart(int rows, int apart, int all);
    /// Rows of each node's output that its copies have under way at one time, beyond one.
    static std::vector<int> in_flight_of(const QuantGraph& graph, const std::vector<NodePlacement>& placement);
    /// Rows of a tensor that come at one time, beyond one.
    int rows_in_flight(TensorId id) const;
    void make_landings(int node, int input);
    /// For all copies that work on one core.
    void make_conv_landing(const Landing& base, const std::vector<Reader>& copies);
    /// Where a landing has what it receives from, if from another core of its Conv, and who else reads it for that.
    void pass_on(Landing& landing) const;
    /// Positions of a row that a core passes on at one time to the one where `landing` lies.
    int forwarded_together(int node, const Landing& landing) const;
    void make_sums_landing(const Landing& base);
    void make_stages(int node, int input);
    static std::vector<Group> groups_of(const QuantNode& node, const NodePlacement& placement, bool adds_in_core, bool gives_sums);
    void make_groups(int node);
    void choose_grains(int node);
    void make_outboxes(int node);
    /// A landing in L0 that is walked row by row; its number in the plan.
    int make_row_landing(MemoryPlan& plan, int node, TensorId id, std::vector<int> readers);
    /// L0 rows of an input for its relays, or for those readers that take it into their L1; -1 if there is none.
    int make_input_landing(MemoryPlan& plan, int input);

    const QuantGraph& graph_;
    const hw::Machine& machine_;
    const hw::PriceList& prices_;
    const std::vector<NodePlacement>& placement_;
    const std::vector<std::vector<Part>>& relays_;
    const LayoutChoices& choices_;
    std::vector<int> chunks_;     ///< by core, as of smallest_chunks(); empty: as large as can be
    hw::Ticks interval_;          ///< that the slowest crossbar takes for an image
    std::vector<int> in_flight_;  ///< by node, as of JoinSkew
    JoinSkew ample_skew_;
    JoinSkew skew_;  ///< of what has to be
    std::vector<NodeId> producers_;
    std::vector<std::vector<Reader>> readers_;  ///< by node
    std::vector<bool> by_window_;               ///< by node: comes_by_window()
    NodeLayout layout_;                         ///< of the node at hand
};

}  // namespace cim::compiler

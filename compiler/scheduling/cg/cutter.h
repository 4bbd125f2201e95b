#pragma once
// Cuts a network into segments for a part of a machine, and gives each its places and memories (segmentation.h has what comes out). The
// segments: segmentation.cpp; copies in a segment: segment_copies.cpp; cuts by what they cost: recut.cpp.

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/scheduling/cg/cuts.h"
#include "compiler/scheduling/cg/segmentation.h"
#include "hw_models/energy/events.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

class Cutter {
  public:
    /// For the part of the machine that the strategy names; prices are those of the whole.
    Cutter(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const Strategy& strategy);

    Schedule run();

  private:
    bool remapping() const { return remapping_ && part_.machine.mode == hw::ComputingMode::WLM; }
    /// Whether results are to go on in chunks as small as there is time for.
    bool early() const { return remapping() || cuts_ == Cuts::OneImage; }
    /// Whether segments are cut to be joined: for one image, where L1 has room for all that they have. Weights are then written meanwhile.
    /// Long segments gain less by it than the estimate says: that lags count half as much again came out best (ResNet18 on isaac-baseline
    /// takes 13,009 cycles for an image, not 14,143; ResNet50 the same).
    bool to_be_joined() const { return cuts_ == Cuts::OneImage && options_.joining && holding_ && machine_.core.l1.size.ideal; }
    std::int64_t crossbars() const { return static_cast<std::int64_t>(part_.machine.core_count()) * part_.machine.crossbars_per_core(); }
    NodeId count() const { return static_cast<NodeId>(graph_.nodes.size()); }
    /// First and last of the nodes that a tensor is made of, seen through Concats; -1: of an input.
    struct Origins {
        NodeId first = 0;
        NodeId last = 0;
    };
    /// Who gives and who reads each tensor.
    void index();
    bool is_concat(NodeId node) const;
    /// How much of what a tensor is made of comes from nodes of `first` on: nothing, all, or (bad) a part.
    enum class Comes { Before, Within, Both };
    Comes comes(TensorId id, NodeId first) const;
    /// One past the last node that may be in a segment with `first`: its crossbars suffice, and no node reads a Concat half of which
    /// comes from before.
    NodeId limit(NodeId first) const;
    /// The longest segment from `first` on; just its node, and no segment, if that fits in no way. Returns one past its last node.
    NodeId longest(NodeId first, Segment& best);
    /// The segment of one node, which is cut smaller until it fits the memories; false if it never does.
    bool fit_alone(NodeId node, Segment& segment);
    std::optional<Segment> attempt(NodeId first, NodeId last) const;
    /// Whether a tensor that comes from nodes first..last-1 is needed after them.
    bool needed_after(TensorId id, NodeId last) const { return last_reader_[at(id)] >= last; }
    /// One copy of each; cores as the part counts them, which goes for all below.
    Segment segment_of(NodeId first, NodeId last) const;
    void lay_out(Segment& segment, Placement placement) const;
    /// Lays a segment out anew, unless that is too much for a memory.
    bool fits(Segment& segment, Placement placement) const;

    hw::Ticks window_ticks(const Tile& tile, int tile_rows) const;
    /// Whether copies may take turns at the crossbars of their short tiles, and rows be dealt to more of them than windows overlap.
    bool fits_closely() const;
    Cut cut_of(const Segment& segment, std::size_t node, int tile_rows) const;
    DuplicationTask task_of(const Segment& segment, std::size_t node) const;
    /// What a node of the network is worth a copy of, and what writing it takes.
    WrittenTask written_task(const Segment& segment, std::size_t node) const;
    /// Gives the crossbars that are left to copies, as many as places and memories hold.
    void duplicate_in(Segment& segment) const;
    struct ChosenCopies {
        std::vector<Split> splits;
        hw::Ticks slowest = 0;  ///< of them, for an image
    };
    /// Places the copies that choose(crossbars) gives for the nodes, of as many crossbars as places and memories allow.
    void lay_out_copies(Segment& segment, const std::vector<std::size_t>& nodes,
                        const std::function<ChosenCopies(std::int64_t)>& choose) const;

    /// What a segment takes from others, and gives to them: the time that it passes through external memory, and into L0 and out of it. As
    /// much of it as L1 or else L0 has room for counts as staying there, though other segments' maps may be in its way.
    Moved moved(NodeId first, NodeId last) const;
    /// What energy counts for, in time: nothing, unless cuts are to be frugal.
    hw::Ticks worth_of(double picojoules) const;
    /// Images that a segment is made for, as far as writing weights is concerned.
    std::int64_t images() const { return options_.images * (cuts_ == Cuts::Slow ? 2 : 1); }
    /// Segments and copies that together take least, where the network was found to need several. As it was cut before, with one copy of
    /// each, if none are found that fit the memories, or it has very many nodes.
    void cut_anew();
    /// Where a network may be cut: as it was before, and in front of each Conv; then its end.
    std::vector<NodeId> possible_cuts() const;
    /// What a segment takes by an estimate without contention, with so many crossbars at most; nothing if they are too few.
    std::optional<SegmentTimes> times_of(NodeId first, NodeId last, std::int64_t crossbars) const;
    /// Segments that together take least, by places in `cuts`. Those that do not fit the memories are left out.
    class Costs;
    /// Which of the Convs is the first from a node on.
    std::size_t conv_from(NodeId node) const;
    std::vector<PipelineStage> all_stages() const;
    Pipeline pipeline_of(NodeId first, NodeId last, hw::Ticks moving) const;
    std::optional<SegmentCopies> copies_in(NodeId first, NodeId last, std::int64_t crossbars) const;
    /// The segment first..last-1 with the copies that it is to have; nothing if it does not fit.
    std::optional<Segment> written_segment(NodeId first, NodeId last, std::int64_t crossbars) const;

    const hw::Machine& machine_;
    const ScheduleOptions& options_;
    Spread spread_;
    bool remapping_;
    Cuts cuts_;
    bool banded_;
    Forwarding forwarding_;
    bool holding_;
    const Paces& paces_;
    hw::PriceList prices_;
    std::array<double, hw::event_count> event_pj_;
    double leakage_fj_;  ///< a tick
    MachinePart part_;
    hw::PriceList part_prices_;  ///< with its network: between its cores, other distances
    MappedNetwork mapped_;
    const QuantGraph& graph_;
    std::vector<NodeId> producer_;
    std::vector<Origins> origins_;     ///< by tensor
    std::vector<bool> stays_;          ///< by tensor, as of may_stay()
    std::vector<NodeId> last_reader_;  ///< by tensor; Concats do not count, but who reads them does; the network's outputs: count()
    std::vector<Segment> segments_;
    std::vector<NodeId> starts_;           ///< first node of each
    std::vector<NodeId> convs_;            ///< where a network is cut anew: its Convs,
    std::vector<WrittenTask> tasks_;       ///< and what each is
    std::vector<PipelineStage> stages_;    ///< of all nodes
    std::optional<DoesNotFit> too_large_;  ///< of the nodes that fit in no way, the one that needs most
};

}  // namespace cim::compiler

#pragma once
// Cuts the network into segments: parts that are resident on the chip at one time, one after the other.

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/mapping/mapped_network.h"
#include "compiler/mapping/placement.h"
#include "compiler/mapping/share.h"
#include "compiler/memory/plan.h"
#include "compiler/scheduling/cg/poly.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Tiles of a segment that are written while the one before computes.
struct EarlyWrites {
    struct One {
        int node = 0;
        int tile = 0;  ///< into NodePlacement::tiles
    };
    std::vector<One> tiles;  ///< in this order
    int at_once = 1;         ///< that have begun and not ended
};

/// Consecutive nodes of the mapped network with their places and memories. Its inputs are tensors of other segments or of the network, its
/// outputs what others or the network need; both lie in external memory, or stay on the chip (Schedule::kept).
struct Segment {
    NodeId first = 0, last = 0;  ///< of the mapped network: from `first` on, up to the one before `last`
    QuantGraph graph;
    std::vector<Origin> origins;            ///< by node
    std::vector<TensorId> mapped;           ///< by tensor: which it is in the mapped network
    std::vector<NodePlacement> placement;   ///< by node
    std::vector<std::vector<Part>> relays;  ///< by input of the graph; memory.relays has those for which there is room
    MemoryPlan memory;
    bool staggered = true;  ///< XBM: each tile's read of a window begins when its crossbar is free; else those of a core together
    EarlyWrites early;
    bool joined = false;  ///< begins while the one before works (joining.h)
};

/// What the scheduler may do.
struct ScheduleOptions {
    bool duplication = true;  ///< several copies of an operator's weights, where crossbars are left
    bool remapping = true;    ///< WLM: rows of a matrix dealt over more crossbars than they fill
    CopyPolicy copies = CopyPolicy::Optimal;
    bool staggered = true;    ///< XBM: as in Segment
    bool prewriting = true;   ///< weights of a segment written while the one before computes, where that is faster
    bool keeping = true;      ///< maps that segments leave to others stay on the chip where there is room
    bool holding = true;      ///< of these as many as there is room for in the L1 of cores, the others in L0
    bool forwarding = true;   ///< cores that take the same of an input pass it on to each other
    bool joining = true;      ///< segments begin while those before work
    bool reloading = true;    ///< a network that fits the chip in several segments for one image, where that is faster
    bool serial = false;      ///< an operator begins when the one before has given all of an image (ADR-0003, `none`)
    std::int64_t images = 1;  ///< in a row, for which remapping is to be fast
    std::int64_t batch = 1;   ///< inputs of a run, for which what stays in L0 has room
};

/// Where a network is cut, and what copies its segments have: one that does not fit the chip, for OneImage any.
enum class Cuts : std::uint8_t {
    Cheapest,     ///< so that it takes least by an estimate without contention
    Filling,      ///< likewise, with the time that a pipeline takes to fill
    Slow,         ///< likewise, as if everything but writing took twice as long
    Frugal,       ///< so that it takes least energy, likewise
    Longest,      ///< segments as long as crossbars and memories allow, one copy of each
    OneImage,     ///< as Cheapest for one image, which fills the pipeline: lags count whole, and results go on in small chunks
    Overlapping,  ///< as Cheapest, if weights are written while the segment before works; operators in pieces of half of the chip
};

/// Time that an image takes in a segment at least, for OneImage that it took, by the segment's first node and the one past its last.
using Paces = std::map<std::pair<NodeId, NodeId>, hw::Ticks>;

/// One way to schedule: any network that fits the part of the machine.
struct Strategy {
    Share share;
    Spread spread = Spread::Balanced;
    bool remapping = true;  ///< if the options allow it
    Cuts cuts = Cuts::Cheapest;
    bool banded = true;                        ///< relays may share rows
    Paces paces{};                             ///< of segments that have had a program, for Cheapest, Filling and OneImage
    Forwarding forwarding = Forwarding::Busy;  ///< if the options allow it
    bool holding = true;                       ///< likewise

    friend bool operator<(const Strategy& a, const Strategy& b) {
        return std::tie(a.share, a.spread, a.remapping, a.cuts, a.banded, a.paces, a.forwarding, a.holding) <
               std::tie(b.share, b.spread, b.remapping, b.cuts, b.banded, b.paces, b.forwarding, b.holding);
    }
};

/// A core that holds a part of a map.
struct Holder {
    Part part;
    Outbox rows;  ///< where they lie, those of all images behind each other
};

/// A map that stays on the chip from the segment that gives it to the last one that reads it: in L0, or in the L1 of cores that send it to
/// its readers, as relays do.
struct Kept {
    TensorId tensor = -1;         ///< of the mapped network
    std::vector<ViewPart> parts;  ///< that nodes give: itself, or what a Concat puts together
    int first = 0, last = 0;
    std::int64_t images = 1;  ///< for which there is room
    std::int64_t offset = 0;  ///< in L0
    std::int64_t bytes = 0;   ///< there, of all of them
    std::vector<Holder> holders;
};

struct Schedule {
    MappedNetwork network;
    std::vector<Segment> segments;
    std::vector<Kept> kept;
};

/// Tensors that segments take from others, by who takes them first: neither inputs nor outputs of the network.
std::vector<TensorId> passed_on(const Schedule& schedule);

/// One segment if crossbars and memories allow, else several, cut as the strategy says. A Conv that fits in no memory is cut smaller.
/// InputError with the size needed if a node fits the machine in no way.
Schedule schedule(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options = {},
                  const Strategy& strategy = {});

}  // namespace cim::compiler

#pragma once
// Code of one segment: the tables made so far, and who feeds which landing. The flows themselves are written by write_flows.cpp
// (weights), io_flows.cpp (external memory), transfer_flows.cpp (between operators), forward_flows.cpp (between cores of one),
// conv_flows.cpp and digital_flows.cpp (operators).

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/codegen/flow_builder.h"
#include "compiler/codegen/labels.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/memory/core_read.h"
#include "compiler/scheduling/cg/segmentation.h"

namespace cim::compiler {

/// Place of a tensor in external memory.
struct ExternalTensor {
    bool used = false;
    std::int64_t offset = 0;
    std::int64_t image = 0;  ///< bytes
    int pixel = 0;           ///< bytes
};

/// Where bytes of a tensor go there: into `tensor`, channels from `c0` on.
struct ExternalTarget {
    ExternalTensor tensor;
    int c0 = 0;
};

/// Counters and buffer of a landing.
struct LandingCode {
    std::string name;
    isa::Index buffer = -1;
    isa::Index ready = -1;  ///< [feeder]: positions that have come, padding included
    int feeders = 0;
    isa::Index freed = -1;  ///< [reader]: its output rows (flat: images) that are done with
    isa::Index pad = -1;    ///< the first fill and then each padding row filled; -1: no padding
};

/// Counters and buffer of a part's results.
struct OutboxCode {
    isa::Index buffer = -1;
    isa::Index out = -1;   ///< results written, in raster order; -1: all are there
    isa::Index sent = -1;  ///< [sender]: results that need no longer be kept; -1: all are
    int senders = 0;
    int feeders = 1;  ///< `out` counts the results of
};

/// Counters and buffer of a stage.
struct StageCode {
    isa::Index buffer = -1;
    isa::Index staged = -1;  ///< windows that have come
    isa::Index free = -1;    ///< windows that are done with
};

/// Buffers and counters of a map that stays on the chip.
struct KeptCode {
    const Kept* map = nullptr;
    isa::Index buffer = -1;          ///< in L0
    std::vector<isa::Index> shares;  ///< of its holders
    // Where a segment takes rows as they come:
    isa::Index taken_in = -1;       ///< segment of the program; -1: all who read it find all of it there
    std::vector<isa::Index> ready;  ///< by holder, [feeder]: positions of its share that have come
    std::vector<int> feeders;       ///< by holder, so far
};

/// What a tensor is of a map that stays.
struct KeptTensor {
    KeptCode* map = nullptr;  ///< nothing: it does not stay
    int c0 = 0;               ///< where its channels begin in the map
};

/// Results of part `part` of `node`, or rows of the relay `part` of an input, that go to a landing.
struct Transfer {
    int node = 0, part = 0;
    int input = -1;  ///< of the segment, if it is a relay that sends
    int landing = 0;
    int feeder = 0;      ///< which of the landing's feeders
    int sender = 0;      ///< which of the outbox's senders
    int c0 = 0, c1 = 0;  ///< channels, in the tensor that the landing receives
    int view_c0 = 0;     ///< where the node's channels begin in that tensor
};

/// Results of part `part` of `node` that go to holder `holder` of the map that they are a part of.
struct Holding {
    int node = 0, part = 0;
    int holder = 0;
    int sender = 0;  ///< which of the outbox's senders
    int feeder = 0;  ///< which of those who give the holder's share
};

/// What a counter has come to when something is done with.
struct Milestone {
    isa::Index counter = -1;
    isa::Index element = 0;
    std::int64_t an_image = 0;
    friend bool operator==(const Milestone& a, const Milestone& b) {
        return a.counter == b.counter && a.element == b.element && a.an_image == b.an_image;
    }
};

/// What tells how far a segment is.
struct Milestones {
    std::vector<Milestone> inputs;                                    ///< all of an input has come
    std::map<std::pair<int, int>, std::vector<Milestone>> crossbars;  ///< by core and number: each copy's last read

    /// With those of a segment that is joined to it.
    void add(Milestones later);
};

/// What a landing takes of the positions of a part: of rows j0 .. j1-1 and columns x0 .. x1-1 of the part's own grid those that windows
/// read.
struct Overlap {
    Overlap(const Grid& from, const Reading& to);
    bool any() const { return j0 < j1 && x0 < x1; }
    int j0 = 0, j1 = 0;
    int x0 = 0, x1 = 0;
};

/// Positions of a part that a vector takes.
std::int64_t pixels_of(const Grid& from, const Landing& to);

/// What a holder takes of the results of a part: rows first, first + step, ... (`rows` of them) and columns x0 .. x1-1 of the part's own
/// grid, channels c0 .. c1-1 of the map. The first lies in row `to`, and each `to_step` after the one before.
struct HeldShare {
    HeldShare(const Part& from, int part_c0, const Part& holder);
    bool any() const { return rows > 0 && x0 < x1 && c0 < c1; }
    int first = 0, step = 1, rows = 0;
    int x0 = 0, x1 = 0;
    int c0 = 0, c1 = 0;
    int to = 0, to_step = 1;
};

class Generator {
  public:
    /// `external`, `targets` and `kept` by tensor of the mapped network. Weights lie in external memory
    /// from `weight_offset` on, which moves on. Transfers to and from there have `most_transferred` bytes at most.
    Generator(const QuantGraph& network, const Segment& segment, const hw::Machine& machine, const std::vector<ExternalTensor>& external,
              const std::vector<std::vector<ExternalTarget>>& targets, const std::vector<KeptTensor>& kept, ProgramBuilder& builder,
              std::int64_t& weight_offset, std::int64_t most_transferred);
    /// `before`: of those before it in the segment of the program that it belongs to, or if it is the first, in the one before, in which
    /// early weights are written.
    Milestones run(const Milestones& before);

  private:
    /// What tells the names of copies apart; nothing for the first.
    static std::string tag(int y0, int x0);
    const QuantTensor& tensor(TensorId id) const { return graph_.tensors[at(id)]; }
    const QuantNode& node(int i) const { return graph_.nodes[at(i)]; }
    /// What things of a node or tensor are called after.
    const std::string& label(int node) const { return node_labels_[at(node)]; }
    const std::string& label_of_tensor(TensorId id) const { return tensor_labels_[at(id)]; }
    /// Operator of the program that a node belongs to.
    int op_of(int node) const { return segment_.origins[at(node)].node; }
    /// The same for what fetches an input or flushes an output.
    int op_of_input(int input) const;
    int op_of_output(int output) const;
    /// Tensor that a landing receives.
    TensorId tensor_of(const Landing& landing) const;
    const KeptTensor& kept_of(TensorId id) const { return kept_[at(segment_.mapped[at(id)])]; }
    const ExternalTensor& external_of(TensorId id) const { return external_[at(segment_.mapped[at(id)])]; }

    // tables
    void add_weights();
    void add_params();
    isa::Param param_of(int index) const;
    void add_landings();
    void find_transfers();
    void add_transfer(Transfer transfer);
    void find_holdings();
    HeldShare share_of(const Holding& holding) const;
    static bool is_relay(const Transfer& transfer) { return transfer.input >= 0; }
    const Part& part_of(const Transfer& transfer) const {
        return is_relay(transfer) ? segment_.relays[at(transfer.input)][at(transfer.part)]
                                  : placement_[at(transfer.node)].parts[at(transfer.part)];
    }
    const Outbox& outbox_of(const Transfer& transfer) const {
        return is_relay(transfer) ? memory_.relays[at(transfer.input)][at(transfer.part)]
                                  : memory_.nodes[at(transfer.node)].outboxes[at(transfer.part)];
    }
    /// Those of all parts of the node, or all relays of the input, that it comes from.
    std::vector<OutboxCode>& results_of(const Transfer& transfer) {
        return is_relay(transfer) ? relays_[at(transfer.input)] : outboxes_[at(transfer.node)];
    }
    /// Input of the segment with relays that a tensor is, or -1.
    int relayed(TensorId id) const;
    /// Which of the landings of an input on one core.
    std::string tag_of(const Landing& landing) const;
    void add_outboxes();
    OutboxCode outbox_code(const std::string& name, const Outbox& outbox, int senders);
    void add_stages();
    void add_turns();

    // write_flows.cpp
    /// `before`: crossbars that others have before.
    void write_flows(const Milestones& before);
    /// Waits until a crossbar that is written again has been read for the last time. `own` tells apart what one flow waits for.
    static void await_reads_before(FlowBuilder& f, const std::vector<Milestone>& readers, const std::string& own);
    void early_write_flows(const Milestones& before);

    // io_flows.cpp
    /// Rows of an input into a landing in L0, from external memory or from where they stay in L0; if that is the landing, tells that they
    /// are there.
    void input_rows(int input, int landing);
    void fetch_flow(int input, int landing, int op);
    /// Runs body(first, count) for `items` in pieces of `most` at most.
    static void in_pieces(FlowBuilder& f, const std::string& name, std::int64_t items, std::int64_t most,
                          const std::function<void(std::optional<Ex>, Ex)>& body);
    void present_flow(int landing, int op);
    void load_flow(int input_landing, int reader, int landing);
    void relay_flow(int input, int relay);
    void input_flows(int landing);
    void flush_flow(int output);

    // transfer_flows.cpp
    void pad_flow(int landing);
    void transfer_flows();
    void transfer_flow(const Transfer& transfer);
    /// Rows of a part to a core that holds them for other segments.
    void holding_flow(const Holding& holding);
    /// Positions of a part that a vector takes, row by row: move(position of the part, count, pixel of the vector). `tell_sent`: how many
    /// others are done with.
    void vector_rows(FlowBuilder& f, const Transfer& transfer, Ex n, const std::function<void(Ex, Ex, Ex)>& move,
                     const std::function<void(Ex)>& tell_sent);
    /// Fields of a transfer of `count` positions out of an outbox, `bytes` of each; `pixel`: from one to the next where they go.
    static std::vector<FlowBuilder::Field> positions(FlowBuilder& f, const Outbox& outbox, int bytes, Ex dst, Ex src, Ex count, int pixel);

    // forward_flows.cpp
    /// Rows of a landing from the core that has them first.
    void forward_flow(int landing);

    // conv_flows.cpp
    struct CoreCode;
    void conv_flows(int index);
    const Grid& grid_of(int index, int copy) const;
    std::string tag_of(int index, int copy) const;
    void add_groups(int index);
    /// Whether a landing on a core is the one of a copy there.
    static bool receives(const Landing& landing, const CoreCode& core);
    /// Notes when the crossbars of a core are done with.
    void note_milestones(int index, const CoreCode& core);
    void merge_flow(int index, int group);
    int part_of(int index, const Group& group) const;
    void partial_flow(int index, int group);
    void sums_flow(int index, int group, int reader);

    // read_flows.cpp
    struct Position;
    void read_flow(int index, int reader);
    /// Waits until the crossbars that a copy reads on a core are written, its own and those that it shares.
    void await_writes(FlowBuilder& f, int index, const CoreCode& core);
    /// Whether a copy gives the last row of those that its core works on, and neither it nor another copy there reads that row's input to
    /// its end: copies of other columns may have other rows. Nobody's windows then tell that all of it has come.
    bool leaves_end(const CoreCode& core) const;
    /// Tells of input that all tiles of a core have read, beside the flow that starts the next reads.
    void free_flow(int index, int reader);
    void read_crossbars(FlowBuilder& f, int index, const CoreCode& core, const Position& at);
    /// Runs body(tile, its number on the core, where its sums go) for the tiles of a core.
    void for_tiles(FlowBuilder& f, int index, const CoreCode& core, Ex w,
                   const std::function<void(const Tile&, const std::string&, Ex)>& body);
    void read_slices(FlowBuilder& f, int index, const CoreCode& core, const Position& at);
    std::vector<FlowBuilder::Field> window_rows(FlowBuilder& f, int index, const CoreCode& core, const Position& at,
                                                const TileWindow& window, const std::string& own);
    std::vector<FlowBuilder::Field> staged_rows(FlowBuilder& f, int index, const CoreCode& core, Ex w, const TileWindow& window,
                                                const std::string& own);
    /// Waits until a slice has its results of positions up to w - 1.
    void await_slice(FlowBuilder& f, int index, int group, Ex w);
    /// Waits until all reads of a core up to the end of position w - 1 have completed.
    void await_reads(FlowBuilder& f, int index, const CoreCode& core, Ex w);
    void add_slices(int index);

    // digital_flows.cpp
    void digital_flow(int index, int part);
    /// The average of a whole map, whose rows are added up as they come.
    void average_flow(int index, int part);
    /// Waits for what input `input` of a part gives at a position, and says where it is.
    Ex await_operand(FlowBuilder& f, int index, int input, int part, Ex n, Ex oy, Ex ox, Ex w);
    std::vector<FlowBuilder::Field> operand_window(FlowBuilder& f, int index, int part, Ex n, Ex oy, Ex ox, Ex w);
    void free_operand(FlowBuilder& f, int index, int input, int part);
    void free_row(FlowBuilder& f, int index, int input, int part);
    /// Fields rows and cols of an average: taps of the window, or those inside the map.
    static void add_divisor(FlowBuilder& f, const QuantNode& n, const Reading& r, Ex oy, Ex ox, std::vector<FlowBuilder::Field>& fields);
    /// Whether one vector of the input serves all positions of an image.
    bool one_for_all(int index, int input) const;
    const Landing& landing_of(int index, int input, int part) const;
    const LandingCode& landing_code_of(int index, int input, int part) const;

    // windows.cpp
    void stage_flow(int index, int input, int reader);
    /// Runs body(n, oy, ox, w) for each output position of each image, or for the first of each `grain` of them; w counts them all.
    /// `row_end` after each row, `image_begin` before each image.
    static void for_positions(FlowBuilder& f, const Reading& r, const std::function<void(Ex, Ex, Ex, Ex)>& body,
                              const std::function<void(Ex, Ex)>& row_end, const std::function<void(Ex)>& image_begin = {}, int grain = 1);
    /// Walks the windows of a landing that leaves out rows between them. Runs begin(own), which says how many rows of a window lie before
    /// the first own one, row(j, p) for row j of a grid that lies in the landing's row p of an image and `own` rows of the window from
    /// there on, up to the next of the grid, and skip(rows) for those of the grid that lie before the next window.
    static void for_windows(FlowBuilder& f, const Reading& r, const Grid& grid, const std::function<void(Ex)>& begin,
                            const std::function<void(Ex, Ex, Ex)>& row, const std::function<void(Ex)>& skip);
    /// Runs body(x, count) for begin .. end-1 in pieces that do not cross a multiple of `chunk`.
    static void for_chunks(FlowBuilder& f, const std::string& variable, int begin, int end, int chunk,
                           const std::function<void(Ex, Ex)>& body);
    /// Serial: waits until the operators before have given image n, or the last one image n - 1.
    void await_turn(FlowBuilder& f, int index, Ex n);
    /// Serial: tells when all receivers have what an operator gives of an image.
    void turn_flow(int index);
    /// Padding rows of the images before n, and of image n before its row `end`.
    static Ex padding_rows(FlowBuilder& f, const Reading& r, Ex n, Ex end);
    /// Waits until row g (counted over all images) of a landing may be overwritten.
    void await_room(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex row);
    /// Waits until the vector of image n may be written over one before it.
    static void await_vector_room(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n);
    /// Waits until the window at output position (n, oy, ox) has come. `which` distinguishes the inputs of a join.
    void await_window(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n, Ex oy, Ex ox, const std::string& which = "");
    /// Window operand of the ring at output position, of `bytes` bytes from `from` on; channels c0 .. c1-1 of each pixel. `own`
    /// distinguishes what differs from tile to tile.
    std::vector<FlowBuilder::Field> ring_window(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n, Ex oy, Ex ox, int c0,
                                                int c1, Ex from, Ex bytes, const std::string& own = "");
    /// Waits until all receivers of a part have its results before `count`; a part may have none.
    static void await_sent(FlowBuilder& f, const OutboxCode& results, Ex count);
    void signal_if(FlowBuilder& f, Ex counter, const std::string& name, std::int64_t amount, std::int64_t index);

    const QuantGraph& network_;
    const Segment& segment_;
    const hw::Machine& machine_;
    const QuantGraph& graph_;
    const std::vector<std::string> node_labels_;
    const std::vector<std::string> tensor_labels_;
    const std::vector<NodePlacement>& placement_;
    const MemoryPlan& memory_;
    const std::vector<ExternalTensor>& external_;
    const std::vector<std::vector<ExternalTarget>>& targets_;
    const std::vector<KeptTensor>& kept_;
    ProgramBuilder& builder_;
    std::int64_t& weight_offset_;
    std::int64_t most_transferred_;

    std::vector<LandingCode> landings_;
    std::vector<std::vector<OutboxCode>> outboxes_;            ///< by node, part
    std::vector<std::vector<OutboxCode>> relays_;              ///< by input, relay
    std::vector<std::vector<std::vector<StageCode>>> stages_;  ///< by node, input, reader
    std::vector<Transfer> transfers_;
    std::vector<Holding> holdings_;
    std::vector<std::vector<isa::Index>> weights_;  ///< by node, tile
    std::vector<isa::Index> params_;                ///< by node, -1: none
    std::vector<isa::Index> turns_;                 ///< by node, images given; -1: a Concat. Serial only
    struct Written {
        isa::Index counter = -1;
        std::int64_t tiles = 0;
    };
    std::vector<std::map<std::pair<int, int>, Written>> written_;  ///< by node; copy and core: where weights are written in the segment
    Milestones milestones_;

    // Counters of a Conv, by copy and core, filled by conv_flows() for the flows of that operator.
    struct CoreCode {
        int copy = 0;
        int core = 0;
        isa::Index done = -1;       ///< reads completed, all tiles of the core; CM: [group of this core], positions
        isa::Index sums_free = -1;  ///< [group of this core]
        int landing = 0;            ///< that it reads
        int landing_reader = 0;     ///< which of that landing's readers it is
        int reader = 0;
        bool staged = false;      ///< its windows come through a stage
        Grid grid;                ///< positions that it serves
        Reading reading;          ///< how it walks them
        int grain = 1;            ///< positions of a read
        std::int64_t reads = 0;   ///< XBM, WLM: of a position: its tiles
        std::vector<int> groups;  ///< into NodeMemory::groups
    };
    struct GroupCode {
        isa::Index buffer = -1;
        isa::Index arrived = -1;  ///< sums that have come from the core, or the piece, before
        isa::Index summed = -1;   ///< not home: sums ready to be sent
        isa::Index slice = -1;    ///< CM
        std::size_t core = 0;     ///< into cores_
        int position = 0;         ///< among the groups of its core
    };
    std::vector<CoreCode> cores_;
    std::vector<GroupCode> groups_;
};

}  // namespace cim::compiler

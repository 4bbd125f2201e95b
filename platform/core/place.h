#pragma once
// A place of ADR-0001: the flows bound to a core or to the chip controller, its engines, and the way of their operations through the
// stages. Core and Controller add what is particular to each tier.

#include <array>
#include <map>
#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>

#include "isa/interpreter/resolved.h"
#include "platform/core/context.h"
#include "platform/core/operation.h"
#include "platform/core/ready_queue.h"
#include "platform/crossbar/crossbar_array.h"

namespace cim::platform {

class Place;

/// A flow as it runs.
class FlowState final : public Runnable {
  public:
    FlowState(Place& place, const isa::ResolvedFlow& code, const isa::Flow& flow);

    void advance() override;

    isa::Index id() const { return id_; }
    /// Operator of the network that it works for.
    isa::Index op() const { return op_; }
    isa::Engine engine() const { return engine_; }
    isa::Index segment() const { return segment_; }
    const isa::Step& step() const { return *step_; }
    /// That the present step needs, as in ReadyFlow.
    int crossbar() const {
        if (engine_ != isa::Engine::Crossbar) {
            return ReadyFlow::no_crossbar;
        }
        return step_->op_count == 1 ? crossbar_of(0) : ReadyFlow::several_crossbars;
    }
    /// That operator `position` of the step needs.
    int crossbar_of(isa::Index position) const {
        const int known = prices[static_cast<std::size_t>(step_->first_op + position)].crossbar;
        return known != ReadyFlow::unknown_crossbar ? known : static_cast<int>(step_->ops[position][0]);
    }

    OperatorStatistics& statistics() const { return *statistics_; }

    Ticks ready_at = 0;
    Ticks waits_since = 0;
    isa::Index waits_for = -1;  ///< counter, or -1
    bool done = false;
    std::vector<PricedOp> prices;  ///< by operator of the flow

  private:
    /// What is known of the flow's operators before it runs.
    void note_operators(const isa::ResolvedFlow& code);

    Place& place_;
    // What every tick asks of the flow, so that the flow itself, which is far away, is left alone.
    isa::Index id_;
    isa::Index op_;
    isa::Index segment_;
    isa::Engine engine_;
    const isa::Step* step_ = nullptr;
    OperatorStatistics* statistics_;
    isa::FlowRun run_;
};

struct EngineState {
    bool busy = false;
    EngineStatistics* statistics = nullptr;
    std::int64_t first_key = 0;        ///< of its transfers, in the order among those of a tick; operations on other crossbars follow
    std::vector<FlowState*> flows;     ///< of the segment that runs, by id
    ReadyQueue ready;                  ///< less those that are parked
    std::size_t parked = 0;            ///< beside a crossbar that they wait for
    std::size_t first_unfinished = 0;  ///< in flows
    Cause cause = Cause::Done;         ///< what the time since `since` is booked to
    Ticks since = 0;
    Ticks asked_at = 0;           ///< since when what it would begin waits for power
    CauseTimes after{};           ///< part of what is booked that lies after the last completion so far,
    Ticks after_completion = -1;  ///< which was at this tick
};

class Place : public sc_core::sc_module, public Actor {
  public:
    Place(const sc_core::sc_module_name& name, Context& context, int core);

    tlm_utils::simple_initiator_socket<Place> local{"local"};    ///< L1 or L0
    tlm_utils::simple_initiator_socket<Place> remote{"remote"};  ///< NoC, or external memory for the chip

    /// Binds a flow; all are bound before the start.
    void bind_flow(const isa::ResolvedFlow& code);
    /// Lets the flows of a segment begin.
    void begin(isa::Index segment);
    /// Brings all that was executed into the statistics, and the open time of every engine up to now.
    void close_books();
    /// What had to ask for power begins: the flow that comes first, since the engine asks anew whenever that is another one.
    void begin(isa::Engine engine);

    /// Direct access to the local memory (TLM-2.0 DMI, from the start of simulation on); null when timing only.
    std::uint8_t* memory = nullptr;

    int core() const { return core_; }
    /// Position in statistics: the core, or the number of cores for the chip.
    int number() const { return number_; }
    CrossbarArray* crossbars() { return crossbars_.get(); }
    const std::vector<std::unique_ptr<FlowState>>& flows() const { return flows_; }

    // for FlowState
    Context& context() { return context_; }
    void flow_ready(FlowState& flow);
    void flow_changed(FlowState& flow);

    void complete(std::uint64_t what) override;
    void dispatch() override;

  private:
    void start_of_simulation() override;

    enum What : std::uint64_t { TransferBegins = 0, IssueEnds = 1, OperationEnds = 2 };
    // On the agenda an operation is known by its address, whose lowest bits are free.
    void schedule(Operation& operation, Ticks at, What what) {
        operation.due.actor = this;
        operation.due.what = reinterpret_cast<std::uintptr_t>(&operation) | what;
        context_.agenda.complete_at(at, operation.due);
    }
    static Operation& operation_of(std::uint64_t entry) {
        return *reinterpret_cast<Operation*>(static_cast<std::uintptr_t>(entry & ~std::uint64_t{3}));
    }

    EngineState& engine_of(const FlowState& flow) { return engines_[static_cast<std::size_t>(flow.engine())]; }
    void book(isa::Engine engine, Cause cause);
    Cause idle_cause(const EngineState& engine) const;
    void dispatch_soon(isa::Engine engine);
    void dispatch(isa::Engine engine);
    /// A crossbar that it needs and that is busy, or ReadyFlow::no_crossbar.
    int busy_crossbar(const ReadyFlow& ready) const;
    /// The flow that comes first of those whose crossbars are free, or null. Those before it are parked beside a crossbar that is not.
    const ReadyFlow* first_ready(EngineState& engine) {
        const ReadyFlow* first = engine.ready.empty() ? nullptr : &engine.ready.front();
        return first == nullptr || first->crossbar == ReadyFlow::no_crossbar ? first : first_with_crossbar(engine);
    }
    const ReadyFlow* first_with_crossbar(EngineState& engine);
    /// Flows that were parked beside crossbar `xb` are ready again.
    void unpark(int xb);
    /// Asks for the power of what the engine would begin next; false if that draws none.
    bool ask_for_power(isa::Engine engine, FlowState& flow);
    /// `power_wait`: ticks that it could have begun earlier but for the power limit.
    void start(FlowState& flow, Ticks power_wait = 0);
    Operation& make_operation(FlowState& flow, isa::Index position);
    /// The price of the operator `position` of the flow's step.
    PricedOp& priced(FlowState& flow, isa::Index position) {
        PricedOp& usual = flow.prices[static_cast<std::size_t>(flow.step().first_op + position)];
        const int crossbar = flow.crossbar_of(position);
        const isa::Index weight = crossbar >= 0 ? crossbars_->weight(crossbar) : -1;
        if (usual.price == nullptr || !usual.moves_only || usual.weight != weight) {
            price_anew(flow, position, usual, weight);
        }
        return usual;
    }
    void price_anew(const FlowState& flow, isa::Index position, PricedOp& usual, isa::Index weight);
    /// Goes on with what follows its last transfer, which ends at tick `at`, now or later.
    void proceed(Operation& operation, Ticks at);
    /// The next transfer begins now.
    void transfer(Operation& operation);
    /// Sends its payload; true if it was served at once.
    bool transport(Operation& operation);
    /// Books what a transfer waited that has been served, or will be at a tick that is known.
    void book_waits(Operation& operation);
    /// A transfer outside its memory is an error of SystemC.
    static void check_response(const Operation& operation) {
        if (!operation.payload.is_response_ok()) {
            SC_REPORT_ERROR("platform", operation.payload.get_response_string().c_str());
        }
    }
    void operation_ended(Operation& operation);
    /// Bytes of an output reached external memory: the image that they belong to is as far as this.
    void note_output(std::int64_t address);
    void release_engine(isa::Engine engine);
    tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay);
    /// f(number of crossbar) for each that an asynchronous operation holds.
    template <typename F>
    void for_each_held(const Operation& operation, F f) const;
    Price price_of(const isa::OpInstance& op, isa::Index weight) const;
    /// Brings `executions` at a price into the statistics.
    void settle(const FlowState& flow, const Price& price, std::int64_t executions);
    std::int64_t multiply_accumulates(const isa::OpInstance& op) const;
    void report_crossbars(int xb, int op);
    /// Wordlines of crossbar `xb` that the operator activates at the same time.
    int rows_at_once(const isa::OpInstance& op, int xb) const;

    Context& context_;
    int core_;
    int number_;
    std::unique_ptr<CrossbarArray> crossbars_;
    std::vector<std::unique_ptr<FlowState>> flows_;
    std::map<isa::Index, std::vector<FlowState*>> of_segment_;
    std::array<EngineState, isa::engine_count> engines_;
    unsigned to_dispatch_ = 0;                    ///< engines that something happened to, a bit each
    FlowState* issuing_ = nullptr;                ///< flow whose asynchronous operators hold the crossbar engine,
    Due issue_ends_;                              ///< until then
    std::vector<std::vector<ReadyFlow>> parked_;  ///< by crossbar
};

}  // namespace cim::platform

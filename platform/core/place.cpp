#include "platform/core/place.h"

#include <algorithm>

#include "platform/core/execute.h"
#include "pricing/price_operation.h"

namespace cim::platform {

namespace f = isa::field;

Place::Place(const sc_core::sc_module_name& name, Context& context, int core) : sc_module(name), context_(context), core_(core) {
    local.register_nb_transport_bw(this, &Place::nb_transport_bw);
    remote.register_nb_transport_bw(this, &Place::nb_transport_bw);
    if (core >= 0) {
        crossbars_ = std::make_unique<CrossbarArray>("crossbars", context.machine, context.program);
    }
}

int Place::number() const {
    return core_ >= 0 ? core_ : context_.machine.core_count();
}

void Place::start_of_simulation() {
    tlm::tlm_generic_payload payload;
    tlm::tlm_dmi dmi;
    memory = local->get_direct_mem_ptr(payload, dmi) ? dmi.get_dmi_ptr() : nullptr;
}

void Place::bind_flow(const isa::ResolvedFlow& code) {
    flows_.push_back(std::make_unique<FlowState>(*this, code, context_.program.flows[static_cast<std::size_t>(code.id)]));
    engine_of(*flows_.back()).flows.push_back(flows_.back().get());
}

void Place::begin(bool setup) {
    for (EngineState& engine : engines_) {
        engine.since = context_.agenda.now();
        engine.first_unfinished = 0;
        engine.after_completion = -1;
    }
    for (const std::unique_ptr<FlowState>& flow : flows_) {
        if (flow->flow().setup == setup) {
            ++context_.unfinished;
            context_.agenda.run_now(*flow);
        }
    }
    context_.agenda.dispatch_now(*this);
}

// ---- books ------------------------------------------------------------------------------------------------------------------

void Place::book(isa::Engine which, Cause cause) {
    EngineState& engine = engines_[static_cast<std::size_t>(which)];
    const Ticks now = context_.agenda.now();
    CauseTimes& times = context_.statistics.engines[static_cast<std::size_t>(number())][static_cast<std::size_t>(which)].times;
    times[static_cast<std::size_t>(engine.cause)] += now - engine.since;
    if (engine.after_completion != context_.last_completion) {
        engine.after = {};
        engine.after_completion = context_.last_completion;
    }
    const Ticks completed = std::max({engine.since, context_.last_completion, context_.run_start});
    engine.after[static_cast<std::size_t>(engine.cause)] += std::max<Ticks>(0, now - completed);
    engine.since = now;
    engine.cause = cause;
}

void Place::close_books() {
    for (const std::unique_ptr<FlowState>& flow : flows_) {
        for (PricedOp& priced : flow->prices) {
            settle(*flow, priced);
        }
    }
    for (int i = 0; i < isa::engine_count; ++i) {
        book(static_cast<isa::Engine>(i), Cause::Done);
        // The run ends with its last completion; signals may be on their way a little longer.
        CauseTimes& times = context_.statistics.engines[static_cast<std::size_t>(number())][static_cast<std::size_t>(i)].times;
        for (std::size_t cause = 0; cause < cause_count; ++cause) {
            times[cause] -= engines_[static_cast<std::size_t>(i)].after[cause];
        }
    }
}

Cause Place::idle_cause(const EngineState& engine) const {
    if (!engine.ready.empty()) {
        return Cause::Crossbar;
    }
    for (std::size_t i = engine.first_unfinished; i < engine.flows.size(); ++i) {
        const FlowState& flow = *engine.flows[i];
        if (!flow.done && flow.waits_for >= 0) {
            return context_.counters.role(flow.waits_for) == isa::CounterRole::Data ? Cause::Data : Cause::Space;
        }
    }
    return Cause::Done;
}

void Place::settle(const FlowState& flow, PricedOp& priced) {
    if (priced.executions == 0) {
        return;
    }
    hw::EventCounts& by_operator = context_.statistics.operators[static_cast<std::size_t>(flow.flow().op)].events;
    hw::EventCounts& by_place = context_.statistics.place_events[static_cast<std::size_t>(number())];
    for (std::size_t i = 0; i < priced.cost.event_count; ++i) {
        const auto event = static_cast<std::size_t>(priced.cost.events[i].event);
        const std::int64_t count = priced.cost.events[i].count * priced.executions;
        by_operator[event] += count;
        by_place[event] += count;
    }
    context_.statistics.operations[static_cast<std::size_t>(priced.opcode)] += priced.executions;
    if (!flow.flow().setup) {
        context_.statistics.multiply_accumulates += priced.multiply_accumulates * priced.executions;
    }
    priced.executions = 0;
}

// ---- dispatch ---------------------------------------------------------------------------------------------------------------

void Place::flow_ready(FlowState& flow) {
    engine_of(flow).ready.push_back(&flow);
    context_.agenda.dispatch_now(*this);
}

void Place::flow_changed(FlowState& flow) {
    EngineState& engine = engine_of(flow);
    while (engine.first_unfinished < engine.flows.size() && engine.flows[engine.first_unfinished]->done) {
        ++engine.first_unfinished;
    }
    context_.agenda.dispatch_now(*this);
}

void Place::dispatch() {
    for (int i = 0; i < isa::engine_count; ++i) {
        dispatch(static_cast<isa::Engine>(i));
    }
}

void Place::dispatch(isa::Engine which) {
    EngineState& engine = engines_[static_cast<std::size_t>(which)];
    if (engine.busy) {
        return;
    }
    FlowState* best = nullptr;
    for (FlowState* flow : engine.ready) {
        const bool before = best == nullptr || flow->ready_at < best->ready_at || (flow->ready_at == best->ready_at && flow->id() < best->id());
        if (before && can_start(*flow)) {
            best = flow;
        }
    }
    if (best == nullptr) {
        if (const Cause cause = idle_cause(engine); cause != engine.cause) {
            book(which, cause);
        }
        return;
    }
    engine.ready.erase(std::find(engine.ready.begin(), engine.ready.end(), best));
    start(*best);
}

bool Place::can_start(const FlowState& flow) const {
    const isa::Step& step = flow.step();
    bool free = true;
    if (flow.flow().engine == isa::Engine::Crossbar) {
        for (isa::Index i = 0; i < step.op_count && free; ++i) {
            isa::for_each_crossbar(context_.program, step.ops[i], [&](int xb) { free = free && !crossbars_->busy(xb); });
        }
    }
    return free;
}

int Place::rows_at_once(const isa::OpInstance& op, int xb) const {
    const int most = context_.machine.crossbar.parallel_row;
    switch (op.opcode) {
        case isa::Opcode::ReadXb: return std::min(most, static_cast<int>(op[f::ReadXb::n]));
        case isa::Opcode::ReadRow: return std::min(most, static_cast<int>(op[f::ReadRow::n]));
        case isa::Opcode::ReadCore: return std::min(most, context_.program.weights[static_cast<std::size_t>(crossbars_->weight(xb))].rows);
        default: return 1;
    }
}

void Place::price(FlowState& flow, isa::Index position, Operation& operation) {
    const isa::OpInstance& op = flow.step().ops[position];
    const auto at = static_cast<std::size_t>(flow.step().first_op + position);
    const bool reads = op.opcode == isa::Opcode::ReadXb || op.opcode == isa::Opcode::ReadRow;
    const isa::Index weight = reads ? crossbars_->weight(static_cast<int>(op[0])) : -1;
    const bool fixed = flow.code().ops[at].moves_only && (!flow.prices[at].known || flow.prices[at].weight == weight);
    PricedOp& priced = fixed ? flow.prices[at] : operation.own;
    operation.priced = &priced;
    if (!fixed || !priced.known) {
        priced.cost = pricing::price_operation(context_.prices, context_.program, op, core_, weight);
        priced.opcode = op.opcode;
        priced.weight = weight;
        priced.multiply_accumulates = multiply_accumulates(op);
        priced.known = true;
        priced.pj = 0;
        for (std::size_t i = 0; i < priced.cost.event_count; ++i) {
            priced.pj += static_cast<double>(priced.cost.events[i].count) * context_.event_prices[static_cast<std::size_t>(priced.cost.events[i].event)];
        }
    }
    ++priced.executions;
    if (!fixed) {
        settle(flow, priced);
    }
}

Operation& Place::make_operation(FlowState& flow, isa::Index position) {
    Operation& operation = pool_.get();
    operation.op = flow.step().ops[position];
    operation.flow = &flow;
    operation.stage = 0;
    operation.started = context_.agenda.now();
    operation.async = isa::op_info(operation.op.opcode).timing == isa::Timing::Async;
    price(flow, position, operation);
    OperatorStatistics& statistics = context_.statistics.operators[static_cast<std::size_t>(flow.flow().op)];
    if (statistics.start < 0 && !context_.setup) {
        statistics.start = operation.started - context_.run_start;
    }
    return operation;
}

void Place::start(FlowState& flow) {
    const isa::Engine which = flow.flow().engine;
    EngineState& engine = engines_[static_cast<std::size_t>(which)];
    const isa::Step step = flow.step();
    flow.ready = false;
    engine.busy = true;
    book(which, Cause::Busy);
    context_.statistics.engines[static_cast<std::size_t>(number())][static_cast<std::size_t>(which)].operations += step.op_count;
    if (context_.observer != nullptr) {
        context_.observer->engine(context_.agenda.now(), number(), which, flow.flow().op);
    }
    Ticks issue_ticks = 1;
    OperatorStatistics& statistics = context_.statistics.operators[static_cast<std::size_t>(flow.flow().op)];
    for (isa::Index i = 0; i < step.op_count; ++i) {
        Operation& operation = make_operation(flow, i);
        if (operation.async) {
            ++context_.unfinished;
            issue_ticks = operation.priced->cost.issue_ticks;
            if (operation.op.signal >= 0) {
                operation.ticket = context_.counters.reserve(operation.op.signal, operation.op.amount, core_);
            }
            isa::for_each_crossbar(context_.program, operation.op, [&](int xb) {
                crossbars_->acquire(xb, rows_at_once(operation.op, xb));
                report_crossbars(xb, flow.flow().op);
            });
        }
        proceed(operation, operation.started);
    }
    if (isa::op_info(step.ops[0].opcode).timing == isa::Timing::Async) {
        statistics.times[static_cast<std::size_t>(Cause::Crossbar)] += context_.agenda.now() - flow.ready_at;
        context_.agenda.complete_at(context_.agenda.now() + issue_ticks, *this,
                                    (static_cast<std::uint64_t>(flow.flow().engine) << 2U) | IssueEnds);
        issuing_ = &flow;
    }
}

// ---- stages -----------------------------------------------------------------------------------------------------------------

std::int64_t Place::key_of(const Operation& operation) const {
    const std::int64_t engine = static_cast<std::int64_t>(number()) * isa::engine_count + static_cast<int>(operation.flow->flow().engine);
    return engine * (context_.machine.crossbars_per_core() + 1) + (operation.async && operation.op.opcode != isa::Opcode::ReadCore ? operation.op[0] : 0);
}

void Place::proceed(Operation& operation, Ticks at) {
    const hw::OpCost& cost = operation.priced->cost;
    Agenda& agenda = context_.agenda;
    while (operation.stage < cost.stage_count) {
        const hw::Stage& stage = cost.stages[operation.stage];
        if (stage.resource == hw::Resource::Crossbar || stage.resource == hw::Resource::Alu) {
            // Nobody else can ask for it: its end is known already.
            statistics_of(operation).times[static_cast<std::size_t>(Cause::Busy)] += stage.ticks;
            at += stage.ticks;
            ++operation.stage;
            continue;
        }
        if (at > agenda.now()) {
            agenda.complete_at(at, *this, (static_cast<std::uint64_t>(operation.slot) << 2U) | StageBegins);
            return;
        }
        operation.stage_started = at;
        if (!transport(operation)) {
            return;
        }
        operation.stage += operation.covered;
    }
    at = std::max(at, operation.started + cost.issue_ticks);
    if (at > agenda.now()) {
        agenda.complete_at(at, *this, (static_cast<std::uint64_t>(operation.slot) << 2U) | OperationEnds);
    } else {
        operation_ended(operation);
    }
}

bool Place::transport(Operation& operation) {
    const hw::Stage& first = operation.priced->cost.stages[operation.stage];
    const bool own = first.resource == (core_ >= 0 ? hw::Resource::L1Port : hw::Resource::L0Port);
    const bool through_noc = !own && core_ >= 0;
    operation.covered = through_noc ? 2 : 1;
    const hw::Stage& port = first.resource == hw::Resource::Noc ? operation.priced->cost.stages[operation.stage + 1] : first;
    Transfer& transfer = operation.transfer;
    transfer.port_ticks = port.ticks;
    transfer.port_wait = 0;
    transfer.link_wait = 0;
    transfer.key = key_of(operation);
    transfer.window = nullptr;
    switch (port.resource) {
        case hw::Resource::L0Port: transfer.space = isa::Space::L0; break;
        case hw::Resource::External: transfer.space = isa::Space::Ext; break;
        default: transfer.space = isa::Space::L1; break;
    }
    transfer.core = port.resource == hw::Resource::RemoteL1Port ? operation.priced->cost.dst_node : core_;
    if (through_noc) {
        const hw::Stage& noc = first.resource == hw::Resource::Noc ? first : operation.priced->cost.stages[operation.stage + 1];
        transfer.noc_ticks = noc.ticks;
        transfer.flits = noc.flits;
        transfer.src_node = operation.priced->cost.src_node;
        transfer.dst_node = operation.priced->cost.dst_node;
    }
    tlm::tlm_generic_payload& payload = operation.payload;
    payload.set_command(first.resource == hw::Resource::Noc || port.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    payload.set_data_ptr(nullptr);
    payload.set_data_length(0);
    payload.set_byte_enable_ptr(nullptr);
    payload.set_dmi_allowed(false);
    if (!own && context_.functional) {
        address_payload(context_, *this, operation);
    }
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    tlm_utils::simple_initiator_socket<Place>& socket = own ? local : remote;
    return socket->nb_transport_fw(payload, phase, delay) == tlm::TLM_COMPLETED;
}

tlm::tlm_sync_enum Place::nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time&) {
    if (phase == tlm::BEGIN_RESP) {
        Operation& operation = *transfer_of(payload).operation;
        transferred(operation);
        operation.stage += operation.covered;
        proceed(operation, operation.transfer.done);
    }
    return tlm::TLM_COMPLETED;
}

OperatorStatistics& Place::statistics_of(const Operation& operation) {
    return context_.statistics.operators[static_cast<std::size_t>(operation.flow->flow().op)];
}

void Place::transferred(Operation& operation) {
    if (!operation.payload.is_response_ok()) {
        SC_REPORT_ERROR("platform", operation.payload.get_response_string().c_str());
    }
    const Transfer& transfer = operation.transfer;
    CauseTimes& times = statistics_of(operation).times;
    times[static_cast<std::size_t>(Cause::Busy)] += transfer.done - operation.stage_started - transfer.port_wait - transfer.link_wait;
    const auto wait = [&](Cause cause, Ticks ticks) {
        if (ticks == 0) {
            return;
        }
        times[static_cast<std::size_t>(cause)] += ticks;
        if (!operation.async) {
            // The engine's time is booked as busy from dispatch to completion.
            CauseTimes& engine = context_.statistics.engines[static_cast<std::size_t>(number())][static_cast<std::size_t>(operation.flow->flow().engine)].times;
            engine[static_cast<std::size_t>(cause)] += ticks;
            engine[static_cast<std::size_t>(Cause::Busy)] -= ticks;
        }
    };
    wait(transfer.space == isa::Space::Ext ? Cause::Memory : Cause::Port, transfer.port_wait);
    wait(Cause::Link, transfer.link_wait);
}

void Place::operation_ended(Operation& operation) {
    FlowState& flow = *operation.flow;
    const Ticks now = context_.agenda.now();
    if (context_.functional) {
        execute(context_, *this, operation);
    } else if (operation.op.opcode == isa::Opcode::WriteXb || operation.op.opcode == isa::Opcode::WriteRow) {
        execute_write(context_, *crossbars_, operation);
    }
    OperatorStatistics& statistics = context_.statistics.operators[static_cast<std::size_t>(flow.flow().op)];
    context_.last_completion = now;
    if (operation.op.opcode == isa::Opcode::Flush) {
        note_output(operation.op[f::Flush::dst]);
    }
    if (!context_.setup) {
        statistics.end = std::max(statistics.end, now - context_.run_start);
        context_.statistics.power.add(operation.started - context_.run_start, now - context_.run_start, operation.priced->pj);
    }
    if (operation.async) {
        isa::for_each_crossbar(context_.program, operation.op, [&](int xb) {
            crossbars_->release(xb, now - operation.started);
            report_crossbars(xb, -1);
        });
        if (operation.op.signal >= 0) {
            context_.counters.complete_signal(operation.op.signal, operation.ticket);
        }
        if (!engines_[static_cast<std::size_t>(isa::Engine::Crossbar)].ready.empty()) {
            context_.agenda.dispatch_now(*this);
        }
        pool_.put(operation);
        context_.finished_one();
        return;
    }
    pool_.put(operation);
    release_engine(flow.flow().engine);
    context_.agenda.run_now(flow);
}

std::int64_t Place::multiply_accumulates(const isa::OpInstance& op) const {
    switch (op.opcode) {
        case isa::Opcode::ReadXb: return op[f::ReadXb::cols] * (op[f::ReadXb::bits] > 8 ? op[f::ReadXb::n] / 2 : op[f::ReadXb::n]);
        case isa::Opcode::ReadRow: return op[f::ReadRow::cols] * (op[f::ReadRow::bits] > 8 ? op[f::ReadRow::n] / 2 : op[f::ReadRow::n]);
        case isa::Opcode::ReadCore: {
            std::int64_t cells = 0;
            for (const isa::SliceTile& tile : context_.program.slices[static_cast<std::size_t>(op[f::ReadCore::slice])].tiles) {
                const isa::Weight& weight = context_.program.weights[static_cast<std::size_t>(tile.weight)];
                cells += static_cast<std::int64_t>(weight.rows) * weight.cols;
            }
            return cells * op[f::ReadCore::count];
        }
        default: return 0;
    }
}

void Place::note_output(std::int64_t address) {
    for (const isa::Tensor& output : context_.program.outputs) {
        const std::int64_t offset = address - output.ext_offset;
        if (offset >= 0 && output.size > 0 && static_cast<std::size_t>(offset / output.size) < context_.statistics.image_ends.size()) {
            context_.statistics.image_ends[static_cast<std::size_t>(offset / output.size)] = context_.agenda.now() - context_.run_start;
        }
    }
}

void Place::release_engine(isa::Engine which) {
    engines_[static_cast<std::size_t>(which)].busy = false;
    if (context_.observer != nullptr) {
        context_.observer->engine(context_.agenda.now(), number(), which, -1);
    }
    context_.agenda.dispatch_now(*this);
}

void Place::complete(std::uint64_t what) {
    switch (what & 3U) {
        case StageBegins: proceed(pool_.at(what >> 2U), context_.agenda.now()); break;
        case OperationEnds: operation_ended(pool_.at(what >> 2U)); break;
        default: {
            FlowState* flow = issuing_;
            release_engine(static_cast<isa::Engine>(what >> 2U));
            context_.agenda.run_now(*flow);
            break;
        }
    }
}

void Place::report_crossbars(int xb, int op) {
    if (context_.observer != nullptr) {
        context_.observer->crossbar(context_.agenda.now(), core_, xb, op);
        context_.observer->crossbars(context_.agenda.now(), core_, crossbars_->active(), crossbars_->active_rows());
    }
}

}  // namespace cim::platform

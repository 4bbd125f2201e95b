#include "platform/core/place.h"

#include <algorithm>

#include "isa/semantics/programming.h"
#include "platform/core/execute.h"
#include "pricing/price_operation.h"

namespace cim::platform {

namespace f = isa::field;

Place::Place(const sc_core::sc_module_name& name, Context& context, int core)
    : sc_module(name), context_(context), core_(core), number_(core >= 0 ? core : context.machine.core_count()) {
    for (std::size_t engine = 0; engine < engines_.size(); ++engine) {
        engines_[engine].statistics = &context.statistics.engines[static_cast<std::size_t>(number_)][engine];
        const std::int64_t engines_before = static_cast<std::int64_t>(number_) * isa::engine_count + static_cast<int>(engine);
        engines_[engine].first_key = engines_before * (context.machine.crossbars_per_core() + 1);
    }
    issue_ends_.actor = this;
    local.register_nb_transport_bw(this, &Place::nb_transport_bw);
    remote.register_nb_transport_bw(this, &Place::nb_transport_bw);
    if (core >= 0) {
        crossbars_ = std::make_unique<CrossbarArray>("crossbars", context.machine, context.program);
        parked_.resize(static_cast<std::size_t>(context.machine.crossbars_per_core()));
    }
}

void Place::start_of_simulation() {
    tlm::tlm_generic_payload payload;
    tlm::tlm_dmi dmi;
    memory = local->get_direct_mem_ptr(payload, dmi) ? dmi.get_dmi_ptr() : nullptr;
}

void Place::bind_flow(const isa::ResolvedFlow& code) {
    flows_.push_back(std::make_unique<FlowState>(*this, code, context_.program.flows[static_cast<std::size_t>(code.id)]));
    of_segment_[flows_.back()->segment()].push_back(flows_.back().get());
}

void Place::begin(isa::Index segment) {
    for (EngineState& engine : engines_) {
        if (segment <= 0) {
            engine.since = context_.agenda.now();
            engine.after_completion = -1;
        }
        engine.first_unfinished = 0;
        engine.flows.clear();
    }
    for (FlowState* flow : of_segment_[segment]) {
        engine_of(*flow).flows.push_back(flow);
        ++context_.unfinished;
        context_.agenda.run_now(*flow);
    }
    for (int engine = 0; engine < isa::engine_count; ++engine) {
        dispatch_soon(static_cast<isa::Engine>(engine));
    }
}

// ---- dispatch ---------------------------------------------------------------------------------------------------------------

void Place::flow_ready(FlowState& flow) {
    EngineState& engine = engine_of(flow);
    __builtin_prefetch(flow.step().ops);  // which start() asks for
    engine.ready.add({flow.ready_at, flow.id(), flow.crossbar(), &flow});
    if (!engine.busy) {
        dispatch_soon(flow.engine());
    }
}

void Place::flow_changed(FlowState& flow) {
    EngineState& engine = engine_of(flow);
    while (engine.first_unfinished < engine.flows.size() && engine.flows[engine.first_unfinished]->done) {
        ++engine.first_unfinished;
    }
    if (!engine.busy) {
        dispatch_soon(flow.engine());
    }
}

void Place::dispatch_soon(isa::Engine engine) {
    to_dispatch_ |= 1U << static_cast<unsigned>(engine);
    context_.agenda.dispatch_now(*this);
}

void Place::dispatch() {
    for (; to_dispatch_ != 0; to_dispatch_ &= to_dispatch_ - 1) {
        dispatch(static_cast<isa::Engine>(__builtin_ctz(to_dispatch_)));
    }
}

void Place::dispatch(isa::Engine which) {
    EngineState& engine = engines_[static_cast<std::size_t>(which)];
    if (engine.busy) {
        return;
    }
    const ReadyFlow* first = first_ready(engine);
    if (first == nullptr) {
        if (const Cause cause = idle_cause(engine); cause != engine.cause) {
            book(which, cause);
        }
        return;
    }
    FlowState& flow = *first->flow;
    if (context_.power && ask_for_power(which, flow)) {
        return;
    }
    engine.ready.pop();
    start(flow);
}

const ReadyFlow* Place::first_with_crossbar(EngineState& engine) {
    while (!engine.ready.empty()) {
        const ReadyFlow& first = engine.ready.front();
        const int busy = first.crossbar == ReadyFlow::no_crossbar ? ReadyFlow::no_crossbar : busy_crossbar(first);
        if (busy == ReadyFlow::no_crossbar) {
            return &first;
        }
        parked_[static_cast<std::size_t>(busy)].push_back(first);
        ++engine.parked;
        engine.ready.pop();
    }
    return nullptr;
}

void Place::unpark(int xb) {
    std::vector<ReadyFlow>& parked = parked_[static_cast<std::size_t>(xb)];
    EngineState& engine = engines_[static_cast<std::size_t>(isa::Engine::Crossbar)];
    engine.parked -= parked.size();
    for (const ReadyFlow& flow : parked) {
        engine.ready.add(flow);
    }
    parked.clear();
}

bool Place::ask_for_power(isa::Engine which, FlowState& flow) {
    pricing::Nanowatts power = 0;
    for (isa::Index i = 0; i < flow.step().op_count; ++i) {
        power += priced(flow, i).price->power;
    }
    const auto number_of_engine = static_cast<std::size_t>(number()) * isa::engine_count + static_cast<std::size_t>(which);
    if (power == 0) {
        context_.power->withdraw(number_of_engine);
        return false;
    }
    EngineState& engine = engines_[static_cast<std::size_t>(which)];
    if (context_.power->ask({flow.ready_at, flow.id(), number_of_engine, power})) {
        engine.asked_at = context_.agenda.now();
    }
    if (engine.cause != Cause::Power) {
        book(which, Cause::Power);
    }
    return true;
}

void Place::begin(isa::Engine which) {
    EngineState& engine = engines_[static_cast<std::size_t>(which)];
    FlowState& flow = *engine.ready.front().flow;
    engine.ready.pop();
    const Ticks waited = context_.agenda.now() - engine.asked_at;
    flow.statistics().times[static_cast<std::size_t>(Cause::Power)] += waited;
    start(flow, waited);
}

int Place::busy_crossbar(const ReadyFlow& ready) const {
    if (ready.crossbar != ReadyFlow::several_crossbars) {
        return crossbars_->busy(ready.crossbar) ? ready.crossbar : ReadyFlow::no_crossbar;
    }
    const isa::Step& step = ready.flow->step();
    int busy = ReadyFlow::no_crossbar;
    for (isa::Index i = 0; i < step.op_count && busy == ReadyFlow::no_crossbar; ++i) {
        isa::for_each_crossbar(context_.program, step.ops[i], [&](int xb) {
            if (crossbars_->busy(xb)) {
                busy = xb;
            }
        });
    }
    return busy;
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

template <typename F>
void Place::for_each_held(const Operation& operation, F f) const {
    if (operation.crossbar >= 0) {
        f(operation.crossbar);
    } else {
        isa::for_each_crossbar(context_.program, *operation.op, f);
    }
}

[[gnu::always_inline]] inline Operation& Place::make_operation(FlowState& flow, isa::Index position) {
    Operation& operation = context_.operations.get();
    operation.op = flow.step().ops + position;
    operation.flow = &flow;
    operation.transfers = 0;
    operation.started = context_.agenda.now();
    PricedOp& usual = priced(flow, position);
    ++usual.executions;
    operation.price = usual.price;
    operation.async = operation.price->async;
    operation.crossbar = std::max(flow.crossbar_of(position), ReadyFlow::no_crossbar);
    operation.payload.transfer.key = engine_of(flow).first_key + std::max(0, operation.crossbar);
    operation.signal = operation.op->signal;
    if (operation.async && (context_.functional || !usual.moves_only)) {
        // The flow goes on before this ends.
        operation.kept = *operation.op;
        operation.op = &operation.kept;
    }
    OperatorStatistics& statistics = flow.statistics();
    if (statistics.start < 0 && context_.segment != isa::setup) {
        statistics.start = operation.started - context_.run_start;
    }
    return operation;
}

void Place::start(FlowState& flow, Ticks power_wait) {
    const isa::Engine which = flow.engine();
    EngineState& engine = engines_[static_cast<std::size_t>(which)];
    const isa::Step& step = flow.step();
    engine.busy = true;
    book(which, Cause::Busy);
    engine.statistics->operations += step.op_count;
    if (context_.observer != nullptr) {
        context_.observer->engine(context_.agenda.now(), number(), which, flow.op());
    }
    Ticks issue_ticks = 1;
    OperatorStatistics& statistics = flow.statistics();
    for (isa::Index i = 0; i < step.op_count; ++i) {
        Operation& operation = make_operation(flow, i);
        if (operation.async) {
            ++context_.unfinished;
            issue_ticks = operation.price->issue_ticks;
            if (operation.signal >= 0) {
                operation.pending = &context_.counters.reserve(operation.signal, operation.op->amount, core_);
            }
            for_each_held(operation, [&](int xb) {
                if (context_.observer == nullptr) {
                    crossbars_->acquire(xb, 0);
                    return;
                }
                crossbars_->acquire(xb, rows_at_once(*operation.op, xb));
                report_crossbars(xb, flow.op());
            });
        }
        proceed(operation, operation.started);
    }
    if (isa::is_async(step.ops[0].opcode)) {
        statistics.times[static_cast<std::size_t>(Cause::Crossbar)] += context_.agenda.now() - flow.ready_at - power_wait;
        issue_ends_.what = (static_cast<std::uint64_t>(which) << 2U) | IssueEnds;
        context_.agenda.complete_at(context_.agenda.now() + issue_ticks, issue_ends_);
        issuing_ = &flow;
    }
}

void Place::operation_ended(Operation& operation) {
    FlowState& flow = *operation.flow;
    const Ticks now = context_.agenda.now();
    const isa::Opcode opcode = operation.price->opcode;
    if (context_.functional) {
        execute(context_, *this, operation);
    } else if (isa::writes_crossbar(opcode)) {
        execute_write(context_, *crossbars_, operation);
    }
    OperatorStatistics& statistics = flow.statistics();
    context_.last_completion = now;
    if (context_.power) {
        context_.power->ended(operation.price->power);
    }
    if (opcode == isa::Opcode::Flush) {
        const isa::Pieces to = isa::pieces_to(*operation.op);
        for (std::int64_t i = 0; i < to.count; ++i) {
            note_output(to.address + i * to.pitch);
        }
    }
    if (context_.segment != isa::setup) {
        statistics.end = std::max(statistics.end, now - context_.run_start);
        context_.statistics.power.add(operation.started - context_.run_start, now - context_.run_start, operation.price->pj);
    }
    if (operation.async) {
        for_each_held(operation, [&](int xb) {
            crossbars_->release(xb, now - operation.started);
            if (!parked_[static_cast<std::size_t>(xb)].empty()) {
                unpark(xb);
            }
            if (context_.observer != nullptr) {
                report_crossbars(xb, -1);
            }
        });
        if (operation.signal >= 0) {
            context_.counters.complete_signal(operation.signal, *operation.pending);
        }
        if (!engines_[static_cast<std::size_t>(isa::Engine::Crossbar)].ready.empty()) {
            dispatch_soon(isa::Engine::Crossbar);
        }
        context_.operations.put(operation);
        context_.finished_one();
        return;
    }
    context_.operations.put(operation);
    release_engine(flow.engine());
    context_.agenda.run_now(flow);
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
    dispatch_soon(which);
}

void Place::complete(std::uint64_t what) {
    switch (what & 3U) {
        case TransferBegins: transfer(operation_of(what)); break;
        case OperationEnds: operation_ended(operation_of(what)); break;
        default: {
            FlowState* flow = issuing_;
            release_engine(static_cast<isa::Engine>(what >> 2U));
            context_.agenda.run_now(*flow);
            break;
        }
    }
}

void Place::report_crossbars(int xb, int op) {
    context_.observer->crossbar(context_.agenda.now(), core_, xb, op);
    context_.observer->crossbars(context_.agenda.now(), core_, crossbars_->active(), crossbars_->active_rows());
}

}  // namespace cim::platform

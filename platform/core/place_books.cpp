// What a place counts: prices and energy events of its operations, and where its engines' time goes.
#include "platform/core/place.h"
#include "pricing/price_operation.h"

namespace cim::platform {

namespace f = isa::field;

void Place::book(isa::Engine which, Cause cause) {
    EngineState& engine = engines_[static_cast<std::size_t>(which)];
    const Ticks now = context_.agenda.now();
    engine.statistics->times[static_cast<std::size_t>(engine.cause)] += now - engine.since;
    if (context_.last_completion == now) {
        // None of it lies after that completion.
        engine.since = now;
        engine.cause = cause;
        return;
    }
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
            if (priced.executions > 0) {
                settle(*flow, *priced.price, priced.executions);
                priced.executions = 0;
            }
        }
    }
    for (int i = 0; i < isa::engine_count; ++i) {
        book(static_cast<isa::Engine>(i), Cause::Done);
        // The run ends with its last completion; signals may be on their way a little longer.
        const EngineState& engine = engines_[static_cast<std::size_t>(i)];
        for (std::size_t cause = 0; cause < cause_count && engine.after_completion == context_.last_completion; ++cause) {
            engine.statistics->times[cause] -= engine.after[cause];
        }
    }
}

Cause Place::idle_cause(const EngineState& engine) const {
    if (!engine.ready.empty() || engine.parked > 0) {
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

void Place::settle(const FlowState& flow, const Price& price, std::int64_t executions) {
    flow.statistics().times[static_cast<std::size_t>(Cause::Busy)] += price.service * executions;
    hw::EventCounts& by_operator = flow.statistics().events;
    hw::EventCounts& by_place = context_.statistics.place_events[static_cast<std::size_t>(number())];
    for (std::size_t i = 0; i < price.cost.event_count; ++i) {
        const auto event = static_cast<std::size_t>(price.cost.events[i].event);
        const std::int64_t count = price.cost.events[i].count * executions;
        by_operator[event] += count;
        by_place[event] += count;
    }
    context_.statistics.operations[static_cast<std::size_t>(price.opcode)] += executions;
    if (flow.segment() != isa::setup) {
        context_.statistics.multiply_accumulates += price.multiply_accumulates * executions;
        context_.statistics.crossbar_work[static_cast<std::size_t>(number())] += price.crossbar_work * executions;
    }
}

void Place::price_anew(const FlowState& flow, isa::Index position, PricedOp& usual, isa::Index weight) {
    if (usual.executions > 0) {
        settle(flow, *usual.price, usual.executions);
        usual.executions = 0;
    }
    usual.price = &context_.price_book.keep(price_of(flow.step().ops[position], weight));
    usual.weight = weight;
}

Price Place::price_of(const isa::OpInstance& op, isa::Index weight) const {
    Price price;
    price.opcode = op.opcode;
    price.async = isa::is_async(op.opcode);
    price.cost = pricing::price_operation(context_.prices, context_.program, op, core_, weight);
    price.issue_ticks = price.cost.issue_ticks;
    price.service = price.cost.stage_ticks();
    price.multiply_accumulates = multiply_accumulates(op);
    isa::for_each_crossbar(context_.program, op, [&](int) { price.crossbar_work += price.cost.sync_ticks(); });
    price.pj = hw::picojoules(price.cost, context_.event_prices);
    price.power = context_.power ? context_.power_prices.of(price.cost) : 0;
    find_routes(price);
    return price;
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

}  // namespace cim::platform

#include <algorithm>

#include "platform/core/place.h"

namespace cim::platform {

FlowState::FlowState(Place& place, const isa::ResolvedFlow& code, const isa::Flow& flow)
    : prices(code.ops.size()),
      place_(place),
      id_(code.id),
      op_(flow.op),
      segment_(flow.segment),
      engine_(flow.engine),
      statistics_(&place.context().statistics.operators[static_cast<std::size_t>(flow.op)]),
      run_(code) {
    note_operators(code);
}

void FlowState::note_operators(const isa::ResolvedFlow& code) {
    for (std::size_t i = 0; i < code.ops.size(); ++i) {
        const isa::ResolvedOp& traits = code.body->ops[i];
        prices[i].moves_only = traits.moves_only;
        if (!isa::is_async(code.ops[i].opcode)) {
            continue;
        }
        const auto field = code.body->varying.begin() + traits.first_varying;
        if (code.ops[i].opcode == isa::Opcode::ReadCore) {
            prices[i].crossbar = ReadyFlow::several_crossbars;
        } else if (std::any_of(field, field + traits.varying_count, [](const isa::FieldValue& value) { return value.field == 0; })) {
            prices[i].crossbar = ReadyFlow::unknown_crossbar;
        } else {
            prices[i].crossbar = static_cast<int>(code.ops[i][0]);
        }
    }
}

void FlowState::advance() {
    Context& context = place_.context();
    const Ticks now = context.agenda.now();
    isa::Index reached = 0;  // counters of the await that are known to be far enough
    if (waits_for >= 0) {
        reached = waits_for - step_->counter + 1;
        const Cause cause = context.counters.role(waits_for) == isa::CounterRole::Data ? Cause::Data : Cause::Space;
        statistics_->times[static_cast<std::size_t>(cause)] += now - waits_since;
        waits_for = -1;
    } else {
        step_ = &run_.next();
    }
    while (true) {
        switch (step_->kind) {
            case isa::Step::Kind::Await:
                for (isa::Index i = reached; i < step_->count; ++i) {
                    if (context.counters.value(step_->counter + i) < step_->value) {
                        waits_for = step_->counter + i;
                        waits_since = now;
                        context.counters.wait(waits_for, step_->value, *this);
                        place_.flow_changed(*this);
                        return;
                    }
                }
                reached = 0;
                break;
            case isa::Step::Kind::Signal: context.counters.signal(step_->counter, step_->value, place_.core()); break;
            case isa::Step::Kind::Ops:
                ready_at = now;
                place_.flow_ready(*this);
                return;
            case isa::Step::Kind::End:
                done = true;
                place_.flow_changed(*this);
                context.finished_one();
                return;
        }
        step_ = &run_.next();
    }
}

}  // namespace cim::platform

#include "compiler/prediction/predict.h"

#include <algorithm>
#include <optional>
#include <queue>

#include "compiler/prediction/counters.h"
#include "compiler/prediction/state.h"
#include "compiler/prediction/traffic.h"
#include "isa/semantics/accesses.h"
#include "isa/semantics/programming.h"
#include "pricing/price_operation.h"

namespace cim::compiler {

namespace {

using namespace predicted;

class Predictor {
  public:
    Predictor(const isa::Program& program, const hw::Machine& machine, std::int64_t batch, const PredictOptions& options)
        : program_(program),
          options_(options),
          prices_(machine),
          power_prices_(machine),
          code_(isa::resolve_all(program, batch, isa::Detail::Durations)),
          sync_ticks_(machine.chip.sync_latency * machine.chip_clock.ticks_per_cycle),
          crossbars_(machine.crossbars_per_core()),
          counters_(program) {
        if (options.contention) {
            traffic_.emplace(machine);
        }
        flows_.reserve(code_.size());
        for (const isa::ResolvedFlow& flow : code_) {
            flows_.emplace_back(flow);
        }
        places_.resize(static_cast<std::size_t>(machine.core_count()) + 1);
        for (Place& place : places_) {
            place.crossbar_busy.assign(static_cast<std::size_t>(machine.crossbars_per_core()), false);
            place.tile.assign(static_cast<std::size_t>(machine.crossbars_per_core()), -1);
        }
        if (program.power_limit_uw) {
            power_.emplace(pricing::budget_of(*program.power_limit_uw, power_prices_), places_.size() * isa::engine_count);
        }
        result_.operators.resize(program.operators.size());
        by_segment_ = program.flows_by_segment();
    }

    Prediction run() {
        begin(isa::setup);
        while (true) {
            // A segment ends with its last flow; signals that are still on their way arrive in the next.
            while (unfinished_ == 0 && segment_ - isa::setup + 1 < static_cast<Index>(by_segment_.size())) {
                end_segment();
            }
            dispatch_all();
            if (traffic_) {
                traffic_->arbitrate(now_);
                take_ended();
            }
            const Ticks next = std::min(due_.empty() ? Traffic::never : due_.top().at, traffic_ ? traffic_->next() : Traffic::never);
            if (next == Traffic::never || (segment_ != isa::setup && next - start_ > options_.most_ticks)) {
                break;
            }
            now_ = next;
            if (traffic_) {
                traffic_->advance(now_);
                take_ended();
            }
            while (!due_.empty() && due_.top().at == now_) {
                const Due due = due_.top();
                due_.pop();
                handle(due);
            }
            advance_all();
        }
        if (power_) {
            result_.power.most_of_one = power_->most_of_one();
            result_.power.most_at_once = power_->most_at_once();
        }
        result_.complete = unfinished_ == 0;
        (segment_ == isa::setup ? result_.setup_ticks : result_.ticks) = segment_ == isa::setup ? now_ : last_ - start_;
        return std::move(result_);
    }

  private:
    const isa::Flow& flow(Index id) const { return program_.flows[static_cast<std::size_t>(id)]; }
    FlowState& state(Index id) { return flows_[static_cast<std::size_t>(id)]; }
    Place& place_of(Index id) { return places_[place_number(flow(id).place)]; }
    Engine& engine_of(Index id) { return place_of(id).engines[static_cast<std::size_t>(flow(id).engine)]; }
    std::size_t place_number(Index place) const { return place == isa::chip ? places_.size() - 1 : static_cast<std::size_t>(place); }

    void at(Ticks when, What what, Index index, std::int64_t amount = 0) { due_.push({when, order_++, what, index, amount}); }

    void take_ended() {
        ended_.clear();
        traffic_->take_ended(ended_);
        for (const Traffic::Ended& end : ended_) {
            at(end.at, (end.tag & 1U) != 0 ? What::AsyncEnds : What::FlowGoesOn, static_cast<Index>(end.tag >> 1U));
        }
    }

    void begin(Index segment) {
        segment_ = segment;
        if (segment != isa::setup) {
            const Ticks here = now_ - start_;
            result_.segments.push_back({here, here, here, here, std::vector<Ticks>(program_.operators.size(), here)});
        }
        for (const Index id : by_segment_[static_cast<std::size_t>(segment - isa::setup)]) {
            ++unfinished_;
            state(id).step = &state(id).run.next();
            runnable_.push_back(id);
        }
        advance_all();
    }

    /// The controller lets the next one begin: at once after setup, else when all places have heard of it.
    void end_segment() {
        if (segment_ == isa::setup) {
            result_.setup_ticks = start_ = last_ = now_;
            if (power_) {
                power_->forget_most_at_once();
            }
        } else if (sync_ticks_ > 0) {
            ++unfinished_;
            at(now_ + sync_ticks_, What::SegmentBegins, segment_ + 1);
            return;
        }
        begin(segment_ + 1);
    }

    void handle(const Due& due) {
        switch (due.what) {
            case What::FlowGoesOn:  // a synchronous operator has ended
                completed(due.index, state(due.index).step->ops[0].opcode);
                power_ended(state(due.index).power);
                [[fallthrough]];
            case What::IssueEnds:
                engine_of(due.index).busy = false;
                touch(due.index);
                state(due.index).step = &state(due.index).run.next();
                runnable_.push_back(due.index);
                break;
            case What::AsyncEnds: async_ended(due.index); break;
            case What::LateSignal: counters_.add(due.index, due.amount, runnable_); break;
            case What::SegmentBegins:
                --unfinished_;
                begin(due.index);
                break;
        }
    }

    void completed(Index id, isa::Opcode opcode) {
        const Index op = flow(id).op;
        last_ = now_;
        if (segment_ != isa::setup) {
            OperatorPrediction& prediction = result_.operators[static_cast<std::size_t>(op)];
            prediction.end = std::max(prediction.end, now_ - start_);
            SegmentPrediction& segment = result_.segments.back();
            segment.end = now_ - start_;
            if (opcode == isa::Opcode::Fetch) {
                segment.fetched = segment.end;
            } else if (isa::writes_crossbar(opcode)) {
                segment.written = segment.end;
            } else if (isa::op_info(opcode).timing == isa::Timing::Async) {
                segment.crossbars[static_cast<std::size_t>(op)] = segment.end;
            }
        }
    }

    void async_ended(Index slot) {
        const AsyncOperation& operation = operations_[static_cast<std::size_t>(slot)];
        Place& place = place_of(operation.flow);
        completed(operation.flow, operation.op.opcode);
        power_ended(operation.power);
        isa::for_each_crossbar(program_, operation.op, [&](Index xb) { place.crossbar_busy[static_cast<std::size_t>(xb)] = false; });
        if (isa::writes_crossbar(operation.op.opcode)) {
            const auto& info = isa::op_info(operation.op.opcode);
            place.tile[static_cast<std::size_t>(operation.op[0])] = static_cast<Index>(operation.op[info.field("weight")]);
        }
        touch(operation.flow);
        if (operation.op.signal >= 0) {
            counters_.complete(operation.op.signal, operation.ticket,
                               [&](std::int64_t amount) { deliver(operation.op.signal, amount, flow(operation.flow).place); });
        }
        unused_.push_back(slot);
        --unfinished_;
    }

    void deliver(Index counter, std::int64_t amount, Index from) {
        if (sync_ticks_ == 0 || counters_.place(counter) == from) {
            counters_.add(counter, amount, runnable_);
        } else {
            at(now_ + sync_ticks_, What::LateSignal, counter, amount);
        }
    }

    void advance_all() {
        for (std::size_t i = 0; i < runnable_.size(); ++i) {
            advance(runnable_[i]);
        }
        runnable_.clear();
    }

    void advance(Index id) {
        FlowState& f = state(id);
        while (true) {
            const isa::Step& step = *f.step;
            if (step.kind == isa::Step::Kind::Await) {
                for (Index i = 0; i < step.count; ++i) {
                    if (counters_.value(step.counter + i) < step.value) {
                        counters_.wait(step.counter + i, step.value, id);
                        return;
                    }
                }
            } else if (step.kind == isa::Step::Kind::Signal) {
                if (counters_.may_signal(step.counter, step.value)) {
                    deliver(step.counter, step.value, flow(id).place);
                }
            } else if (step.kind == isa::Step::Kind::Ops) {
                f.ready_at = now_;
                engine_of(id).ready.add(now_, id);
                touch(id);
                return;
            } else {
                --unfinished_;
                return;
            }
            f.step = &f.run.next();
        }
    }

    void touch(Index id) {
        const std::size_t number = place_number(flow(id).place);
        if (!places_[number].touched) {
            places_[number].touched = true;
            touched_.push_back(number);
        }
    }

    void dispatch_all() {
        for (const std::size_t number : touched_) {
            places_[number].touched = false;
            for (std::size_t engine = 0; engine < isa::engine_count; ++engine) {
                dispatch(number, engine);
            }
        }
        touched_.clear();
        if (power_) {
            power_->admit([this](const pricing::PowerManager::Request& request) {
                begin(places_[request.engine / isa::engine_count], request.engine % isa::engine_count, request.flow);
            });
        }
    }

    void dispatch(std::size_t number, std::size_t which) {
        Place& place = places_[number];
        Engine& engine = place.engines[which];
        if (engine.busy) {
            return;
        }
        const Index best = engine.ready.first([&](Index id) { return place.has_crossbars_for(program_, *state(id).step); });
        if (best < 0) {
            return;
        }
        if (power_) {
            ask_for_power(place, number * isa::engine_count + which, best);
        } else {
            begin(place, which, best);
        }
    }

    void ask_for_power(Place& place, std::size_t engine, Index id) {
        pricing::Nanowatts power = 0;
        for (Index i = 0; i < state(id).step->op_count; ++i) {
            power += price(place, id, i).power;
        }
        if (power > 0) {
            power_->ask({state(id).ready_at, id, engine, power});
        } else {
            power_->withdraw(engine);
            begin(place, engine % isa::engine_count, id);
        }
    }

    void power_ended(pricing::Nanowatts power) {
        if (power_) {
            power_->ended(power);
        }
    }

    void begin(Place& place, std::size_t which, Index id) {
        Engine& engine = place.engines[which];
        engine.ready.remove(id);
        engine.busy = true;
        start(place, id);
    }

    const Priced& price(Place& place, Index id, Index i) {
        FlowState& f = state(id);
        const isa::OpInstance& op = f.step->ops[i];
        const auto number = static_cast<std::size_t>(f.step->first_op + i);
        Priced& priced = f.prices[number];
        const bool reads = op.opcode == isa::Opcode::ReadXb || op.opcode == isa::Opcode::ReadRow;
        const Index tile = reads ? place.tile[static_cast<std::size_t>(op[0])] : -1;
        if (!priced.known || priced.tile != tile) {
            priced.known = f.code->body->ops[number].moves_only;
            priced.tile = tile;
            priced.cost = pricing::price_operation(prices_, program_, op, flow(id).place, tile);
            priced.power = power_ ? power_prices_.of(priced.cost) : 0;
        }
        return priced;
    }

    void start(Place& place, Index id) {
        const isa::Step& step = *state(id).step;
        if (segment_ != isa::setup) {
            OperatorPrediction& prediction = result_.operators[static_cast<std::size_t>(flow(id).op)];
            prediction.start = prediction.start < 0 ? now_ - start_ : prediction.start;
        }
        Ticks issue = 1;
        for (Index i = 0; i < step.op_count; ++i) {
            const isa::OpInstance& op = step.ops[i];
            const Priced& priced = price(place, id, i);
            const hw::OpCost& cost = priced.cost;
            if (power_ && segment_ != isa::setup) {
                result_.power.work += static_cast<double>(priced.power) * static_cast<double>(cost.sync_ticks());
            }
            if (isa::op_info(op.opcode).timing == isa::Timing::Sync) {
                state(id).power = priced.power;
                execute(cost, What::FlowGoesOn, id, id, 0);
                return;
            }
            issue = cost.issue_ticks;
            isa::for_each_crossbar(program_, op, [&](Index xb) { place.crossbar_busy[static_cast<std::size_t>(xb)] = true; });
            execute(cost, What::AsyncEnds, issue_async(id, op, priced.power), id, op.opcode == isa::Opcode::ReadCore ? 0 : op[0]);
            ++unfinished_;
        }
        at(now_ + issue, What::IssueEnds, id);
    }

    /// `end` comes for `index` when an operation of flow `id`, on crossbar `xb` if on one, ends.
    void execute(const hw::OpCost& cost, What end, Index index, Index id, std::int64_t xb) {
        if (traffic_) {
            // Requests of a tick are served by place, engine and crossbar.
            const auto engine =
                static_cast<std::int64_t>(place_number(flow(id).place)) * isa::engine_count + static_cast<int>(flow(id).engine);
            const auto tag = (static_cast<std::uint64_t>(index) << 1U) | (end == What::AsyncEnds ? 1U : 0U);
            traffic_->begin(cost, flow(id).place, engine * (crossbars_ + 1) + xb, tag, now_);
        } else {
            at(now_ + cost.sync_ticks(), end, index);
        }
    }

    Index issue_async(Index id, const isa::OpInstance& op, pricing::Nanowatts power) {
        Index slot = static_cast<Index>(operations_.size());
        if (unused_.empty()) {
            operations_.emplace_back();
        } else {
            slot = unused_.back();
            unused_.pop_back();
        }
        operations_[static_cast<std::size_t>(slot)] = {id, op, op.signal >= 0 ? counters_.issue(op.signal, op.amount) : 0, power};
        return slot;
    }

    const isa::Program& program_;
    PredictOptions options_;
    hw::PriceList prices_;
    pricing::PowerPrices power_prices_;
    std::vector<isa::ResolvedFlow> code_;
    Ticks sync_ticks_;
    std::int64_t crossbars_;  ///< of a core
    std::optional<Traffic> traffic_;
    std::optional<pricing::PowerManager> power_;  ///< if the program limits power
    std::vector<Traffic::Ended> ended_;
    std::vector<FlowState> flows_;
    std::vector<std::vector<Index>> by_segment_;  ///< flows; setup first
    Counters counters_;
    std::vector<Place> places_;
    std::vector<AsyncOperation> operations_;
    std::vector<Index> unused_;
    std::priority_queue<Due> due_;
    std::vector<Index> runnable_;
    std::vector<std::size_t> touched_;
    std::uint64_t order_ = 0;
    std::int64_t unfinished_ = 0;
    Ticks now_ = 0;
    Ticks start_ = 0;
    Ticks last_ = 0;
    Index segment_ = isa::setup;
    Prediction result_;
};

}  // namespace

Prediction predict(const isa::Program& program, const hw::Machine& machine, std::int64_t batch, const PredictOptions& options) {
    return Predictor(program, machine, batch, options).run();
}

}  // namespace cim::compiler

#include "compiler/prediction/occupancy.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "isa/interpreter/resolved.h"
#include "isa/semantics/accesses.h"
#include "isa/semantics/programming.h"
#include "pricing/price_operation.h"

namespace cim::compiler {

namespace {

using hw::Ticks;
using isa::Index;

class Counting {
  public:
    Counting(const isa::Program& program, const hw::Machine& machine, std::int64_t batch)
        : program_(program), machine_(machine), prices_(machine), flows_(isa::resolve_all(program, batch, isa::Detail::Durations)) {}

    Occupancy run() {
        const std::vector<std::vector<Index>> by_segment = program_.flows_by_segment();
        for (std::size_t segment = 0; segment < by_segment.size(); ++segment) {
            held_.clear();
            written_.clear();
            writing_ = 0;
            counted_ = segment > 0;
            // In this order crossbars are written before they are read; what is written for the next segment stands behind.
            std::vector<const isa::ResolvedFlow*> flows;
            std::size_t own = 0;
            for (const Index id : by_segment[segment]) {
                flows.push_back(&flows_[static_cast<std::size_t>(id)]);
                own = writes(*flows.back()) ? own : flows.size();
            }
            by_writes_.clear();
            for (std::size_t i = 0; i < own; ++i) {
                writes_ = writes(*flows[i]);
                writes_ ? walk(*flows[i]) : count(*flows[i]);
            }
            if (counted_) {
                result_.working.push_back(held_longest(by_writes_));
            }
            const Ticks in_turn = writing_then_reading();
            std::for_each(flows.begin() + static_cast<std::ptrdiff_t>(own), flows.end(), [this](const auto* flow) { walk(*flow); });
            result_.busiest += counted_ ? std::max(in_turn, held_longest()) : 0;
        }
        return result_;
    }

  private:
    /// Likewise: all writing so far, and then what the crossbar that is written last has to do at least.
    Ticks writing_then_reading() const {
        std::optional<Ticks> least;
        for (const auto& [crossbar, reads] : written_) {
            least = std::min(least.value_or(INT64_MAX), reads);
        }
        return writing_ + least.value_or(0);
    }

    enum class Kind : std::uint8_t { Engine, Crossbar, L1, L0, External, From, To };
    struct Resource {
        Kind kind;
        Index place = 0;
        Index number = 0;
        bool operator<(const Resource& other) const {
            return std::tie(kind, place, number) < std::tie(other.kind, other.place, other.number);
        }
    };

    /// In the segment at hand, the busiest resource; `but`: what does not count of each.
    Ticks held_longest(const std::map<Resource, Ticks>& but = {}) const {
        Ticks most = 0;
        for (const auto& [resource, ticks] : held_) {
            const auto less = but.find(resource);
            most = std::max(most, less == but.end() ? ticks : ticks - less->second);
        }
        return most;
    }

    static bool is_write(const isa::OpInstance& op) { return isa::writes_crossbar(op.opcode); }
    static bool writes(const isa::ResolvedFlow& flow) { return std::any_of(flow.ops.begin(), flow.ops.end(), is_write); }

    /// Step by step: which weight goes where depends on the loops.
    void walk(const isa::ResolvedFlow& flow) {
        isa::FlowRun run(flow);
        for (const isa::Step* step = &run.next(); step->kind != isa::Step::Kind::End; step = &run.next()) {
            for (Index i = 0; step->kind == isa::Step::Kind::Ops && i < step->op_count; ++i) {
                const isa::OpInstance& op = step->ops[i];
                hold(flow.id, op, 1);
                if (op.opcode == isa::Opcode::WriteXb) {
                    tiles_[{place_of(flow.id), static_cast<Index>(op[isa::field::WriteXb::xb])}] =
                        static_cast<Index>(op[isa::field::WriteXb::weight]);
                }
            }
        }
    }

    /// Each operator as often as the loops around it turn. Bounds that depend on a loop's variable count with 0 for it.
    void count(const isa::ResolvedFlow& flow) {
        std::vector<std::int64_t> turns{1};
        for (const isa::Instruction& instruction : flow.body->code) {
            switch (instruction.kind) {
                case isa::Instruction::Kind::LoopBegin: {
                    const isa::Loop& loop = flow.body->loops[static_cast<std::size_t>(instruction.first)];
                    turns.push_back(turns.back() * std::max<std::int64_t>(0, flow.value(loop.end) - flow.value(loop.begin)));
                    break;
                }
                case isa::Instruction::Kind::LoopEnd: turns.pop_back(); break;
                case isa::Instruction::Kind::Ops:
                    for (Index i = 0; i < instruction.count; ++i) {
                        hold(flow.id, flow.ops[static_cast<std::size_t>(instruction.first + i)], turns.back());
                    }
                    break;
                default: break;
            }
        }
    }

    Index place_of(Index flow) const { return program_.flows[static_cast<std::size_t>(flow)].place; }

    void take(const Resource& resource, Ticks ticks) {
        held_[resource] += ticks;
        if (writes_) {
            by_writes_[resource] += ticks;
        }
    }

    void hold(Index flow, const isa::OpInstance& op, std::int64_t times) {
        result_.operations += times;
        const Index place = place_of(flow);
        const bool reads = op.opcode == isa::Opcode::ReadXb || op.opcode == isa::Opcode::ReadRow;
        const auto tile = reads ? tiles_.find({place, static_cast<Index>(op[0])}) : tiles_.end();
        const hw::OpCost cost = pricing::price_operation(prices_, program_, op, place, tile == tiles_.end() ? -1 : tile->second);
        result_.picojoules += counted_ ? static_cast<double>(times) * hw::picojoules(cost, event_pj_) : 0;
        const bool sync = isa::op_info(op.opcode).timing == isa::Timing::Sync;
        const auto engine = static_cast<Index>(program_.flows[static_cast<std::size_t>(flow)].engine);
        take({Kind::Engine, place, engine}, times * (sync ? cost.sync_ticks() : cost.issue_ticks));
        if (is_write(op)) {
            written_[{place, static_cast<Index>(op[0])}] = 0;
            writing_ += times * cost.ticks_on(hw::Resource::External);
        }
        if (!sync) {
            isa::for_each_crossbar(program_, op, [&](Index xb) {
                take({Kind::Crossbar, place, xb}, times * cost.sync_ticks());
                const auto written = written_.find({place, xb});
                if (!is_write(op) && written != written_.end()) {
                    written->second += times * cost.sync_ticks();
                }
            });
        }
        for (std::size_t i = 0; i < cost.stage_count; ++i) {
            const hw::Stage& stage = cost.stages[i];
            const Ticks ticks = times * stage.ticks;
            switch (stage.resource) {
                case hw::Resource::L1Port: take({Kind::L1, place}, ticks); break;
                case hw::Resource::RemoteL1Port: take({Kind::L1, static_cast<Index>(op[isa::field::Send::core])}, ticks); break;
                case hw::Resource::L0Port: take({Kind::L0}, ticks); break;
                case hw::Resource::External: take({Kind::External}, ticks); break;
                case hw::Resource::Noc: hold_nodes(cost, times * stage.flits); break;
                case hw::Resource::Crossbar:
                case hw::Resource::Alu: break;  // those of the crossbar and the engine
            }
        }
    }

    /// Each node hangs on the network by a link a direction, where the network has links at all.
    void hold_nodes(const hw::OpCost& cost, std::int64_t flits) {
        if (links_) {
            const Ticks ticks = flits * machine_.chip_clock.ticks_per_cycle;
            take({Kind::From, cost.src_node}, ticks);
            take({Kind::To, cost.dst_node}, ticks);
        }
    }

    const isa::Program& program_;
    const hw::Machine& machine_;
    hw::PriceList prices_;
    std::array<double, hw::event_count> event_pj_ = hw::event_prices(machine_);
    bool links_ = !prices_.noc().link_names().empty();
    std::vector<isa::ResolvedFlow> flows_;
    std::map<std::pair<Index, Index>, Index> tiles_;    ///< weight, by core and crossbar
    std::map<Resource, Ticks> held_;                    ///< in the segment at hand
    std::map<Resource, Ticks> by_writes_;               ///< of that, by what writes crossbars
    bool writes_ = false;                               ///< so does the flow at hand
    std::map<std::pair<Index, Index>, Ticks> written_;  ///< likewise: how long each crossbar written, by core, is read
    Ticks writing_ = 0;                                 ///< likewise: that external memory gives weights
    bool counted_ = false;                              ///< that segment is no setup
    Occupancy result_;
};

}  // namespace

Occupancy occupancy_of(const isa::Program& program, const hw::Machine& machine, std::int64_t batch) {
    return Counting(program, machine, batch).run();
}

}  // namespace cim::compiler

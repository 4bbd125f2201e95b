#include "compiler/scheduling/cg/joining.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/scheduling/cg/keeping.h"
#include "isa/bounds.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

std::int64_t size_of(const hw::Limit& limit) {
    return limit.ideal ? isa::max_address : limit.value;
}

/// Where everything lies if some segments are joined.
struct Addresses {
    std::vector<std::vector<std::int64_t>> l1;       ///< by segment and core: what its own addresses are counted from
    std::vector<std::int64_t> l0;                    ///< by segment, likewise
    std::vector<std::vector<std::int64_t>> holders;  ///< by map that stays, holder
    std::vector<std::int64_t> kept;                  ///< by map that stays; of one that is held nothing
};

class Joiner {
  public:
    Joiner(Schedule& schedule, const hw::Machine& machine) : schedule_(schedule), machine_(machine) {
        const QuantGraph& graph = schedule.network.graph;
        const std::vector<NodeId> producers = producers_of(graph);
        std::vector<int> given(graph.tensors.size(), -1);
        for (std::size_t s = 0; s < schedule.segments.size(); ++s) {
            for (const TensorId output : schedule.segments[s].graph.outputs) {
                given[at(schedule.segments[s].mapped[at(output)])] = static_cast<int>(s);
            }
        }
        for (const Segment& segment : schedule.segments) {
            int last = -1;
            for (const TensorId input : segment.graph.inputs) {
                const TensorId id = segment.mapped[at(input)];
                if (!is_held(id)) {
                    for (const ViewPart& part : view_of(graph, producers, id)) {
                        last = std::max(last, given[at(part.tensor)]);
                    }
                }
            }
            waits_for_.push_back(last);
        }
    }

    bool run() {
        std::optional<Addresses> best;
        int first = 0;
        for (std::size_t s = 1; s < schedule_.segments.size(); ++s) {
            Segment& segment = schedule_.segments[s];
            segment.joined = waits_for_[s] < first;
            if (segment.joined) {
                if (std::optional<Addresses> found = addresses()) {
                    best = std::move(found);
                } else {
                    segment.joined = false;
                }
            }
            first = segment.joined ? first : static_cast<int>(s);
        }
        if (best) {
            apply(*best);
        }
        return best.has_value();
    }

  private:
    bool is_held(TensorId id) const {
        return std::any_of(schedule_.kept.begin(), schedule_.kept.end(),
                           [&](const Kept& map) { return map.tensor == id && !map.holders.empty(); });
    }

    /// Nothing if a memory is too small.
    std::optional<Addresses> addresses() const {
        const std::vector<int> group = program_segments(schedule_);
        const auto cores = at(machine_.core_count());
        std::vector<std::vector<std::int64_t>> l1(at(group.back() + 1), std::vector<std::int64_t>(cores, 0));
        std::vector<std::int64_t> l0(l1.size(), 0);
        Addresses found;
        for (std::size_t s = 0; s < group.size(); ++s) {
            const MemoryPlan& memory = schedule_.segments[s].memory;
            std::vector<std::int64_t>& used = l1[at(group[s])];
            found.l1.push_back(used);
            found.l0.push_back(l0[at(group[s])]);
            for (std::size_t core = 0; core < cores; ++core) {
                used[core] += align4(memory.l1_used[core]);
                if (used[core] > size_of(machine_.core.l1.size)) {
                    return std::nullopt;
                }
            }
            l0[at(group[s])] += align4(memory.l0_used);
        }
        std::vector<Lifetime> lives;
        std::int64_t images = 1;
        for (const Kept& map : schedule_.kept) {
            const int first = group[at(map.first)];
            const int last = group[at(map.last)];
            found.holders.emplace_back();
            for (const Holder& holder : map.holders) {
                std::int64_t address = 0;
                for (int g = first; g <= last; ++g) {
                    address = std::max(address, l1[at(g)][at(holder.rows.core)]);
                }
                const std::int64_t end = address + align4(static_cast<std::int64_t>(holder.rows.slots) * holder.rows.pitch);
                if (end > size_of(machine_.core.l1.size)) {
                    return std::nullopt;
                }
                for (int g = first; g <= last; ++g) {
                    l1[at(g)][at(holder.rows.core)] = end;
                }
                found.holders.back().push_back(address);
            }
            if (map.holders.empty()) {
                images = map.images;
                lives.push_back({map.bytes / map.images, first, last, 1});
            }
        }
        if (*std::max_element(l0.begin(), l0.end()) > size_of(machine_.chip.l0.size)) {
            return std::nullopt;
        }
        const std::vector<std::int64_t> in_l0 = addresses_of(lives, l0, size_of(machine_.chip.l0.size), images);
        if (std::count(in_l0.begin(), in_l0.end(), -1) > 0) {
            return std::nullopt;
        }
        auto next = in_l0.begin();
        for (const Kept& map : schedule_.kept) {
            found.kept.push_back(map.holders.empty() ? *next++ : 0);
        }
        return found;
    }

    void apply(const Addresses& addresses) {
        std::map<TensorId, std::size_t> kept;
        for (std::size_t k = 0; k < schedule_.kept.size(); ++k) {
            Kept& map = schedule_.kept[k];
            map.offset = addresses.kept[k];
            for (std::size_t h = 0; h < map.holders.size(); ++h) {
                map.holders[h].rows.offset = addresses.holders[k][h];
            }
            kept[map.tensor] = k;
            for (const ViewPart& part : map.parts) {
                kept[part.tensor] = k;
            }
        }
        for (std::size_t s = 0; s < schedule_.segments.size(); ++s) {
            Segment& segment = schedule_.segments[s];
            if (segment.joined) {
                segment.early = {};
            }
            const auto shift = [&](int place, std::int64_t& offset) {
                offset += place == isa::chip ? addresses.l0[s] : addresses.l1[s][at(place)];
            };
            MemoryPlan& memory = segment.memory;
            std::vector<TensorId> tensors(memory.landings.size(), -1);  // of landings of inputs and outputs
            for (std::size_t l = 0; l < tensors.size(); ++l) {
                const Landing& landing = memory.landings[l];
                tensors[l] = landing.node < 0 ? -1 : segment.graph.nodes[at(landing.node)].inputs[at(landing.input)];
            }
            const auto note = [&](const std::vector<int>& landings, const std::vector<TensorId>& ids) {
                for (std::size_t i = 0; i < ids.size(); ++i) {
                    if (landings[i] >= 0) {
                        tensors[at(landings[i])] = ids[i];
                    }
                }
            };
            note(memory.input_landings, segment.graph.inputs);
            note(memory.output_landings, segment.graph.outputs);
            for (std::size_t l = 0; l < tensors.size(); ++l) {
                Landing& landing = memory.landings[l];
                if (landing.kept) {
                    landing.offset = schedule_.kept[kept.at(segment.mapped[at(tensors[l])])].offset;
                } else {
                    shift(landing.place, landing.offset);
                }
            }
            for (NodeMemory& node : memory.nodes) {
                for (std::vector<Stage>& stages : node.stages) {
                    std::for_each(stages.begin(), stages.end(), [&](Stage& stage) { shift(stage.core, stage.offset); });
                }
                std::for_each(node.groups.begin(), node.groups.end(), [&](Group& group) { shift(group.core, group.offset); });
                std::for_each(node.outboxes.begin(), node.outboxes.end(), [&](Outbox& outbox) { shift(outbox.core, outbox.offset); });
            }
            for (std::size_t i = 0; i < memory.relays.size(); ++i) {
                const bool held = memory.held(static_cast<int>(i));
                for (std::size_t r = 0; r < memory.relays[i].size(); ++r) {
                    Outbox& relay = memory.relays[i][r];
                    if (held) {
                        relay = schedule_.kept[kept.at(segment.mapped[at(segment.graph.inputs[i])])].holders[r].rows;
                    } else {
                        shift(relay.core, relay.offset);
                    }
                }
            }
            for (std::size_t core = 0; core < memory.l1_used.size(); ++core) {
                memory.l1_used[core] += addresses.l1[s][core];
            }
            memory.l0_used += addresses.l0[s];
        }
    }

    Schedule& schedule_;
    const hw::Machine& machine_;
    std::vector<int> waits_for_;  ///< by segment, the last one whose end it must wait for
};

}  // namespace

bool join_segments(Schedule& schedule, const hw::Machine& machine) {
    return Joiner(schedule, machine).run();
}

bool is_joined(const Schedule& schedule) {
    return std::any_of(schedule.segments.begin(), schedule.segments.end(), [](const Segment& segment) { return segment.joined; });
}

std::vector<int> program_segments(const Schedule& schedule) {
    std::vector<int> numbers;
    for (const Segment& segment : schedule.segments) {
        const int before = numbers.empty() ? -1 : numbers.back();
        numbers.push_back(segment.joined ? before : before + 1);
    }
    return numbers;
}

}  // namespace cim::compiler

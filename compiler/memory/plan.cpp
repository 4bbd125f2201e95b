// Fits a layout into the memories: first everything at its comfortable size, then smaller where a memory overflows; then addresses.
#include "compiler/memory/plan.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/memory/layout.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

/// Calls f(place, bytes, offset) for everything that takes room.
template <typename F>
void for_each_room(MemoryPlan& plan, F f) {
    for (Landing& landing : plan.landings) {
        f(landing.place, align4(landing.bytes()), landing.offset);
    }
    for (NodeMemory& memory : plan.nodes) {
        for (std::vector<Stage>& stages : memory.stages) {
            for (Stage& stage : stages) {
                f(stage.core, stage.slots * align4(stage.bytes), stage.offset);
            }
        }
        for (Group& group : memory.groups) {
            f(group.core, align4(group.slots * group.slot_bytes()), group.offset);
        }
        for (Outbox& outbox : memory.outboxes) {
            f(outbox.core, align4(static_cast<std::int64_t>(outbox.slots) * outbox.pitch), outbox.offset);
        }
    }
    for (std::vector<Outbox>& relays : plan.relays) {
        for (Outbox& relay : relays) {
            f(relay.core, align4(static_cast<std::int64_t>(relay.slots) * relay.pitch), relay.offset);
        }
    }
}

class Fitting {
  public:
    Fitting(const QuantGraph& graph, const hw::Machine& machine, const std::vector<NodePlacement>& placement,
            const std::vector<std::vector<Part>>& relays, bool serial)
        : graph_(graph), machine_(machine), prices_(machine), placement_(placement), relays_(relays) {
        choices_.room.assign(graph.nodes.size(), serial ? Room::Comfortable : Room::Ample);
        choices_.serial = serial;
    }

    MemoryPlan run() {
        do {
            build();
        } while (shrink_l1());
        const hw::Limit& l0 = machine_.chip.l0.size;
        if (!l0.ideal && plan_.l0_used > l0.value) {
            choices_.l0_tight = true;
            build();
            if (plan_.l0_used > l0.value) {
                throw DoesNotFit(fmt::format("machine '{}': {} needs {} bytes of L0, it has {}", machine_.name, names(all_nodes()),
                                             plan_.l0_used, l0.value),
                                 "L0", plan_.l0_used);
            }
        }
        return std::move(plan_);
    }

  private:
    void build() {
        plan_ = Layout(graph_, machine_, prices_, placement_, relays_, choices_).build();
        plan_.l1_used.assign(at(machine_.core_count()), 0);
        for_each_room(plan_, [&](int place, std::int64_t bytes, std::int64_t& offset) {
            std::int64_t& used = place == isa::chip ? plan_.l0_used : plan_.l1_used[at(place)];
            offset = used;
            used += bytes;
        });
    }

    std::vector<int> all_nodes() const {
        std::vector<int> nodes(graph_.nodes.size());
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            nodes[i] = static_cast<int>(i);
        }
        return nodes;
    }

    std::string names(const std::vector<int>& nodes) const {
        std::string text;
        for (const int node : nodes) {
            text += (text.empty() ? "'" : ", '") + graph_.nodes[at(node)].name + "'";
        }
        return text;
    }

    /// Nodes with anything on `core`, the one with the largest landing there first.
    std::vector<int> nodes_on(int core) const {
        std::map<int, std::int64_t> bytes;
        for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
            for (const Group& group : plan_.nodes[i].groups) {
                if (group.core == core) {
                    bytes[static_cast<int>(i)] += 0;
                }
            }
            for (const Outbox& outbox : plan_.nodes[i].outboxes) {
                if (outbox.core == core) {
                    bytes[static_cast<int>(i)] += 0;
                }
            }
        }
        for (const Landing& landing : plan_.landings) {
            if (landing.node >= 0 && landing.place == core) {
                bytes[landing.node] += landing.bytes();
            }
        }
        std::vector<int> nodes;
        for (const auto& entry : bytes) {
            nodes.push_back(entry.first);
        }
        std::stable_sort(nodes.begin(), nodes.end(), [&](int a, int b) { return bytes[a] > bytes[b]; });
        return nodes;
    }

    /// A map that lies whole gets no smaller: if it alone is more than L1 holds, nothing else need shrink for it.
    bool whole_map_to_l0(int core) {
        return std::any_of(plan_.landings.begin(), plan_.landings.end(), [&](const Landing& landing) {
            return landing.place == core && landing.bytes() > machine_.core.l1.size.value &&
                   choices_.in_l0.insert({landing.node, landing.input}).second;
        });
    }

    /// Makes one thing smaller on the first core that overflows; false if none does. Throws if nothing is left to shrink.
    bool shrink_l1() {
        if (machine_.core.l1.size.ideal) {
            return false;
        }
        for (int core = 0; core < machine_.core_count(); ++core) {
            if (plan_.l1_used[at(core)] <= machine_.core.l1.size.value) {
                continue;
            }
            if (plan_.serial && whole_map_to_l0(core)) {
                return true;
            }
            for (std::size_t input = 0; input < relays_.size(); ++input) {
                const std::vector<Part>& relays = relays_[input];
                const bool here = std::any_of(relays.begin(), relays.end(), [&](const Part& relay) { return relay.core == core; });
                if (here && choices_.no_relays.insert(static_cast<int>(input)).second) {
                    return true;
                }
            }
            const std::vector<int> nodes = nodes_on(core);
            for (const Room less : {Room::Comfortable, Room::Tight}) {
                for (const int node : nodes) {
                    if (choices_.room[at(node)] < less) {
                        choices_.room[at(node)] = less;
                        return true;
                    }
                }
            }
            for (const int node : nodes) {
                for (std::size_t input = 0; input < graph_.nodes[at(node)].inputs.size(); ++input) {
                    if (choices_.in_l0.insert({node, static_cast<int>(input)}).second) {
                        return true;
                    }
                }
            }
            const std::int64_t needed = plan_.l1_used[at(core)];
            throw DoesNotFit(fmt::format("machine '{}': core {} needs {} bytes of L1 for {}, it has {}", machine_.name, core, needed,
                                         names(nodes), machine_.core.l1.size.value),
                             "L1", needed);
        }
        return false;
    }

    const QuantGraph& graph_;
    const hw::Machine& machine_;
    const hw::PriceList prices_;
    const std::vector<NodePlacement>& placement_;
    const std::vector<std::vector<Part>>& relays_;
    MemoryPlan plan_;
    LayoutChoices choices_;
};

}  // namespace

MemoryPlan plan_memory(const QuantGraph& graph, const hw::Machine& machine, const std::vector<NodePlacement>& placement,
                       const std::vector<std::vector<Part>>& relays, bool serial) {
    return Fitting(graph, machine, placement, relays, serial).run();
}

void renumber_cores(MemoryPlan& plan, const std::vector<int>& cores, int count) {
    const auto renumber = [&](int& core) { core = core < 0 ? core : cores[at(core)]; };
    for (Landing& landing : plan.landings) {
        renumber(landing.place);
        std::for_each(landing.readers.begin(), landing.readers.end(), renumber);
    }
    for (NodeMemory& memory : plan.nodes) {
        for (std::vector<Stage>& stages : memory.stages) {
            std::for_each(stages.begin(), stages.end(), [&](Stage& stage) { renumber(stage.core); });
        }
        for (Group& group : memory.groups) {
            renumber(group.core);
            renumber(group.before);
        }
        std::for_each(memory.outboxes.begin(), memory.outboxes.end(), [&](Outbox& outbox) { renumber(outbox.core); });
    }
    for (std::vector<Outbox>& relays : plan.relays) {
        std::for_each(relays.begin(), relays.end(), [&](Outbox& relay) { renumber(relay.core); });
    }
    std::vector<std::int64_t> used(at(count), 0);
    for (std::size_t core = 0; core < cores.size(); ++core) {
        used[at(cores[core])] = plan.l1_used[core];
    }
    plan.l1_used = std::move(used);
}

}  // namespace cim::compiler

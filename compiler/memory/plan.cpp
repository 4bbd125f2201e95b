// Fits a layout into the memories: first everything at its comfortable size, then smaller where a memory overflows; then addresses.
#include "compiler/memory/plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/memory/layout.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

template <typename F>
void for_room(Outbox& outbox, F f) {
    f(outbox.core, align4(static_cast<std::int64_t>(outbox.slots) * outbox.pitch), outbox.offset);
}

/// Calls f(place, bytes, offset) for all that takes room beside landings.
template <typename F>
void for_each_room(NodeMemory& memory, F f) {
    for (std::vector<Stage>& stages : memory.stages) {
        for (Stage& stage : stages) {
            f(stage.core, stage.slots * align4(stage.bytes), stage.offset);
        }
    }
    for (Group& group : memory.groups) {
        f(group.core, align4(group.slots * group.slot_bytes()), group.offset);
    }
    for (Outbox& outbox : memory.outboxes) {
        for_room(outbox, f);
    }
}

/// Likewise for everything.
template <typename F>
void for_each_room(MemoryPlan& plan, F f) {
    for (Landing& landing : plan.landings) {
        f(landing.place, align4(landing.bytes()), landing.offset);
    }
    for (NodeMemory& memory : plan.nodes) {
        for_each_room(memory, f);
    }
    for (std::vector<Outbox>& relays : plan.relays) {
        for (Outbox& relay : relays) {
            for_room(relay, f);
        }
    }
}

/// Something of a node in the L1 of a core.
struct Use {
    int core = 0;
    std::int64_t bytes = 0;
    std::int64_t in_landings = 0;
};

class Fitting {
  public:
    Fitting(const QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices, const std::vector<NodePlacement>& placement,
            const std::vector<std::vector<Part>>& relays, bool serial, bool early)
        : graph_(graph),
          machine_(machine),
          relays_(relays),
          most_room_(graph.nodes.size(), serial ? Room::Comfortable : Room::Ample),
          choices_{most_room_, {}, false, {}, serial, early},
          layout_(graph, machine, prices, placement, relays, choices_) {}

    MemoryPlan run() {
        lay_out_all();
        while (shrink_l1()) {
        }
        MemoryPlan plan = addressed();
        const hw::Limit& l0 = machine_.chip.l0.size;
        if (!l0.ideal && plan.l0_used > l0.value) {
            choices_.l0_tight = true;
            lay_out_all();
            while (shrink_l1()) {
            }
            plan = addressed();
            if (plan.l0_used > l0.value) {
                throw DoesNotFit(fmt::format("machine '{}': {} needs {} bytes of L0, it has {}", machine_.name, names(all_nodes()),
                                             plan.l0_used, l0.value),
                                 "L0", plan.l0_used);
            }
        }
        return plan;
    }

  private:
    void lay_out_all() {
        nodes_.assign(graph_.nodes.size(), {});
        uses_.assign(graph_.nodes.size(), {});
        used_.assign(at(machine_.core_count()), 0);
        for (std::size_t input = 0; input < relays_.size(); ++input) {
            count_relays(static_cast<int>(input), 1);
        }
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            lay_out(static_cast<int>(node));
        }
    }

    /// Lays a node out as chosen now.
    void lay_out(int node) {
        std::vector<Use>& uses = uses_[at(node)];
        for (const Use& use : uses) {
            used_[at(use.core)] -= use.bytes;
        }
        uses.clear();
        nodes_[at(node)] = layout_.node_layout(node, std::move(nodes_[at(node)]));
        for (const std::vector<Landing>& landings : nodes_[at(node)].landings) {
            for (const Landing& landing : landings) {
                if (landing.place != isa::chip) {
                    uses.push_back({landing.place, align4(landing.bytes()), landing.bytes()});
                }
            }
        }
        for_each_room(nodes_[at(node)].memory, [&](int core, std::int64_t bytes, std::int64_t) {
            if (core != isa::chip) {
                uses.push_back({core, bytes, 0});
            }
        });
        for (const Use& use : uses) {
            used_[at(use.core)] += use.bytes;
        }
    }

    void count_relays(int input, int sign) {
        for (Outbox& relay : layout_.relays_of(input)) {
            for_room(relay, [&](int core, std::int64_t bytes, std::int64_t) { used_[at(core)] += sign * bytes; });
        }
    }

    MemoryPlan addressed() {
        MemoryPlan plan = layout_.assemble(nodes_);
        plan.l1_used.assign(at(machine_.core_count()), 0);
        for_each_room(plan, [&](int place, std::int64_t bytes, std::int64_t& offset) {
            std::int64_t& used = place == isa::chip ? plan.l0_used : plan.l1_used[at(place)];
            offset = used;
            used += bytes;
        });
        return plan;
    }

    std::vector<int> all_nodes() const {
        std::vector<int> nodes(graph_.nodes.size());
        std::iota(nodes.begin(), nodes.end(), 0);
        return nodes;
    }

    std::string names(const std::vector<int>& nodes) const {
        std::string text;
        for (const int node : nodes) {
            text += (text.empty() ? "'" : ", '") + graph_.nodes[at(node)].name + "'";
        }
        return text;
    }

    /// Nodes with anything on `core`, the one with the largest landings there first.
    std::vector<int> nodes_on(int core) const {
        std::vector<std::pair<std::int64_t, int>> found;
        for (std::size_t node = 0; node < uses_.size(); ++node) {
            std::int64_t in_landings = 0;
            bool here = false;
            for (const Use& use : uses_[node]) {
                here = here || use.core == core;
                in_landings += use.core == core ? use.in_landings : 0;
            }
            if (here) {
                found.emplace_back(-in_landings, static_cast<int>(node));
            }
        }
        std::sort(found.begin(), found.end());
        std::vector<int> nodes;
        for (const auto& entry : found) {
            nodes.push_back(entry.second);
        }
        return nodes;
    }

    /// What is left in L1 may have room for more again.
    bool to_l0(int node, int input) {
        if (!choices_.in_l0.insert({node, input}).second) {
            return false;
        }
        choices_.room[at(node)] = most_room_[at(node)];
        lay_out(node);
        return true;
    }

    /// A map that lies whole gets no smaller: if it alone is more than L1 holds, nothing else need shrink for it.
    bool whole_map_to_l0(int core) {
        const auto too_large = [&](const Landing& landing) {
            return landing.place == core && landing.bytes() > machine_.core.l1.size.value;
        };
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            for (std::size_t input = 0; input < nodes_[node].landings.size(); ++input) {
                const std::vector<Landing>& landings = nodes_[node].landings[input];
                if (std::any_of(landings.begin(), landings.end(), too_large) && to_l0(static_cast<int>(node), static_cast<int>(input))) {
                    return true;
                }
            }
        }
        return false;
    }

    bool drop_relays(int core) {
        for (std::size_t i = 0; i < relays_.size(); ++i) {
            const auto input = static_cast<int>(i);
            const bool here = std::any_of(relays_[i].begin(), relays_[i].end(), [&](const Part& relay) { return relay.core == core; });
            if (here && choices_.no_relays.count(input) == 0) {
                count_relays(input, -1);
                choices_.no_relays.insert(input);
                return true;
            }
        }
        return false;
    }

    /// Makes one thing smaller on the first core that overflows; false if none does. Throws if nothing is left to shrink.
    bool shrink_l1() {
        if (machine_.core.l1.size.ideal) {
            return false;
        }
        for (int core = 0; core < machine_.core_count(); ++core) {
            if (used_[at(core)] > machine_.core.l1.size.value) {
                if (!shrink(core)) {
                    const std::int64_t needed = used_[at(core)];
                    throw DoesNotFit(fmt::format("machine '{}': core {} needs {} bytes of L1 for {}, it has {}", machine_.name, core,
                                                 needed, names(nodes_on(core)), machine_.core.l1.size.value),
                                     "L1", needed);
                }
                return true;
            }
        }
        return false;
    }

    bool shrink(int core) {
        if ((choices_.serial && whole_map_to_l0(core)) || drop_relays(core)) {
            return true;
        }
        const std::vector<int> nodes = nodes_on(core);
        for (const Room less : {Room::Comfortable, Room::Tight}) {
            for (const int node : nodes) {
                if (choices_.room[at(node)] < less) {
                    choices_.room[at(node)] = less;
                    lay_out(node);
                    return true;
                }
            }
        }
        for (const int node : nodes) {
            for (std::size_t input = 0; input < graph_.nodes[at(node)].inputs.size(); ++input) {
                if (to_l0(node, static_cast<int>(input))) {
                    return true;
                }
            }
        }
        return false;
    }

    const QuantGraph& graph_;
    const hw::Machine& machine_;
    const std::vector<std::vector<Part>>& relays_;
    std::vector<Room> most_room_;  ///< by node
    LayoutChoices choices_;
    Layout layout_;
    std::vector<NodeLayout> nodes_;
    std::vector<std::vector<Use>> uses_;  ///< by node
    std::vector<std::int64_t> used_;      ///< L1 bytes by core
};

}  // namespace

void MemoryPlan::drop(int& landing) {
    if (landing < 0) {
        return;
    }
    const int dropped = landing;
    landings.erase(landings.begin() + dropped);
    for (std::vector<int>* list : {&input_landings, &output_landings}) {
        for (int& other : *list) {
            other -= other > dropped ? 1 : 0;
        }
    }
    landing = -1;
}

MemoryPlan plan_memory(const QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices,
                       const std::vector<NodePlacement>& placement, const std::vector<std::vector<Part>>& relays, bool serial, bool early) {
    return Fitting(graph, machine, prices, placement, relays, serial, early).run();
}

void renumber_cores(MemoryPlan& plan, const std::vector<int>& cores, int count) {
    const auto renumber = [&](int& core) { core = core < 0 ? core : cores[at(core)]; };
    for (Landing& landing : plan.landings) {
        renumber(landing.place);
        renumber(landing.from);
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
    for (std::size_t input = 0; input < plan.relays.size(); ++input) {
        std::vector<Outbox>& relays = plan.relays[input];
        if (!plan.held(static_cast<int>(input))) {  // else by the cores of another segment
            std::for_each(relays.begin(), relays.end(), [&](Outbox& relay) { renumber(relay.core); });
        }
    }
    std::vector<std::int64_t> used(at(count), 0);
    for (std::size_t core = 0; core < cores.size(); ++core) {
        used[at(cores[core])] = plan.l1_used[core];
    }
    plan.l1_used = std::move(used);
}

}  // namespace cim::compiler

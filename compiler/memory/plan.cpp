#include "compiler/memory/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "compiler/error.h"
#include "compiler/memory/join_skew.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

constexpr int comfortable_slots = 2;

std::int64_t align4(std::int64_t bytes) {
    return (bytes + 3) / 4 * 4;
}

/// Builds the plan: first everything at its comfortable size, then smaller where a memory overflows, then addresses.
class Planner {
  public:
    Planner(const QuantGraph& graph, const hw::Machine& machine, const std::vector<NodePlacement>& placement)
        : graph_(graph), machine_(machine), placement_(placement), skew_(graph) {}

    MemoryPlan run() {
        in_l0_.assign(graph_.nodes.size(), {});
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
            in_l0_[i].assign(graph_.nodes[i].inputs.size(), graph_.nodes[i].kind == NodeKind::Softmax);
        }
        while (true) {
            build();
            if (!shrink_l1()) {
                break;
            }
        }
        shrink_l0();
        assign_addresses();
        return std::move(plan_);
    }

  private:
    const QuantTensor& tensor(TensorId id) const { return graph_.tensors[static_cast<std::size_t>(id)]; }
    static std::size_t at(int i) { return static_cast<std::size_t>(i); }

    void build() {
        plan_ = {};
        plan_.nodes.resize(graph_.nodes.size());
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
            const QuantNode& node = graph_.nodes[i];
            NodeMemory& memory = plan_.nodes[i];
            memory.landings.resize(node.inputs.size());
            for (std::size_t input = 0; input < node.inputs.size(); ++input) {
                make_landings(static_cast<int>(i), static_cast<int>(input));
            }
            make_groups(static_cast<int>(i));
            memory.outboxes.assign(placement_[i].parts.size(), Outbox{slots(static_cast<int>(i)), 0});
        }
        for (const TensorId id : graph_.inputs) {
            plan_.input_landings.push_back(make_input_landing(id));
        }
        for (const TensorId id : graph_.outputs) {
            plan_.output_landings.push_back(make_row_landing(network_output, tensor(id).shape, {isa::chip}));
        }
    }

    int slots(int node) const { return tight_.count(node) != 0 ? 1 : comfortable_slots; }

    /// A landing in L0 that is walked row by row.
    int make_row_landing(int node, const Shape3& shape, std::vector<int> readers) {
        Landing landing;
        landing.node = node;
        landing.place = isa::chip;
        landing.reading.h = landing.reading.oh = shape.h;
        landing.reading.w = landing.reading.ow = shape.w;
        landing.reading.c = landing.c1 = shape.c;
        landing.rows = l0_tight_ ? 1 : 2 * std::min(2, shape.h);
        landing.readers = std::move(readers);
        plan_.landings.push_back(landing);
        return static_cast<int>(plan_.landings.size()) - 1;
    }

    /// L0 rows of a network input for those readers that take it into their L1; -1 if there is none.
    int make_input_landing(TensorId id) {
        std::vector<int> readers;
        for (const Landing& landing : plan_.landings) {
            if (landing.node >= 0 && landing.place != isa::chip && graph_.nodes[at(landing.node)].inputs[at(landing.input)] == id) {
                readers.push_back(landing.place);
            }
        }
        for (const TensorId output : graph_.outputs) {
            if (output == id) {
                throw InputError(
                    fmt::format("network '{}': output '{}' is an input; there is nothing to compute", graph_.name, tensor(id).name));
            }
        }
        return readers.empty() ? -1 : make_row_landing(network_input, tensor(id).shape, readers);
    }

    /// Who reads the inputs of a node: each core of a Conv, else each part's core.
    std::vector<int> readers(int node) const {
        std::set<int> cores;
        for (const Tile& tile : placement_[at(node)].tiles) {
            cores.insert(tile.core);
        }
        std::vector<int> result(cores.begin(), cores.end());
        if (result.empty()) {
            for (const Part& part : placement_[at(node)].parts) {
                result.push_back(part.core);
            }
        }
        return result;
    }

    /// Range of the window that a core's tiles of a Conv take.
    std::pair<int, int> window_range(int node, int core) const {
        int from = graph_.nodes[at(node)].rows;
        int to = 0;
        for (const Tile& tile : placement_[at(node)].tiles) {
            if (tile.core == core) {
                from = std::min(from, tile.row);
                to = std::max(to, tile.row + tile.rows);
            }
        }
        return {from, to};
    }

    void make_landings(int node, int input) {
        const QuantNode& n = graph_.nodes[at(node)];
        Landing base;
        base.node = node;
        base.input = input;
        base.reading = reading_of(graph_, n);
        base.c1 = base.reading.c;
        std::vector<int>& indices = plan_.nodes[at(node)].landings[at(input)];
        if (in_l0_[at(node)][at(input)]) {
            base.place = isa::chip;
            base.readers = n.kind == NodeKind::Softmax ? std::vector<int>{isa::chip} : readers(node);
            base.rows = l0_rows(base.reading);
            indices.push_back(add(base));
            make_stages(node, base.readers);
            return;
        }
        if (n.kind != NodeKind::Conv) {
            for (const Part& part : placement_[at(node)].parts) {
                Landing landing = base;
                landing.place = part.core;
                landing.c0 = part.c0;
                landing.c1 = part.c1;
                landing.rows = n.kind == NodeKind::Add ? skew_.ring_rows(n, input) : ring_rows(node, landing.reading);
                landing.readers = {part.core};
                indices.push_back(add(landing));
            }
            return;
        }
        for (const int core : readers(node)) {
            Landing landing = base;
            landing.place = core;
            landing.readers = {core};
            const auto [from, to] = window_range(node, core);
            const int channels = base.reading.c;
            if (base.reading.whole()) {
                landing.flat = true;
                landing.px0 = from / channels;
                landing.px1 = (to + channels - 1) / channels;
                if (landing.px1 - landing.px0 == 1) {
                    landing.c0 = from - landing.px0 * channels;
                    landing.c1 = to - landing.px0 * channels;
                }
                if (is_network_input(n.inputs[at(input)])) {
                    // Rows come whole from L0.
                    landing.px0 = landing.px0 / base.reading.w * base.reading.w;
                    landing.px1 = (landing.px1 + base.reading.w - 1) / base.reading.w * base.reading.w;
                    if (landing.px1 - landing.px0 > 1) {
                        landing.c0 = 0;
                        landing.c1 = channels;
                    }
                }
                landing.rows = slots(node);
            } else {
                if (base.reading.taps_h == 1 && base.reading.taps_w == 1) {
                    landing.c0 = from;
                    landing.c1 = to;
                }
                landing.rows = ring_rows(node, landing.reading);
            }
            indices.push_back(add(landing));
        }
    }

    bool is_network_input(TensorId id) const { return std::find(graph_.inputs.begin(), graph_.inputs.end(), id) != graph_.inputs.end(); }

    int ring_rows(int node, const Reading& reading) const {
        return tight_.count(node) != 0 ? reading.kernel_h : reading.kernel_h + reading.stride_h;
    }
    int l0_rows(const Reading& reading) const { return l0_tight_ ? reading.kernel_h : reading.kernel_h + reading.stride_h; }

    void make_stages(int node, const std::vector<int>& cores) {
        const QuantNode& n = graph_.nodes[at(node)];
        NodeMemory& memory = plan_.nodes[at(node)];
        memory.staged = n.kind != NodeKind::Softmax;
        if (!memory.staged) {
            return;
        }
        const Reading reading = reading_of(graph_, n);
        for (std::size_t r = 0; r < cores.size(); ++r) {
            Stage stage;
            stage.slots = slots(node);
            if (n.kind == NodeKind::Conv) {
                const auto [from, to] = window_range(node, cores[r]);
                stage.from = from;
                stage.bytes = to - from;
            } else {
                const Part& part = placement_[at(node)].parts[r];
                stage.bytes = reading.taps_h * reading.taps_w * (part.c1 - part.c0);
            }
            memory.stages.push_back(stage);
        }
    }

    int add(const Landing& landing) {
        plan_.landings.push_back(landing);
        return static_cast<int>(plan_.landings.size()) - 1;
    }

    void make_groups(int node) {
        const NodePlacement& here = placement_[at(node)];
        std::map<std::pair<int, int>, Group> groups;  // by core, column
        for (std::size_t t = 0; t < here.tiles.size(); ++t) {
            const Tile& tile = here.tiles[t];
            Group& group = groups[{tile.core, tile.col}];
            group.core = tile.core;
            group.col = tile.col;
            group.cols = tile.cols;
            group.slots = slots(node);
            group.tiles.push_back(static_cast<int>(t));
        }
        std::map<int, int> last;  // core by column
        for (auto& [key, group] : groups) {
            const auto before = last.find(group.col);
            group.before = before == last.end() ? -1 : before->second;
            last[group.col] = group.core;
        }
        for (auto& entry : groups) {
            entry.second.home = last[entry.second.col] == entry.second.core;
        }
        for (auto& entry : groups) {
            plan_.nodes[at(node)].groups.push_back(std::move(entry.second));
        }
    }

    // ---- fitting ------------------------------------------------------------------------------------------------------------

    std::vector<std::int64_t> l1_use(std::int64_t& l0) const {
        std::vector<std::int64_t> use(at(machine_.core_count()), 0);
        l0 = 0;
        const auto take = [&](int place, std::int64_t bytes) { (place == isa::chip ? l0 : use[at(place)]) += align4(bytes); };
        for (const Landing& landing : plan_.landings) {
            take(landing.place, landing.bytes());
        }
        for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
            const NodeMemory& memory = plan_.nodes[i];
            if (memory.staged) {
                const std::vector<int>& cores = plan_.landings[at(memory.landings[0][0])].readers;
                for (std::size_t s = 0; s < memory.stages.size(); ++s) {
                    take(cores[s], static_cast<std::int64_t>(memory.stages[s].slots) * align4(memory.stages[s].bytes));
                }
            }
            for (const Group& group : memory.groups) {
                take(group.core, group.slots * group.slot_bytes());
            }
            for (std::size_t p = 0; p < memory.outboxes.size(); ++p) {
                const Part& part = placement_[i].parts[p];
                take(part.core, static_cast<std::int64_t>(memory.outboxes[p].slots) * align4(part.c1 - part.c0));
            }
        }
        return use;
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

    /// Makes one thing smaller on the first core that overflows; false if none does. Throws if nothing is left to shrink.
    bool shrink_l1() {
        std::int64_t l0 = 0;
        const std::vector<std::int64_t> use = l1_use(l0);
        if (machine_.core.l1.size.ideal) {
            return false;
        }
        for (int core = 0; core < machine_.core_count(); ++core) {
            if (use[at(core)] <= machine_.core.l1.size.value) {
                continue;
            }
            const std::vector<int> nodes = nodes_on(core);
            for (const int node : nodes) {
                if (tight_.insert(node).second) {
                    return true;
                }
            }
            for (const int node : nodes) {
                for (std::size_t input = 0; input < in_l0_[at(node)].size(); ++input) {
                    if (!in_l0_[at(node)][input] && graph_.nodes[at(node)].inputs.size() == 1) {
                        in_l0_[at(node)][input] = true;
                        return true;
                    }
                }
            }
            std::string names;
            for (const int node : nodes) {
                names += (names.empty() ? "'" : ", '") + graph_.nodes[at(node)].name + "'";
            }
            throw InputError(fmt::format("machine '{}': core {} needs {} bytes of L1 for {}, it has {}", machine_.name, core, use[at(core)],
                                         names, machine_.core.l1.size.value));
        }
        return false;
    }

    void shrink_l0() {
        std::int64_t l0 = 0;
        l1_use(l0);
        if (machine_.chip.l0.size.ideal || l0 <= machine_.chip.l0.size.value) {
            return;
        }
        l0_tight_ = true;
        build();
        l1_use(l0);
        if (l0 > machine_.chip.l0.size.value) {
            throw InputError(fmt::format("machine '{}': network '{}' needs {} bytes of L0, it has {}", machine_.name, graph_.name, l0,
                                         machine_.chip.l0.size.value));
        }
    }

    // ---- addresses ------------------------------------------------------------------------------------------------------------

    void assign_addresses() {
        plan_.l1_used.assign(at(machine_.core_count()), 0);
        plan_.l0_used = 0;
        const auto take = [&](int place, std::int64_t bytes) {
            std::int64_t& used = place == isa::chip ? plan_.l0_used : plan_.l1_used[at(place)];
            const std::int64_t offset = used;
            used += align4(bytes);
            return offset;
        };
        for (Landing& landing : plan_.landings) {
            landing.offset = take(landing.place, landing.bytes());
        }
        for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
            NodeMemory& memory = plan_.nodes[i];
            for (std::size_t s = 0; s < memory.stages.size(); ++s) {
                const int core = plan_.landings[at(memory.landings[0][0])].readers[s];
                memory.stages[s].offset = take(core, static_cast<std::int64_t>(memory.stages[s].slots) * align4(memory.stages[s].bytes));
            }
            for (Group& group : memory.groups) {
                group.offset = take(group.core, group.slots * group.slot_bytes());
            }
            for (std::size_t p = 0; p < memory.outboxes.size(); ++p) {
                const Part& part = placement_[i].parts[p];
                memory.outboxes[p].offset =
                    take(part.core, static_cast<std::int64_t>(memory.outboxes[p].slots) * align4(part.c1 - part.c0));
            }
        }
    }

    const QuantGraph& graph_;
    const hw::Machine& machine_;
    const std::vector<NodePlacement>& placement_;
    MemoryPlan plan_;
    std::vector<std::vector<bool>> in_l0_;  ///< by node and input
    std::set<int> tight_;                   ///< nodes at their least size
    JoinSkew skew_;
    bool l0_tight_ = false;
};

}  // namespace

MemoryPlan plan_memory(const QuantGraph& graph, const hw::Machine& machine, const std::vector<NodePlacement>& placement) {
    return Planner(graph, machine, placement).run();
}

}  // namespace cim::compiler

#include "compiler/mapping/relays.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "compiler/ir/index.h"
#include "compiler/mapping/reading.h"
#include "hw_models/timing/price.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

/// The rows and columns that a core takes of an input for a node.
struct Taken {
    int first_col = 0, end_col = 0;
    int rows = 0;
};

std::vector<Taken> taken_by_cores(const QuantGraph& graph, const std::vector<NodePlacement>& placement, TensorId id) {
    std::vector<Taken> all;
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        const QuantNode& node = graph.nodes[n];
        for (std::size_t input = 0; input < node.inputs.size(); ++input) {
            if (node.inputs[input] != id || node.kind == NodeKind::Concat) {
                continue;
            }
            std::map<int, Taken> by_core;
            const auto take = [&](int core, const Grid& grid) {
                const Reading r = reading_of(graph, node, static_cast<int>(input), grid);
                const auto [entry, fresh] = by_core.try_emplace(core, Taken{r.skip_left, r.skip_left + r.used_cols(), 0});
                Taken& taken = entry->second;
                taken.first_col = std::min(taken.first_col, r.skip_left);
                taken.end_col = std::max(taken.end_col, r.skip_left + r.used_cols());
                taken.rows = std::max(taken.rows, r.used_rows());
            };
            for (const Tile& tile : placement[n].tiles) {
                take(tile.core, placement[n].copies[at(tile.copy)]);
            }
            for (const Part& part : placement[n].parts) {
                if (placement[n].tiles.empty() && part.core != isa::chip) {
                    take(part.core, part.grid);
                }
            }
            for (const auto& entry : by_core) {
                all.push_back(entry.second);
            }
        }
    }
    return all;
}

/// Cores, those first whose crossbars have least to do.
std::vector<int> idlest_first(const std::vector<NodePlacement>& placement, int cores) {
    std::vector<std::int64_t> reads(at(cores), 0);
    for (const NodePlacement& here : placement) {
        for (const Tile& tile : here.tiles) {
            reads[at(tile.core)] += here.copies[at(tile.copy)].positions();
        }
    }
    std::vector<int> order(at(cores));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return reads[at(a)] < reads[at(b)]; });
    return order;
}

}  // namespace

std::vector<std::vector<Part>> relays_of(const QuantGraph& graph, const std::vector<NodePlacement>& placement, const hw::Machine& machine,
                                         const hw::PriceList& prices) {
    std::vector<std::vector<Part>> relays(graph.inputs.size());
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
        const QuantTensor& tensor = graph.tensors[at(graph.inputs[i])];
        const Shape3& shape = tensor.shape;
        const std::int64_t pixel = static_cast<std::int64_t>(shape.c) * tensor.element_bytes;
        hw::Ticks direct = 0;   // of L0's port
        hw::Ticks forward = 0;  // of the relays' move engines
        for (const Taken& taken : taken_by_cores(graph, placement, graph.inputs[i])) {
            const std::int64_t bytes = (taken.end_col - taken.first_col) * pixel;
            direct += taken.rows * prices.load(0, bytes).ticks_on(hw::Resource::L0Port);
            forward += taken.rows * prices.send(0, machine.core_count() - 1, bytes).sync_ticks();
        }
        const hw::Ticks once = shape.h * prices.load(0, shape.w * pixel).ticks_on(hw::Resource::L0Port);
        if (once == 0 || direct < 2 * once) {
            continue;
        }
        // As many as keep pace with L0, which each byte passes twice, with an eighth of their engines' time.
        const int most = rows_are_all_read(graph, graph.inputs[i]) ? std::min(shape.h, machine.core_count()) : 1;
        const int count = static_cast<int>(std::clamp<hw::Ticks>(8 * forward / (2 * once) + 1, 1, most));
        const std::vector<int> cores = idlest_first(placement, machine.core_count());
        for (int k = 0; k < count; ++k) {
            relays[i].push_back({cores[at(k)], 0, shape.c, {k, count, (shape.h - k + count - 1) / count, 0, shape.w}, k});
        }
    }
    return relays;
}

}  // namespace cim::compiler

#include "compiler/memory/chunks.h"

#include <algorithm>
#include <map>

#include "compiler/ir/index.h"
#include "compiler/mapping/load.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

using hw::Ticks;

/// Channels and columns of a tensor that one core takes for one reader.
struct Receiver {
    int c0 = 0, c1 = 0;
    int x0 = 0, x1 = 0;

    void widen(const Receiver& other) {
        c0 = std::min(c0, other.c0);
        c1 = std::max(c1, other.c1);
        x0 = std::min(x0, other.x0);
        x1 = std::max(x1, other.x1);
    }
    bool takes(const Part& part) const { return part.c0 < c1 && c0 < part.c1 && part.grid.x0 < x1 && x0 < part.grid.x0 + part.grid.cols; }
};

Receiver columns_under(const QuantGraph& graph, const QuantNode& node, int input, const Grid& grid) {
    const Reading r = reading_of(graph, node, input, grid);
    return {0, r.c, r.skip_left, r.skip_left + r.used_cols()};
}

/// Of each input of a node, by core.
std::map<int, Receiver> receivers_of(const QuantGraph& graph, const QuantNode& node, int input, const NodePlacement& here) {
    std::map<int, Receiver> receivers;
    const auto add = [&](int core, const Receiver& receiver) {
        const auto [entry, fresh] = receivers.emplace(core, receiver);
        if (!fresh) {
            entry->second.widen(receiver);
        }
    };
    std::vector<Receiver> copies;
    for (const Grid& grid : here.copies) {
        copies.push_back(columns_under(graph, node, input, grid));
    }
    for (const Tile& tile : here.tiles) {
        Receiver receiver = copies[at(tile.copy)];
        const bool rows_are_channels = node.kernel_h == 1 && node.kernel_w == 1;
        receiver.c0 = rows_are_channels ? tile.c0 + tile.row : tile.c0;
        receiver.c1 = rows_are_channels ? receiver.c0 + tile.rows : tile.c1;
        if (here.forwarder_of(tile.core) < 0) {
            add(tile.core, receiver);
        }
    }
    for (const Part& part : here.parts) {
        if (here.tiles.empty()) {
            Receiver receiver = columns_under(graph, node, input, part.grid);
            receiver.c0 = part.c0;
            receiver.c1 = part.c1;
            add(part.core, receiver);
        }
    }
    return receivers;
}

/// Of each tensor, those of all its readers. Outputs of the network have the chip as well.
std::vector<std::vector<Receiver>> all_receivers(const QuantGraph& graph, const std::vector<NodePlacement>& placement) {
    const std::vector<NodeId> producers = producers_of(graph);
    std::vector<std::vector<Receiver>> receivers(graph.tensors.size());
    const auto add = [&](TensorId id, Receiver receiver) {
        for (const ViewPart& view : view_of(graph, producers, id)) {
            Receiver shifted = receiver;
            shifted.c0 -= view.c0;
            shifted.c1 -= view.c0;
            receivers[at(view.tensor)].push_back(shifted);
        }
    };
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        const QuantNode& node = graph.nodes[n];
        for (std::size_t input = 0; node.kind != NodeKind::Concat && input < node.inputs.size(); ++input) {
            for (const auto& entry : receivers_of(graph, node, static_cast<int>(input), placement[n])) {
                add(node.inputs[input], entry.second);
            }
        }
    }
    for (const TensorId id : graph.outputs) {
        const Shape3& shape = graph.tensors[at(id)].shape;
        add(id, {0, shape.c, 0, shape.w});
    }
    return receivers;
}

}  // namespace

int largest_chunk(int cols, int whole_cols) {
    return std::min((whole_cols + 3) / 4, cols);
}

std::vector<int> smallest_chunks(const QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices,
                                 const std::vector<NodePlacement>& placement) {
    const std::vector<std::vector<Receiver>> receivers = all_receivers(graph, placement);
    std::vector<Ticks> sends(at(machine.core_count()), 0);  // of all positions one by one
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        const QuantTensor& output = graph.tensors[at(graph.nodes[n].output)];
        for (const Part& part : placement[n].parts) {
            if (part.core == isa::chip) {
                continue;
            }
            const std::vector<Receiver>& all = receivers[at(graph.nodes[n].output)];
            const auto count = std::count_if(all.begin(), all.end(), [&](const Receiver& receiver) { return receiver.takes(part); });
            const int next = machine.core_count() > 1 ? (part.core + 1) % machine.core_count() : part.core;
            const Ticks send =
                prices.send(part.core, next, static_cast<std::int64_t>(part.c1 - part.c0) * output.element_bytes).sync_ticks();
            sends[at(part.core)] += count * send * part.grid.positions();
        }
    }
    const Ticks interval = slowest_reads(placement, prices);
    std::vector<int> chunks;
    for (const Ticks all : sends) {
        chunks.push_back(static_cast<int>(std::max<Ticks>(1, (4 * all + interval - 1) / interval)));
    }
    return chunks;
}

}  // namespace cim::compiler

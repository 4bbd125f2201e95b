// What a node gives: sums of its tiles, results that wait to be sent, rows of an input that relays send on.
#include <algorithm>
#include <tuple>
#include <utility>

#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/memory/chunks.h"
#include "compiler/memory/core_read.h"
#include "compiler/memory/layout.h"

namespace cim::compiler {

std::vector<int> Layout::in_flight_of(const QuantGraph& graph, const std::vector<NodePlacement>& placement) {
    constexpr int windows = 3;  // one whose input comes, one that is read, one on its way
    std::vector<int> rows;
    for (std::size_t n = 0; n < placement.size(); ++n) {
        rows.push_back(0);
        for (const Grid& grid : placement[n].copies) {
            const int positions = windows + largest_chunk(grid.cols, whole_grid(graph, graph.nodes[n]).cols);
            rows.back() = std::max(rows.back(), grid.dy * ((positions + grid.cols - 1) / grid.cols) + grid.dy - 2);
        }
    }
    return rows;
}

int Layout::slots(int n, int copy) const {
    const int grain = layout_.memory.grains[at(copy)];
    return machine_.mode == hw::ComputingMode::CM ? slots(n) * grain : ample_slots(n);
}

std::vector<Group> Layout::groups_of(const QuantNode& node, const NodePlacement& placement, bool adds_in_core, bool gives_sums) {
    std::vector<std::tuple<int, int, const Part*, int>> tiles;  // by copy, core, column
    for (std::size_t t = 0; t < placement.tiles.size(); ++t) {
        const Tile& tile = placement.tiles[t];
        tiles.emplace_back(tile.copy, tile.core, &placement.part_of(tile), static_cast<int>(t));  // parts stand by copy, channel
    }
    std::sort(tiles.begin(), tiles.end());
    std::vector<Group> groups;
    const Part* last = nullptr;
    for (const auto& [copy, core, part, t] : tiles) {
        if (groups.empty() || groups.back().core != core || last != part) {
            groups.emplace_back();
            groups.back().copy = copy;
            groups.back().core = core;
            groups.back().col = part->c0;
            groups.back().cols = part->c1 - part->c0;
            last = part;
        }
        groups.back().own += placement.tiles[at(t)].col == part->c0 ? 1 : 0;
        groups.back().tiles.push_back(t);
    }
    std::vector<Group*> by_column;
    for (Group& group : groups) {
        by_column.push_back(&group);
    }
    std::sort(by_column.begin(), by_column.end(),
              [](const Group* a, const Group* b) { return std::tie(a->copy, a->col, a->core) < std::tie(b->copy, b->col, b->core); });
    const auto one_column = [](const Group& a, const Group& b) { return a.copy == b.copy && a.col == b.col; };
    for (std::size_t i = 0; i < by_column.size(); ++i) {
        Group& group = *by_column[i];
        group.before = i > 0 && one_column(*by_column[i - 1], group) ? by_column[i - 1]->core : -1;
        group.home = i + 1 == by_column.size() || !one_column(group, *by_column[i + 1]);
        group.takes_sums = group.before < 0 && node.inputs.size() > 1;
        const bool alone = group.home && group.before < 0 && !group.takes_sums && !gives_sums;
        group.own = adds_in_core ? (alone ? 0 : 1) : group.own;
    }
    return groups;
}

void Layout::make_groups(int n) {
    if (layout_.memory.groups.empty()) {
        layout_.memory.groups =
            groups_of(node(n), placement_[at(n)], machine_.mode == hw::ComputingMode::CM, tensor(node(n).output).element_bytes > 1);
    }
    choose_grains(n);
    for (Group& group : layout_.memory.groups) {
        group.slots = slots(n, group.copy);
    }
}

void Layout::choose_grains(int n) {
    NodeMemory& memory = layout_.memory;
    const NodePlacement& here = placement_[at(n)];
    memory.grains.assign(here.copies.size(), 1);
    if (machine_.mode != hw::ComputingMode::CM || room(n) == Room::Tight) {
        return;
    }
    for (std::size_t copy = 0; copy < here.copies.size(); ++copy) {
        memory.grains[copy] = grain_of(slowest_core(memory.groups, static_cast<int>(copy), here, prices_), here.copies[copy].cols);
    }
}

void Layout::make_outboxes(int n) {
    const bool chunks = room(n) == Room::Ample && !on_chip(n);
    for (const Part& part : placement_[at(n)].parts) {
        Outbox outbox;
        outbox.core = part.core;
        outbox.bytes = (part.c1 - part.c0) * tensor(node(n).output).element_bytes;
        outbox.pitch = static_cast<int>(align4(outbox.bytes));
        if (adds_up_rows(graph_, node(n))) {
            outbox.sums = outbox.pitch;
            outbox.pitch += bytes_of_sum * (part.c1 - part.c0);
        }
        if (node(n).kind == NodeKind::Conv && machine_.mode == hw::ComputingMode::CM) {
            outbox.chunk = layout_.memory.grains[at(part.copy)];
            outbox.slots = slots(n, part.copy);
        } else {
            const int most = largest_chunk(part.grid.cols, tensor(node(n).output).shape.w);
            outbox.chunk = chunks ? (chunks_.empty() ? most : std::min(most, chunks_[at(part.core)])) : 1;
            outbox.slots = outbox.chunk > 1 ? slots(n) * part.grid.cols : ample_slots(n);  // a chunk does not go around the end
        }
        layout_.memory.outboxes.push_back(outbox);
    }
}

std::vector<Outbox> Layout::relays_of(int input) const {
    std::vector<Outbox> relays;
    if (choices_.no_relays.count(input) != 0 || (!choices_.l0_tight && all_by_window(input))) {
        return relays;
    }
    for (const Part& relay : relays_[at(input)]) {
        // One row comes while the other leaves.
        const int pixel = (relay.c1 - relay.c0) * tensor(graph_.inputs[at(input)]).element_bytes;
        relays.push_back({relay.core, pixel, relay.grid.cols, 2 * relay.grid.cols, pixel, 0});
    }
    return relays;
}

}  // namespace cim::compiler

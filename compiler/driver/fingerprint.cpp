#include "compiler/driver/fingerprint.h"

#include <initializer_list>

namespace cim::compiler {

std::vector<std::int64_t> fingerprint(const Schedule& schedule) {
    std::vector<std::int64_t> print;
    const auto add = [&](std::initializer_list<std::int64_t> values) { print.insert(print.end(), values); };
    for (const Segment& segment : schedule.segments) {
        add({-1, static_cast<std::int64_t>(segment.graph.nodes.size())});
        for (const NodePlacement& here : segment.placement) {
            add({-2, static_cast<std::int64_t>(here.copies.size())});
            for (const Grid& grid : here.copies) {
                add({grid.y0, grid.dy, grid.rows, grid.x0, grid.cols});
            }
            for (const Tile& tile : here.tiles) {
                add({tile.row, tile.rows, tile.col, tile.cols, tile.copy, tile.behind, tile.core, tile.xb});
            }
            for (const Part& part : here.parts) {
                add({part.core, part.c0, part.c1, part.grid.x0});
            }
        }
        for (const Landing& landing : segment.memory.landings) {
            add({landing.place, landing.offset, landing.rows});
        }
        for (const std::vector<Outbox>& relays : segment.memory.relays) {
            add({-3, static_cast<std::int64_t>(relays.size())});
            for (const Outbox& relay : relays) {
                add({relay.core});
            }
        }
        for (const NodeMemory& memory : segment.memory.nodes) {
            for (const Group& group : memory.groups) {
                add({group.core, group.slots});
            }
            for (const Outbox& outbox : memory.outboxes) {
                add({outbox.core, outbox.slots, outbox.chunk});
            }
            for (const std::vector<Stage>& stages : memory.stages) {
                for (const Stage& stage : stages) {
                    add({stage.core, stage.slots});
                }
            }
        }
    }
    return print;
}

std::int64_t reads_of(const Schedule& schedule) {
    std::int64_t reads = 0;
    for (const Segment& segment : schedule.segments) {
        for (const NodePlacement& here : segment.placement) {
            for (const Tile& tile : here.tiles) {
                reads += here.copies[static_cast<std::size_t>(tile.copy)].positions();
            }
        }
    }
    return reads;
}

}  // namespace cim::compiler

#include "compiler/driver/schedule_facts.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <utility>

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
            // For how many images a map that stays has room makes no difference to what is done.
            add({landing.place, landing.from, landing.chunk, landing.kept ? -1 : landing.offset, landing.kept ? -1 : landing.rows});
        }
        for (const std::vector<Outbox>& relays : segment.memory.relays) {
            add({-3, static_cast<std::int64_t>(relays.size())});
            for (const Outbox& relay : relays) {
                add({relay.core, relay.chunk});
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

MemoryUsed memory_used(const Schedule& schedule) {
    MemoryUsed used;
    for (const Segment& segment : schedule.segments) {
        for (const std::int64_t bytes : segment.memory.l1_used) {
            used.l1 = std::max(used.l1, bytes);
        }
        used.l0 = std::max(used.l0, segment.memory.l0_used);
    }
    return used;
}

hw::Ticks least_ticks(const Schedule& schedule, const hw::Machine& machine, const hw::PriceList& prices, std::int64_t images) {
    hw::Ticks total = 0;
    for (const Segment& segment : schedule.segments) {
        std::map<std::pair<int, int>, hw::Ticks> held;
        hw::Ticks most = 0;
        hw::Ticks writing = 0;
        for (const NodePlacement& here : segment.placement) {
            for (const Tile& tile : here.tiles) {
                if (machine.mode != hw::ComputingMode::CM) {  // else cores are read as a whole
                    const std::int64_t times = images * here.copies[static_cast<std::size_t>(tile.copy)].positions();
                    hw::Ticks& ticks = held[{tile.core, tile.xb}];
                    ticks += times * prices.read(0, tile.rows, tile.cols, 8, 8, tile.rows, false).sync_ticks();
                    most = std::max(most, ticks);
                }
                if (&segment != &schedule.segments.front()) {  // whose weights are written in setup
                    writing += prices.write(0, tile.rows, tile.cols, 8, static_cast<std::int64_t>(tile.rows) * tile.cols)
                                   .ticks_on(hw::Resource::External);
                }
            }
        }
        total += std::max(most, writing);
    }
    return total;
}

bool holds_maps(const Schedule& schedule) {
    return std::any_of(schedule.kept.begin(), schedule.kept.end(), [](const Kept& map) { return !map.holders.empty(); });
}

bool has_bands(const Schedule& schedule) {
    return std::any_of(schedule.segments.begin(), schedule.segments.end(), [](const Segment& segment) {
        return std::any_of(segment.relays.begin(), segment.relays.end(), [](const std::vector<Part>& relays) {
            return !relays.empty() && (relays.back().grid.x0 > 0 || relays.back().c0 > 0);
        });
    });
}

}  // namespace cim::compiler

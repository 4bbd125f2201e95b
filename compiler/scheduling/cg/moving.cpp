#include "compiler/scheduling/cg/moving.h"

#include <optional>
#include <set>
#include <vector>

#include "compiler/ir/index.h"

namespace cim::compiler {

namespace {

/// The core of the last tile (or the first) of a segment; nothing if it has none.
std::optional<int> core_of(const Segment& segment, bool last) {
    std::optional<int> core;
    for (const NodePlacement& here : segment.placement) {
        if (!here.tiles.empty() && (last || !core)) {
            core = last ? here.tiles.back().core : here.tiles.front().core;
        }
    }
    return core;
}

int cores_with_tiles(const Segment& segment) {
    std::set<int> cores;
    for (const NodePlacement& here : segment.placement) {
        for (const Tile& tile : here.tiles) {
            cores.insert(tile.core);
        }
    }
    return static_cast<int>(cores.size());
}

}  // namespace

int way_behind(const Segment& before, const Segment& segment, int cores) {
    const std::optional<int> last = core_of(before, true);
    const std::optional<int> first = core_of(segment, false);
    return last && first ? (*last + 1 - *first + cores) % cores : 0;
}

void move(Segment& segment, int by, int cores) {
    std::vector<int> moved(at(cores));
    for (int core = 0; core < cores; ++core) {
        moved[at(core)] = (core + by) % cores;
    }
    renumber_cores(segment.placement, moved);
    for (std::size_t input = 0; input < segment.relays.size(); ++input) {
        if (!segment.memory.held(static_cast<int>(input))) {
            renumber_cores(segment.relays[input], moved);
        }
    }
    renumber_cores(segment.memory, moved, cores);
}

void move_small_ones_behind(std::vector<Segment>& segments, int cores) {
    for (std::size_t s = 1; s < segments.size(); ++s) {
        if (4 * cores_with_tiles(segments[s]) <= 3 * cores) {
            move(segments[s], way_behind(segments[s - 1], segments[s], cores), cores);
        }
    }
}

}  // namespace cim::compiler

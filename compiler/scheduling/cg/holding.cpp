#include "compiler/scheduling/cg/holding.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/mapping/relays.h"
#include "isa/bounds.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

/// Whether all that gives a map are cores, and all that read it have it in their L1.
bool passes_between_cores(const Schedule& schedule, const PassedMap& map) {
    for (const PassedMap::End& giver : map.givers) {
        const Segment& segment = schedule.segments[at(giver.segment)];
        const NodeId node = producers_of(segment.graph)[at(segment.graph.outputs[at(giver.index)])];
        const std::vector<Part>& parts = segment.placement[at(node)].parts;
        if (std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.core == isa::chip; })) {
            return false;
        }
    }
    for (const PassedMap::End& reader : map.readers) {
        const Segment& segment = schedule.segments[at(reader.segment)];
        const std::vector<NodeId> producers = producers_of(segment.graph);
        for (const Landing& landing : segment.memory.landings) {
            if (landing.node < 0 || landing.place != isa::chip) {
                continue;
            }
            for (const ViewPart& part :
                 view_of(segment.graph, producers, segment.graph.nodes[at(landing.node)].inputs[at(landing.input)])) {
                if (part.tensor == segment.graph.inputs[at(reader.index)]) {
                    return false;
                }
            }
        }
    }
    return true;
}

/// What is free of the L1 of each core in each segment.
class FreeL1 {
  public:
    FreeL1(const Schedule& schedule, const hw::Machine& machine)
        : size_(machine.core.l1.size.ideal ? isa::max_address : machine.core.l1.size.value) {
        for (const Segment& segment : schedule.segments) {
            used_.push_back(segment.memory.l1_used);
            top_ = std::max(top_, *std::max_element(used_.back().begin(), used_.back().end()));
        }
    }

    /// Takes room on a core for segments first .. last; nothing if there is none. Above what any core uses where that is possible, so that
    /// segments can be moved to other cores.
    std::optional<std::int64_t> take(int core, int first, int last, std::int64_t bytes) {
        std::int64_t least = 0;
        for (int s = first; s <= last; ++s) {
            least = std::max(least, align4(used_[at(s)][at(core)]));
        }
        const std::int64_t high = std::max(least, align4(top_));
        const std::int64_t address = high <= size_ - bytes ? high : least;
        if (address > size_ - bytes) {
            return std::nullopt;
        }
        for (int s = first; s <= last; ++s) {
            used_[at(s)][at(core)] = address + bytes;
        }
        return address;
    }

  private:
    std::int64_t size_;
    std::int64_t top_ = 0;
    std::vector<std::vector<std::int64_t>> used_;  ///< by segment, core
};

/// A map with its readers, and the cores on which it would best lie.
struct Held {
    const PassedMap* map = nullptr;
    std::vector<MapReader> readers;
    std::vector<int> cores;
    std::vector<Part> shares;  ///< the fewest
};

std::vector<Holder> holders_in(FreeL1& free, const Held& held, const std::vector<Part>& shares, const QuantTensor& tensor,
                               std::int64_t images) {
    std::vector<Holder> holders;
    auto core = held.cores.begin();
    for (const Part& share : shares) {
        const int pixel = (share.c1 - share.c0) * tensor.element_bytes;
        const std::int64_t slots = images * share.grid.positions();
        std::optional<std::int64_t> address;
        for (; core != held.cores.end() && !address; ++core) {
            address = free.take(*core, held.map->life.first, held.map->life.last, slots * pixel);
            if (address) {
                holders.push_back({share, {*core, pixel, share.grid.cols, static_cast<int>(slots), pixel, 0, *address}});
                holders.back().part.core = *core;
            }
        }
        if (!address) {
            return {};
        }
    }
    return holders;
}

/// The holders of each map, none where there is no room for so many images.
std::vector<std::vector<Holder>> all_holders(const std::vector<Held>& maps, const Schedule& schedule, const hw::Machine& machine,
                                             const hw::PriceList& prices, std::int64_t images) {
    FreeL1 free(schedule, machine);
    std::vector<std::vector<Holder>> all;
    for (const Held& held : maps) {
        const QuantTensor& tensor = schedule.network.graph.tensors[at(held.map->tensor)];
        std::vector<Part> shares = held.shares;
        FreeL1 before = free;
        all.push_back(holders_in(free, held, shares, tensor, images));
        // More shares are smaller.
        for (std::size_t number = 0; all.back().empty() && shares.size() > number;) {
            number = shares.size();
            shares = holders_of(held.readers, machine, prices, static_cast<int>(2 * number));
            free = before;
            all.back() = holders_in(free, held, shares, tensor, images);
        }
        if (all.back().empty()) {
            free = std::move(before);
        }
    }
    return all;
}

std::ptrdiff_t number_held(const std::vector<std::vector<Holder>>& all) {
    return std::count_if(all.begin(), all.end(), [](const std::vector<Holder>& holders) { return !holders.empty(); });
}

void hold(Schedule& schedule, const PassedMap& map, std::vector<Holder> holders, std::int64_t images) {
    for (const PassedMap::End& giver : map.givers) {
        schedule.segments[at(giver.segment)].memory.drop_output(giver.index);
    }
    for (const PassedMap::End& reader : map.readers) {
        Segment& segment = schedule.segments[at(reader.segment)];
        segment.memory.drop_input(reader.index);
        std::vector<Part>& parts = segment.relays[at(reader.index)];
        std::vector<Outbox>& rows = segment.memory.relays[at(reader.index)];
        parts.clear();
        rows.clear();
        for (const Holder& holder : holders) {
            parts.push_back(holder.part);
            rows.push_back(holder.rows);
        }
    }
    schedule.kept.push_back({map.tensor, map.parts, map.life.first, map.life.last, images, 0, 0, std::move(holders)});
}

}  // namespace

void hold_in_l1(Schedule& schedule, const hw::Machine& machine, const hw::PriceList& prices, std::int64_t batch) {
    const std::vector<PassedMap> maps = passed_maps(schedule, batch);
    std::vector<Held> possible;
    for (const PassedMap& map : maps) {
        if (!passes_between_cores(schedule, map)) {
            continue;
        }
        Held held{&map, {}, {}, {}};
        for (const PassedMap::End& reader : map.readers) {
            const Segment& segment = schedule.segments[at(reader.segment)];
            held.readers.push_back({segment.graph, segment.placement, segment.graph.inputs[at(reader.index)]});
        }
        held.cores = idlest_first(held.readers.front().placement, held.readers.front().graph, machine, prices);
        held.shares = holders_of(held.readers, machine, prices, 1);
        possible.push_back(std::move(held));
    }
    if (possible.empty()) {
        return;
    }
    std::int64_t images = machine.core.l1.size.ideal ? std::max(batch, ample_images) : batch;
    std::vector<std::vector<Holder>> holders = all_holders(possible, schedule, machine, prices, images);
    for (std::int64_t more = ample_images; more > images; more -= (more - images + 1) / 2) {
        std::vector<std::vector<Holder>> apart = all_holders(possible, schedule, machine, prices, more);
        if (number_held(apart) == number_held(holders)) {
            images = more;
            holders = std::move(apart);
            break;
        }
    }
    for (std::size_t m = 0; m < possible.size(); ++m) {
        if (!holders[m].empty()) {
            hold(schedule, *possible[m].map, std::move(holders[m]), images);
        }
    }
}

}  // namespace cim::compiler

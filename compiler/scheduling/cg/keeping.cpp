#include "compiler/scheduling/cg/keeping.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "isa/bounds.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

/// Whether rows of a tensor lie in a landing of L0 as the tensor has them: no padding between them, all channels.
bool lies_plain(const Landing& landing, const QuantTensor& tensor) {
    const Reading& r = landing.reading;
    // Padding before and unread rows behind may add up to the same size.
    return !landing.flat && !r.padded() && r.padded_rows() == tensor.shape.h && r.padded_cols() == tensor.shape.w && landing.c0 == 0 &&
           landing.c1 == tensor.shape.c;
}

/// Landings of an input of a segment that can be the map; into others its rows are copied.
std::vector<Landing*> landings_of(Segment& segment, int input) {
    MemoryPlan& memory = segment.memory;
    const TensorId id = segment.graph.inputs[at(input)];
    std::vector<Landing*> landings;
    if (memory.input_landings[at(input)] >= 0) {
        landings.push_back(&memory.landings[at(memory.input_landings[at(input)])]);
    }
    for (Landing& landing : memory.landings) {
        if (landing.node >= 0 && landing.place == isa::chip && segment.graph.nodes[at(landing.node)].inputs[at(landing.input)] == id &&
            lies_plain(landing, segment.graph.tensors[at(id)])) {
            landings.push_back(&landing);
        }
    }
    return landings;
}

/// Lets a map lie at an address, with so many images.
void keep(Schedule& schedule, const PassedMap& map, std::int64_t images, std::int64_t address) {
    const QuantTensor& tensor = schedule.network.graph.tensors[at(map.tensor)];
    const auto place = [&](Landing& landing) {
        landing.kept = true;
        landing.rows = static_cast<int>(images) * tensor.shape.h;
        landing.offset = address;
    };
    for (std::size_t p = 0; p < map.parts.size(); ++p) {
        MemoryPlan& memory = schedule.segments[at(map.givers[p].segment)].memory;
        Landing& landing = memory.landings[at(memory.output_landings[at(map.givers[p].index)])];
        place(landing);
        // Its channels lie among those of the others.
        landing.c0 = -map.parts[p].c0;
        landing.c1 = tensor.shape.c - map.parts[p].c0;
    }
    for (const PassedMap::End& reader : map.readers) {
        for (Landing* landing : landings_of(schedule.segments[at(reader.segment)], reader.index)) {
            place(*landing);
        }
    }
    schedule.kept.push_back({map.tensor, map.parts, map.life.first, map.life.last, images, address, images * map.life.bytes, {}});
}

}  // namespace

std::vector<std::int64_t> addresses_of(const std::vector<Lifetime>& maps, const std::vector<std::int64_t>& taken, std::int64_t size,
                                       std::int64_t images) {
    std::vector<std::size_t> order(maps.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // A byte saves a way out, and a way back for each reader.
    const auto less_worth = [&](std::size_t a, std::size_t b) {
        const std::int64_t x = std::int64_t{maps[a].readers + 1} * (maps[b].last - maps[b].first + 1);
        const std::int64_t y = std::int64_t{maps[b].readers + 1} * (maps[a].last - maps[a].first + 1);
        return x != y ? x > y : maps[a].bytes < maps[b].bytes;
    };
    std::stable_sort(order.begin(), order.end(), less_worth);
    std::vector<std::int64_t> addresses(maps.size(), -1);
    std::vector<std::size_t> placed;  // by address
    for (const std::size_t m : order) {
        const Lifetime& map = maps[m];
        if (map.bytes > size / images) {
            continue;
        }
        std::int64_t address = 0;
        for (int s = map.first; s <= map.last; ++s) {
            address = std::max(address, align4(taken[at(s)]));
        }
        auto behind = placed.begin();
        for (; behind != placed.end() && addresses[*behind] < address + images * map.bytes; ++behind) {
            const Lifetime& other = maps[*behind];
            if (other.first <= map.last && map.first <= other.last) {
                address = std::max(address, align4(addresses[*behind] + images * other.bytes));
            }
        }
        if (address <= size - images * map.bytes) {
            addresses[m] = address;
            placed.insert(std::upper_bound(placed.begin(), placed.end(), m,
                                           [&](std::size_t a, std::size_t b) { return addresses[a] < addresses[b]; }),
                          m);
        }
    }
    return addresses;
}

void keep_in_l0(Schedule& schedule, const hw::Machine& machine, std::int64_t batch) {
    std::vector<PassedMap> maps = passed_maps(schedule, batch);
    maps.erase(std::remove_if(maps.begin(), maps.end(),
                              [&](const PassedMap& map) {
                                  return std::any_of(schedule.kept.begin(), schedule.kept.end(),
                                                     [&](const Kept& kept) { return kept.tensor == map.tensor; });
                              }),
               maps.end());
    const hw::Limit& l0 = machine.chip.l0.size;
    const std::int64_t size = l0.ideal ? isa::max_address : l0.value;
    std::vector<std::int64_t> taken;
    for (const Segment& segment : schedule.segments) {
        taken.push_back(segment.memory.l0_used);
    }
    std::vector<Lifetime> lives;
    for (const PassedMap& map : maps) {
        lives.push_back(map.life);
    }
    std::vector<std::int64_t> addresses = addresses_of(lives, taken, size, batch);
    std::vector<const PassedMap*> kept;
    std::vector<Lifetime> kept_lives;
    for (std::size_t m = 0; m < addresses.size(); ++m) {
        if (addresses[m] >= 0) {
            kept.push_back(&maps[m]);
            kept_lives.push_back(lives[m]);
        }
    }
    // The more images, the less fits.
    std::int64_t images = batch;
    addresses = addresses_of(kept_lives, taken, size, images);
    for (std::int64_t more = ample_images; more > images; more -= (more - images + 1) / 2) {
        const std::vector<std::int64_t> apart = addresses_of(kept_lives, taken, size, more);
        if (std::count(apart.begin(), apart.end(), -1) == 0) {
            images = more;
            addresses = apart;
            break;
        }
    }
    for (std::size_t k = 0; k < kept.size(); ++k) {
        keep(schedule, *kept[k], images, addresses[k]);
    }
}

}  // namespace cim::compiler

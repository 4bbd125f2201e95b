#include "compiler/scheduling/cg/keeping.h"

#include <algorithm>
#include <climits>
#include <numeric>
#include <utility>

#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "isa/bounds.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

constexpr std::int64_t ample_images = 64;  // of which more than the batch need not have room

/// Whether rows of a tensor lie in a landing of L0 as the tensor has them: no padding between them, all channels.
bool lies_plain(const Landing& landing, const QuantTensor& tensor) {
    const Reading& r = landing.reading;
    // Padding before and unread rows behind may add up to the same size.
    return !landing.flat && !r.padded() && r.padded_rows() == tensor.shape.h && r.padded_cols() == tensor.shape.w && landing.c0 == 0 &&
           landing.c1 == tensor.shape.c;
}

/// A map of a schedule.
struct Map {
    TensorId tensor = -1;
    Lifetime life;
    std::vector<ViewPart> parts;     ///< what nodes give of it
    std::vector<Landing*> landings;  ///< of those who read it
};

/// Tensors that pass from segment to segment, and in which of them each part is.
class Maps {
  public:
    Maps(Schedule& schedule, std::int64_t batch)
        : schedule_(schedule), graph_(schedule.network.graph), outputs_(graph_.tensors.size()), map_of_(graph_.tensors.size(), -1) {
        const std::vector<NodeId> producers = producers_of(graph_);
        const std::vector<TensorId> passed = passed_on(schedule);
        std::vector<int> wholes(graph_.tensors.size(), 0);  // that a part is in, outputs of the network included
        for (const auto* list : {&graph_.outputs, &passed}) {
            for (const TensorId id : *list) {
                for (const ViewPart& part : view_of(graph_, producers, id)) {
                    ++wholes[at(part.tensor)];
                }
            }
        }
        for (const TensorId id : passed) {
            const QuantTensor& tensor = graph_.tensors[at(id)];
            Map map{id, {tensor.shape.count() * tensor.element_bytes, INT_MAX, 0, 0}, view_of(graph_, producers, id), {}};
            const bool alone = std::all_of(map.parts.begin(), map.parts.end(), [&](const ViewPart& part) {
                return producers[at(part.tensor)] >= 0 && wholes[at(part.tensor)] == 1;
            });
            // A program counts rows of the whole batch.
            if (alone && tensor.shape.h <= isa::max_number / std::max(batch, ample_images)) {
                map_of_[at(id)] = static_cast<int>(maps_.size());
                maps_.push_back(std::move(map));
            }
        }
        find_landings();
    }

    const std::vector<Map>& all() const { return maps_; }

    /// Lets a map lie at an address, with so many images.
    void keep(const Map& map, std::int64_t images, std::int64_t address) {
        const QuantTensor& tensor = graph_.tensors[at(map.tensor)];
        const auto place = [&](Landing& landing) {
            landing.kept = true;
            landing.rows = static_cast<int>(images) * tensor.shape.h;
            landing.offset = address;
        };
        Kept kept{map.tensor, {}, map.life.first, map.life.last, images, address, images * map.life.bytes};
        for (const ViewPart& part : map.parts) {
            Landing& landing = *outputs_[at(part.tensor)];
            place(landing);
            // Its channels lie among those of the others.
            landing.c0 = -part.c0;
            landing.c1 = tensor.shape.c - part.c0;
            kept.parts.push_back(part.tensor);
        }
        for (Landing* landing : map.landings) {
            place(*landing);
        }
        schedule_.kept.push_back(std::move(kept));
    }

  private:
    void find_landings() {
        std::vector<int> segment_of(graph_.tensors.size(), 0);
        for (std::size_t s = 0; s < schedule_.segments.size(); ++s) {
            Segment& segment = schedule_.segments[s];
            for (std::size_t i = 0; i < segment.graph.outputs.size(); ++i) {
                const TensorId id = segment.mapped[at(segment.graph.outputs[i])];
                outputs_[at(id)] = &segment.memory.landings[at(segment.memory.output_landings[i])];
                segment_of[at(id)] = static_cast<int>(s);
            }
            for (std::size_t i = 0; i < segment.graph.inputs.size(); ++i) {
                if (const int number = map_of_[at(segment.mapped[at(segment.graph.inputs[i])])]; number >= 0) {
                    Map& map = maps_[at(number)];
                    map.life.last = static_cast<int>(s);
                    ++map.life.readers;
                    take(map, segment, static_cast<int>(i));
                }
            }
        }
        for (Map& map : maps_) {
            for (const ViewPart& part : map.parts) {
                map.life.first = std::min(map.life.first, segment_of[at(part.tensor)]);
            }
        }
    }

    /// Adds the landings of an input that can be the map; into others its rows are copied.
    static void take(Map& map, Segment& segment, int input) {
        MemoryPlan& memory = segment.memory;
        const TensorId id = segment.graph.inputs[at(input)];
        if (memory.input_landings[at(input)] >= 0) {
            map.landings.push_back(&memory.landings[at(memory.input_landings[at(input)])]);
        }
        for (Landing& landing : memory.landings) {
            if (landing.node >= 0 && landing.place == isa::chip && segment.graph.nodes[at(landing.node)].inputs[at(landing.input)] == id &&
                lies_plain(landing, segment.graph.tensors[at(id)])) {
                map.landings.push_back(&landing);
            }
        }
    }

    Schedule& schedule_;
    const QuantGraph& graph_;
    std::vector<Landing*> outputs_;  ///< by tensor, of the segment that gives it
    std::vector<int> map_of_;        ///< by tensor; -1: none
    std::vector<Map> maps_;
};

}  // namespace

std::vector<bool> may_stay(const QuantGraph& mapped) {
    std::vector<bool> stays(mapped.tensors.size(), true);
    for (const TensorId input : mapped.inputs) {
        stays[at(input)] = false;
    }
    const std::vector<NodeId> producers = producers_of(mapped);
    for (const TensorId output : mapped.outputs) {
        stays[at(output)] = false;
        for (const ViewPart& part : view_of(mapped, producers, output)) {
            stays[at(part.tensor)] = false;
        }
    }
    return stays;
}

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
    Maps maps(schedule, batch);
    const hw::Limit& l0 = machine.chip.l0.size;
    const std::int64_t size = l0.ideal ? isa::max_address : l0.value;
    std::vector<std::int64_t> taken;
    for (const Segment& segment : schedule.segments) {
        taken.push_back(segment.memory.l0_used);
    }
    std::vector<Lifetime> lives;
    for (const Map& map : maps.all()) {
        lives.push_back(map.life);
    }
    std::vector<std::int64_t> addresses = addresses_of(lives, taken, size, batch);
    std::vector<const Map*> kept;
    std::vector<Lifetime> kept_lives;
    for (std::size_t m = 0; m < addresses.size(); ++m) {
        if (addresses[m] >= 0) {
            kept.push_back(&maps.all()[m]);
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
        maps.keep(*kept[k], images, addresses[k]);
    }
}

}  // namespace cim::compiler

#include "compiler/mapping/relays.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "compiler/ceil_div.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/load.h"
#include "compiler/mapping/packing.h"
#include "compiler/mapping/reading.h"
#include "hw_models/timing/price.h"
#include "isa/program.h"

namespace cim::compiler {

namespace {

// A holder's move engine sends what it holds in a quarter of an interval: if that is every second row of some columns, each in half of the
// time between two rows. Fewer rows of more columns, sent in the same time, would come late to the last of their readers.
constexpr hw::Ticks share_of_holder = 4;
constexpr int rows_of_holder = 2;

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
                if (placement[n].forwarder_of(tile.core) < 0) {
                    take(tile.core, placement[n].copies[at(tile.copy)]);
                }
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

/// Of `width` columns, or channels, those of band `band` of `bands`.
std::pair<int, int> band_of(int width, int bands, int band) {
    return {width * band / bands, width * (band + 1) / bands};
}

/// What it takes to bring an image of an input to its readers.
class Delivery {
  public:
    Delivery(const QuantGraph& graph, const std::vector<NodePlacement>& placement, const hw::Machine& machine, const hw::PriceList& prices,
             TensorId input)
        : prices_(prices),
          last_core_(machine.core_count() - 1),
          shape_(graph.tensors[at(input)].shape),
          pixel_(static_cast<std::int64_t>(shape_.c) * graph.tensors[at(input)].element_bytes),
          takers_(taken_by_cores(graph, placement, input)) {}

    /// Of L0's port, if each reader loads what it takes.
    hw::Ticks direct() const {
        hw::Ticks ticks = 0;
        for (const Taken& taken : takers_) {
            ticks += taken.rows * load(taken.end_col - taken.first_col);
        }
        return ticks;
    }
    /// Of L0's port, if relays load each row in so many bands.
    hw::Ticks once(int bands) const {
        hw::Ticks ticks = 0;
        for (int band = 0; band < bands; ++band) {
            const auto [begin, end] = band_of(shape_.w, bands, band);
            ticks += shape_.h * load(end - begin);
        }
        return ticks;
    }
    /// The same of a vector, if each relay loads a slice of its channels.
    hw::Ticks in_slices(int slices) const {
        hw::Ticks ticks = 0;
        for (int slice = 0; slice < slices; ++slice) {
            const auto [begin, end] = band_of(shape_.c, slices, slice);
            ticks += prices_.load(0, (end - begin) * pixel_ / shape_.c).ticks_on(hw::Resource::L0Port);
        }
        return ticks;
    }
    /// Of the relays' move engines, who send each reader its columns.
    hw::Ticks forward(int bands) const {
        hw::Ticks ticks = 0;
        for (const Taken& taken : takers_) {
            for (int band = 0; band < bands; ++band) {
                const auto [begin, end] = band_of(shape_.w, bands, band);
                const int cols = std::min(taken.end_col, end) - std::max(taken.first_col, begin);
                ticks += cols > 0 ? taken.rows * prices_.send(0, last_core_, cols * pixel_).sync_ticks() : 0;
            }
        }
        return ticks;
    }
    /// Relays that keep pace with L0, which each byte passes twice, with a quarter of their engines' time.
    hw::Ticks relays(int bands) const { return 4 * forward(bands) / (2 * once(1)) + 1; }

  private:
    hw::Ticks load(int cols) const { return prices_.load(0, cols * pixel_).ticks_on(hw::Resource::L0Port); }

    const hw::PriceList& prices_;
    int last_core_;
    Shape3 shape_;
    std::int64_t pixel_;
    std::vector<Taken> takers_;
};

/// Rows dealt to `rows` places in turn, each row in `bands` bands of columns. Places count from 0.
std::vector<Part> dealt(const Shape3& shape, int rows, int bands) {
    std::vector<Part> parts;
    for (int k = 0; k < rows * bands; ++k) {
        const auto [begin, end] = band_of(shape.w, bands, k % bands);
        const int y0 = k / bands;
        parts.push_back({k, 0, shape.c, {y0, rows, ceil_div(shape.h - y0, rows), begin, end - begin}, k});
    }
    return parts;
}

/// A vector, which has one row and one column, in slices of its channels.
std::vector<Part> sliced(const Shape3& shape, int slices) {
    std::vector<Part> parts;
    for (int k = 0; k < slices; ++k) {
        const auto [begin, end] = band_of(shape.c, slices, k);
        parts.push_back({k, begin, end, {0, 1, 1, 0, 1}, k});
    }
    return parts;
}

bool is_vector(const Shape3& shape) {
    return shape.h == 1 && shape.w == 1;
}

}  // namespace

std::vector<std::vector<Part>> relays_of(const QuantGraph& graph, const std::vector<NodePlacement>& placement, const hw::Machine& machine,
                                         const hw::PriceList& prices, bool banded) {
    std::vector<std::vector<Part>> relays(graph.inputs.size());
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
        const TensorId input = graph.inputs[i];
        const Shape3& shape = graph.tensors[at(input)].shape;
        const Delivery delivery(graph, placement, machine, prices, input);
        if (delivery.once(1) == 0 || delivery.direct() < 3 * delivery.once(1)) {
            continue;
        }
        if (is_vector(shape)) {
            const int most_slices = banded ? std::min(shape.c, machine.core_count()) : 1;
            int slices = 1;
            while (slices < most_slices && delivery.relays(1) > slices && 2 * delivery.in_slices(slices + 1) <= 3 * delivery.once(1)) {
                ++slices;
            }
            relays[i] = sliced(shape, slices);
        } else {
            // Rows in turn, and if they are too few, bands of columns of each, as long as L0 is held for them half as long again at most.
            const int most = rows_are_all_read(graph, input) ? std::min(shape.h, machine.core_count()) : 1;
            const int most_bands = banded ? std::min(shape.w, machine.core_count() / most) : 1;
            int bands = 1;
            while (bands < most_bands && delivery.relays(bands) > static_cast<hw::Ticks>(most) * bands &&
                   2 * delivery.once(bands + 1) <= 3 * delivery.once(1)) {
                ++bands;
            }
            const int rows = static_cast<int>(std::min<hw::Ticks>(ceil_div(delivery.relays(bands), static_cast<hw::Ticks>(bands)), most));
            relays[i] = dealt(shape, rows, bands);
        }
        const std::vector<int> cores = idlest_first(placement, graph, machine, prices);
        renumber_cores(relays[i], cores);
    }
    return relays;
}

std::vector<Part> holders_of(const std::vector<MapReader>& readers, const hw::Machine& machine, const hw::PriceList& prices, int least) {
    const Shape3& shape = readers.front().graph.tensors[at(readers.front().input)].shape;
    std::vector<Delivery> deliveries;
    bool all_rows = true;
    for (const MapReader& reader : readers) {
        deliveries.emplace_back(reader.graph, reader.placement, machine, prices, reader.input);
        all_rows = all_rows && rows_are_all_read(reader.graph, reader.input);
    }
    const auto needed = [&](int bands) {
        hw::Ticks most = least;
        for (std::size_t r = 0; r < readers.size(); ++r) {
            const hw::Ticks interval = std::max<hw::Ticks>(1, slowest_reads(readers[r].placement, prices));
            most = std::max(most, share_of_holder * deliveries[r].forward(bands) / interval + 1);
        }
        return most;
    };
    if (is_vector(shape)) {
        return sliced(shape, static_cast<int>(std::min<hw::Ticks>(needed(1), std::min(shape.c, machine.core_count()))));
    }
    const int most_rows = all_rows ? std::min(shape.h, machine.core_count()) : 1;
    int rows = std::min(rows_of_holder, most_rows);
    int bands = 1;
    while (needed(bands) > static_cast<hw::Ticks>(rows) * bands) {
        if (bands < std::min(shape.w, machine.core_count() / rows)) {
            ++bands;
        } else if (rows < most_rows) {
            rows = std::min(2 * rows, most_rows);
            bands = 1;
        } else {
            break;
        }
    }
    return dealt(shape, static_cast<int>(std::min<hw::Ticks>(ceil_div(needed(bands), static_cast<hw::Ticks>(bands)), rows)), bands);
}

std::vector<int> idlest_first(const std::vector<NodePlacement>& placement, const QuantGraph& graph, const hw::Machine& machine,
                              const hw::PriceList& prices) {
    const std::vector<Load> loads = loads_of_cores(placement, graph, machine, prices);
    std::vector<int> order(loads.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return loads[at(a)].most() < loads[at(b)].most(); });
    return order;
}

}  // namespace cim::compiler

#include "compiler/mapping/relays.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "compiler/ceil_div.h"
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
        const std::vector<int> cores = idlest_first(placement, machine.core_count());
        if (shape.h == 1 && shape.w == 1) {
            // A vector has one row and one column, but channels.
            const int most_slices = banded ? std::min(shape.c, machine.core_count()) : 1;
            int slices = 1;
            while (slices < most_slices && delivery.relays(1) > slices && 2 * delivery.in_slices(slices + 1) <= 3 * delivery.once(1)) {
                ++slices;
            }
            for (int k = 0; k < slices; ++k) {
                const auto [begin, end] = band_of(shape.c, slices, k);
                relays[i].push_back({cores[at(k)], begin, end, {0, 1, 1, 0, 1}, k});
            }
            continue;
        }
        // Rows in turn, and if they are too few, bands of columns of each, as long as L0 is held for them half as long again at most.
        const int most = rows_are_all_read(graph, input) ? std::min(shape.h, machine.core_count()) : 1;
        const int most_bands = banded ? std::min(shape.w, machine.core_count() / most) : 1;
        int bands = 1;
        while (bands < most_bands && delivery.relays(bands) > static_cast<hw::Ticks>(most) * bands &&
               2 * delivery.once(bands + 1) <= 3 * delivery.once(1)) {
            ++bands;
        }
        const int rows = static_cast<int>(std::min<hw::Ticks>(ceil_div(delivery.relays(bands), static_cast<hw::Ticks>(bands)), most));
        for (int k = 0; k < rows * bands; ++k) {
            const auto [begin, end] = band_of(shape.w, bands, k % bands);
            const int y0 = k / bands;
            relays[i].push_back({cores[at(k)], 0, shape.c, {y0, rows, ceil_div(shape.h - y0, rows), begin, end - begin}, k});
        }
    }
    return relays;
}

}  // namespace cim::compiler

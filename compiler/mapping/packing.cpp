#include "compiler/mapping/packing.h"

#include <algorithm>

#include "compiler/ceil_div.h"
#include "compiler/mapping/load.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

/// How tightly operators are packed.
enum class Packing : std::uint8_t {
    Columns,    ///< the row tiles of a column begin on a new core if they do not fit the rest of the present one
    Operators,  ///< each operator begins on a new core
    Dense,      ///< crossbar after crossbar
    Copies,     ///< each copy begins on a new core
    Cores,      ///< CM: a core works for one copy of one operator, and if a column needs several cores, for that column
};

/// Puts tiles that have no crossbar of their own into that of the copy which has one for them.
void share_crossbars(std::vector<NodePlacement>& placement) {
    for (NodePlacement& here : placement) {
        const std::size_t of_a_copy = here.tiles.size() / std::max<std::size_t>(1, here.copies.size());
        for (std::size_t t = 0; t < here.tiles.size(); ++t) {
            const Tile& holder = here.tiles[t - static_cast<std::size_t>(here.tiles[t].behind) * of_a_copy];
            here.tiles[t].core = holder.core;
            here.tiles[t].xb = holder.xb;
        }
    }
}

/// One crossbar after the other, `per_core` of each core; returns how many were passed, gaps included.
int in_order(std::vector<NodePlacement>& placement, int per_core, Packing packing) {
    int next = 0;
    const auto next_core = [&] { next = ceil_div(next, per_core) * per_core; };
    for (NodePlacement& here : placement) {
        std::vector<Tile>& tiles = here.tiles;
        if (!tiles.empty() && packing != Packing::Dense) {
            next_core();
        }
        const bool cores_of_a_copy = packing == Packing::Cores || packing == Packing::Copies;
        const bool columns = packing == Packing::Columns || packing == Packing::Cores;
        const auto same_column = [&](std::size_t a, std::size_t b) {
            return tiles[a].col == tiles[b].col && tiles[a].copy == tiles[b].copy && tiles[b].has_crossbar();
        };
        int last_column = 0;
        for (std::size_t t = 0; t < tiles.size(); ++t) {
            if (!tiles[t].has_crossbar()) {
                continue;
            }
            if (cores_of_a_copy && t > 0 && tiles[t].copy != tiles[t - 1].copy) {
                next_core();
            }
            if (columns && (t == 0 || !same_column(t, t - 1))) {
                int column = 0;
                while (t + static_cast<std::size_t>(column) < tiles.size() && same_column(t, t + static_cast<std::size_t>(column))) {
                    ++column;
                }
                const bool after_cores_of_its_own = packing == Packing::Cores && t > 0 && last_column > per_core;
                if (column > per_core - next % per_core || after_cores_of_its_own) {
                    next_core();
                }
                last_column = column;
            }
            tiles[t].core = next / per_core;
            tiles[t].xb = next % per_core;
            ++next;
        }
    }
    share_crossbars(placement);
    return next;
}

/// The tiles of one column of one copy.
using Column = std::vector<Tile*>;

std::vector<Column> columns_of(NodePlacement& conv) {
    std::vector<Column> columns;
    for (Tile& tile : conv.tiles) {
        if (columns.empty() || columns.back().back()->col != tile.col || columns.back().back()->copy != tile.copy) {
            columns.emplace_back();
        }
        columns.back().push_back(&tile);
    }
    return columns;
}

/// A column in parts that fill a core, and the rest.
std::vector<Column> on_cores(const Column& column, std::size_t per_core) {
    std::vector<Column> parts;
    for (std::size_t from = 0; from < column.size(); from += per_core) {
        const std::size_t to = std::min(from + per_core, column.size());
        parts.emplace_back(column.begin() + static_cast<std::ptrdiff_t>(from), column.begin() + static_cast<std::ptrdiff_t>(to));
    }
    return parts;
}

struct LoadedColumn {
    Column tiles;
    Load load;
};

/// Gives each column to the first core with room where nothing is then held longer than `most`: columns that follow each other stay near
/// each other. False if some column finds none.
bool first_fit(const std::vector<LoadedColumn>& columns, hw::Ticks most, int cores, int per_core) {
    std::vector<Load> loads(static_cast<std::size_t>(cores));
    std::vector<int> used(static_cast<std::size_t>(cores), 0);
    std::size_t open = 0;  // the first with room at all
    for (const LoadedColumn& column : columns) {
        const auto need = static_cast<int>(column.tiles.size());
        while (open < used.size() && used[open] == per_core) {
            ++open;
        }
        std::size_t core = open;
        const auto fits = [&] {
            if (used[core] + need > per_core) {
                return false;
            }
            Load load = loads[core];
            load += column.load;
            return load.most() <= most;
        };
        while (core < loads.size() && !fits()) {
            ++core;
        }
        if (core == loads.size()) {
            return false;
        }
        loads[core] += column.load;
        for (Tile* tile : column.tiles) {
            tile->core = static_cast<int>(core);
            tile->xb = used[core]++;
        }
    }
    return true;
}

/// Tiles of the tallest column, as many as a core has room for.
int tallest_column(std::vector<NodePlacement>& placement, int per_core) {
    int tallest = 1;
    for (NodePlacement& here : placement) {
        for (const Column& column : columns_of(here)) {
            tallest = std::max(tallest, std::min(static_cast<int>(column.size()), per_core));
        }
    }
    return tallest;
}

}  // namespace

bool ports_matter(const hw::Machine& machine, const hw::PriceList& prices) {
    constexpr int bits = 8;
    if (machine.core.l1.bandwidth.ideal) {
        return false;
    }
    const int cols = machine.logical_cols(bits);
    const std::int64_t bytes = machine.crossbars_per_core() * (machine.crossbar.rows + 4LL * cols);
    const hw::Ticks port = 8 * bytes / machine.core.l1.bandwidth.value * machine.core_clock.ticks_per_cycle;
    return 4 * port > prices.mvm_ticks(machine.crossbar.rows, cols, bits, bits);
}

int crossbars_taken(const std::vector<Tile>& tiles, const hw::Machine& machine, Spread spread) {
    const int per_core = machine.crossbars_per_core();
    if (machine.mode != hw::ComputingMode::CM) {
        const auto own = static_cast<int>(tiles.size());
        return spread == Spread::Copies ? ceil_div(own, per_core) * per_core : own;
    }
    std::vector<NodePlacement> alone(1);
    alone[0].tiles = tiles;
    return ceil_div(in_order(alone, per_core, Packing::Cores), per_core) * per_core;
}

bool pack_in_order(std::vector<NodePlacement>& placement, const hw::Machine& machine, Spread spread) {
    const int per_core = machine.crossbars_per_core();
    if (machine.mode == hw::ComputingMode::CM || spread == Spread::Copies) {
        const Packing packing = machine.mode == hw::ComputingMode::CM ? Packing::Cores : Packing::Copies;
        return in_order(placement, per_core, packing) <= machine.core_count() * per_core;
    }
    int fewest = per_core;
    if (spread == Spread::Columns) {
        fewest = tallest_column(placement, per_core);
    } else if (spread == Spread::Tiles) {
        fewest = 1;
    }
    for (const Packing packing : {Packing::Columns, Packing::Operators, Packing::Dense}) {
        for (int used = fewest; used <= per_core; ++used) {
            if (ceil_div(in_order(placement, used, packing), used) <= machine.core_count()) {
                return true;
            }
        }
    }
    return false;
}

std::optional<hw::Ticks> pack_balanced(std::vector<NodePlacement>& placement, const QuantGraph& graph, const hw::Machine& machine,
                                       const hw::PriceList& prices, Spread spread) {
    const ColumnLoads load_of(graph, placement, machine, prices, spread == Spread::Counted);
    const int cores = machine.core_count();
    std::vector<LoadedColumn> columns;
    Load all;
    hw::Ticks largest = 1;
    bool copies = false;
    for (std::size_t n = 0; n < placement.size(); ++n) {
        copies = copies || placement[n].copies.size() > 1;
        for (Column& column : columns_of(placement[n])) {
            const Grid& grid = placement[n].copies[static_cast<std::size_t>(column[0]->copy)];
            for (Column& part : on_cores(column, static_cast<std::size_t>(machine.crossbars_per_core()))) {
                const Load load = load_of(static_cast<NodeId>(n), part, grid);
                all += load;
                largest = std::max(largest, load.most());
                part.erase(std::remove_if(part.begin(), part.end(), [](const Tile* tile) { return !tile->has_crossbar(); }), part.end());
                columns.push_back({std::move(part), load});
            }
        }
    }
    if (!copies) {
        return std::nullopt;
    }
    if (spread == Spread::Largest || all_are_near(machine, prices)) {
        // A large column needs a core with few others, small ones fit beside it: in any other order crossbars are left over.
        std::stable_sort(columns.begin(), columns.end(),
                         [](const LoadedColumn& a, const LoadedColumn& b) { return a.tiles.size() > b.tiles.size(); });
    }
    // From an even share on, a fiftieth more each time: more than twice the share is no balance.
    const hw::Ticks share = std::max(all.most() / cores, largest);
    for (hw::Ticks most = share; most <= 2 * share; most += share / 50 + 1) {
        if (first_fit(columns, most, cores, machine.crossbars_per_core())) {
            share_crossbars(placement);
            return most;
        }
    }
    return std::nullopt;
}

std::vector<Spread> spreads_on(const hw::Machine& machine, const hw::PriceList& prices) {
    std::vector<Spread> spreads{Spread::Balanced};
    if (machine.mode != hw::ComputingMode::CM && !all_are_near(machine, prices)) {
        spreads.push_back(Spread::Largest);
    }
    if (machine.mode != hw::ComputingMode::CM) {
        spreads.push_back(Spread::Counted);
        spreads.push_back(Spread::None);
    }
    if (machine.mode != hw::ComputingMode::CM && machine.crossbars_per_core() > 1) {
        spreads.insert(spreads.end(), {Spread::Columns, Spread::Tiles});
    }
    return spreads;
}

bool all_are_near(const hw::Machine& machine, const hw::PriceList& prices) {
    const hw::NocModel& noc = prices.noc();
    for (int core = 2; core < machine.core_count(); ++core) {
        if (noc.uncontended(0, core, 1) != noc.uncontended(0, 1, 1)) {
            return false;
        }
    }
    return true;
}

std::vector<Load> loads_of_cores(const std::vector<NodePlacement>& placement, const QuantGraph& graph, const hw::Machine& machine,
                                 const hw::PriceList& prices, Spread spread) {
    const ColumnLoads load_of(graph, placement, machine, prices, spread == Spread::Counted);
    std::vector<Load> loads(static_cast<std::size_t>(machine.core_count()));
    for (std::size_t n = 0; n < placement.size(); ++n) {
        NodePlacement here = placement[n];
        for (const Column& column : columns_of(here)) {
            for (const Column& part : on_cores(column, static_cast<std::size_t>(machine.crossbars_per_core()))) {
                const Grid& grid = here.copies[static_cast<std::size_t>(part[0]->copy)];
                loads[static_cast<std::size_t>(part[0]->core)] += load_of(static_cast<NodeId>(n), part, grid);
            }
        }
    }
    return loads;
}

hw::Ticks busiest_core(const std::vector<NodePlacement>& placement, const QuantGraph& graph, const hw::Machine& machine,
                       const hw::PriceList& prices, Spread spread) {
    hw::Ticks most = 0;
    for (const Load& load : loads_of_cores(placement, graph, machine, prices, spread)) {
        most = std::max(most, load.most());
    }
    return most;
}

}  // namespace cim::compiler

#include "compiler/mapping/packing.h"

#include <algorithm>

#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

int ceil_div(int a, int b) {
    return (a + b - 1) / b;
}

/// How tightly operators are packed.
enum class Packing : std::uint8_t {
    Columns,    ///< the row tiles of a column begin on a new core if they do not fit the rest of the present one
    Operators,  ///< each operator begins on a new core
    Dense,      ///< crossbar after crossbar
    Cores,      ///< CM: a core works for one copy of one operator, and if a column needs several cores, for that column
};

/// One crossbar after the other, `per_core` of each core; returns how many were passed, gaps included.
int in_order(std::vector<NodePlacement>& placement, int per_core, Packing packing) {
    int next = 0;
    const auto next_core = [&] { next = ceil_div(next, per_core) * per_core; };
    for (NodePlacement& here : placement) {
        std::vector<Tile>& tiles = here.tiles;
        if (!tiles.empty() && packing != Packing::Dense) {
            next_core();
        }
        const bool columns = packing == Packing::Columns || packing == Packing::Cores;
        const auto same_column = [&](std::size_t a, std::size_t b) {
            return tiles[a].col == tiles[b].col && tiles[a].copy == tiles[b].copy;
        };
        int last_column = 0;
        for (std::size_t t = 0; t < tiles.size(); ++t) {
            if (packing == Packing::Cores && t > 0 && tiles[t].copy != tiles[t - 1].copy) {
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
    return next;
}

/// The tiles of one column of one copy, and the bytes that they move through an L1 port for an image.
struct Column {
    std::vector<Tile*> tiles;
    std::int64_t bytes = 0;
};

std::vector<Column> columns_of(NodePlacement& conv) {
    std::vector<Column> columns;
    for (Tile& tile : conv.tiles) {
        const bool fresh =
            columns.empty() || columns.back().tiles.back()->col != tile.col || columns.back().tiles.back()->copy != tile.copy;
        if (fresh) {
            columns.emplace_back();
        }
        columns.back().tiles.push_back(&tile);
    }
    for (Column& column : columns) {
        // A window in and sums out for each tile; the sums in again, the result out and on its way.
        std::int64_t a_position = 2 * column.tiles[0]->cols;
        for (const Tile* tile : column.tiles) {
            a_position += tile->rows + 8LL * tile->cols;
        }
        column.bytes = a_position * conv.copies[static_cast<std::size_t>(column.tiles[0]->copy)].positions();
    }
    return columns;
}

/// Columns stay whole.
bool balanced(std::vector<NodePlacement>& placement, int cores, int per_core) {
    std::vector<std::vector<Column>> columns;
    std::int64_t all = 0;
    for (NodePlacement& here : placement) {
        columns.push_back(columns_of(here));
        for (const Column& column : columns.back()) {
            all += column.bytes;
            if (static_cast<int>(column.tiles.size()) > per_core) {
                return false;
            }
        }
    }
    const std::int64_t share = all / cores;
    std::vector<std::int64_t> bytes(static_cast<std::size_t>(cores), 0);
    std::vector<int> used(static_cast<std::size_t>(cores), 0);
    for (const std::vector<Column>& of_node : columns) {
        for (const Column& column : of_node) {
            int core = -1;
            const auto need = static_cast<int>(column.tiles.size());
            const auto fits = [&](int c) { return used[static_cast<std::size_t>(c)] + need <= per_core; };
            // The first core with room and a part of its share left: operators that follow each other stay near each other.
            for (int c = 0; c < cores && core < 0; ++c) {
                core = fits(c) && bytes[static_cast<std::size_t>(c)] + column.bytes <= share ? c : -1;
            }
            for (int c = 0, least = -1; c < cores && (core < 0 || core == least); ++c) {
                if (fits(c) && (least < 0 || bytes[static_cast<std::size_t>(c)] < bytes[static_cast<std::size_t>(least)])) {
                    core = least = c;
                }
            }
            if (core < 0) {
                return false;
            }
            bytes[static_cast<std::size_t>(core)] += column.bytes;
            for (Tile* tile : column.tiles) {
                tile->core = core;
                tile->xb = used[static_cast<std::size_t>(core)]++;
            }
        }
    }
    return true;
}

/// Tiles of the tallest column, as many as a core has room for.
int tallest_column(std::vector<NodePlacement>& placement, int per_core) {
    int tallest = 1;
    for (NodePlacement& here : placement) {
        for (const Column& column : columns_of(here)) {
            tallest = std::max(tallest, std::min(static_cast<int>(column.tiles.size()), per_core));
        }
    }
    return tallest;
}

}  // namespace

bool ports_matter(const hw::Machine& machine) {
    constexpr int bits = 8;
    if (machine.core.l1.bandwidth.ideal) {
        return false;
    }
    const int cols = machine.logical_cols(bits);
    const std::int64_t bytes = machine.crossbars_per_core() * (machine.crossbar.rows + 4LL * cols);
    const hw::Ticks port = 8 * bytes / machine.core.l1.bandwidth.value * machine.core_clock.ticks_per_cycle;
    return 4 * port > hw::PriceList(machine).mvm_ticks(machine.crossbar.rows, cols, bits, bits);
}

int crossbars_taken(const std::vector<Tile>& tiles, const hw::Machine& machine) {
    if (machine.mode != hw::ComputingMode::CM) {
        return static_cast<int>(tiles.size());
    }
    const int per_core = machine.crossbars_per_core();
    std::vector<NodePlacement> alone(1);
    alone[0].tiles = tiles;
    return ceil_div(in_order(alone, per_core, Packing::Cores), per_core) * per_core;
}

bool pack_in_order(std::vector<NodePlacement>& placement, const hw::Machine& machine, Spread spread) {
    const int per_core = machine.crossbars_per_core();
    if (machine.mode == hw::ComputingMode::CM) {
        return in_order(placement, per_core, Packing::Cores) <= machine.core_count() * per_core;
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

bool pack_balanced(std::vector<NodePlacement>& placement, const hw::Machine& machine) {
    const bool copies = std::any_of(placement.begin(), placement.end(), [](const NodePlacement& here) { return here.copies.size() > 1; });
    return copies && balanced(placement, machine.core_count(), machine.crossbars_per_core());
}

}  // namespace cim::compiler

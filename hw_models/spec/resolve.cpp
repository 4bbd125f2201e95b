// What follows from the values of the file: the common tick, cost matrices from distances, the content hash.

#include <cstdlib>
#include <numeric>

#include <fmt/format.h>
#include <xxhash.h>

#include "hw_models/spec/document.h"

namespace cim::hw {
namespace {

void resolve_clocks(Machine& m) {
    std::int64_t ticks = 1;
    for (const Clock* clock : {&m.chip_clock, &m.core_clock, &m.crossbar_clock}) {
        ticks = std::lcm(ticks, static_cast<std::int64_t>(clock->hertz));
    }
    m.ticks_per_second = ticks;
    m.tick_seconds = 1.0 / static_cast<double>(ticks);
    for (Clock* clock : {&m.chip_clock, &m.core_clock, &m.crossbar_clock}) {
        clock->ticks_per_cycle = ticks / static_cast<std::int64_t>(clock->hertz);
    }
}

/// Costs between the nodes of a grid, row-major, and a last node that sits at `noc.memory_node`. `router` is the part of the grid that
/// shares one router.
CostMatrix derive_cost(const NocSpec& noc, const Grid& grid, const Grid& router) {
    std::vector<Grid> at;
    for (int r = 0; r < grid.rows; ++r) {
        for (int c = 0; c < grid.cols; ++c) {
            at.push_back({r / router.rows, c / router.cols});
        }
    }
    at.push_back(noc.memory_node);
    CostMatrix cost(at.size(), std::vector<Cycles>(at.size(), 0));
    for (std::size_t i = 0; i < at.size(); ++i) {
        for (std::size_t j = 0; j < at.size(); ++j) {
            const int hops = std::abs(at[i].rows - at[j].rows) + std::abs(at[i].cols - at[j].cols);
            cost[i][j] = i == j ? 0 : noc.cost_base + noc.cost_per_hop * hops;
        }
    }
    return cost;
}

/// XXH3-128 of `path=value` lines, resolved values in base units. The name and the description are not part of it, nor is how a cost
/// matrix was written down.
std::string content_hash(Document& document) {
    std::string text;
    for (std::size_t i = 0; i < schema().size(); ++i) {
        const Key& key = schema()[i];
        if (key.kind == Kind::Section || !key.hashed) {
            continue;
        }
        const bool derived = key.kind == Kind::Matrix && !std::get<CostMatrix*>(key.slot(document.machine))->empty();
        if (derived || document.entries[i].has_value()) {
            text += key.path + "=" + write_value(key, document.machine) + "\n";
        }
    }
    const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

void resolve(Document& document) {
    Machine& m = document.machine;
    resolve_clocks(m);
    if (document.has("chip.noc.cost.base")) {
        m.chip.noc.cost = derive_cost(m.chip.noc, m.chip.cores, m.chip.cluster ? m.chip.cluster->cores : Grid{1, 1});
    }
    if (document.has("core.noc.cost.base")) {
        m.core.noc.cost = derive_cost(m.core.noc, m.core.crossbars, Grid{1, 1});
    }
    m.hash = content_hash(document);
}

}  // namespace cim::hw

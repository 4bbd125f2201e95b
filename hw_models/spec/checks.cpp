// The rules between values of the hardware file. One row a rule: the values that it needs, where it is reported, what it says.

#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "hw_models/crossbar/converter.h"
#include "hw_models/device/traits.h"
#include "hw_models/spec/document.h"

namespace cim::hw {
namespace {

using Complaint = std::optional<std::string>;

struct Rule {
    std::vector<std::string> needs;  ///< the first is where it is reported
    std::string words;
    Complaint (*check)(const Machine&);
};

constexpr std::int64_t most_ticks_per_second = 1'000'000'000'000'000;
constexpr std::int64_t most_crossbars = 1 << 24;
constexpr std::int64_t most_cost_nodes = 1025;  // a matrix of about a million costs
constexpr std::int64_t most_cores = 65'536;

std::int64_t count(const Grid& grid) {
    return static_cast<std::int64_t>(grid.rows) * grid.cols;
}

std::string shape(const Grid& grid) {
    return fmt::format("[{}, {}]", grid.rows, grid.cols);
}

Complaint check_ticks(const Machine& m) {
    std::int64_t ticks = 1;
    for (const Clock* clock : {&m.chip_clock, &m.core_clock, &m.crossbar_clock}) {
        const auto hertz = static_cast<std::int64_t>(clock->hertz);
        const std::int64_t factor = hertz / std::gcd(ticks, hertz);
        if (ticks > most_ticks_per_second / factor) {
            return fmt::format("the three clocks have no common tick of {:g} s or longer: choose frequencies with larger common divisors",
                               1.0 / static_cast<double>(most_ticks_per_second));
        }
        ticks *= factor;
    }
    return std::nullopt;
}

Complaint check_core_count(const Machine& m) {
    if (count(m.chip.cores) > most_cores) {
        return fmt::format("{} makes {} cores; at most {} are possible", shape(m.chip.cores), count(m.chip.cores), most_cores);
    }
    return std::nullopt;
}

Complaint check_crossbar_count(const Machine& m) {
    const std::int64_t per_core = count(m.core.crossbars);
    if (per_core > most_crossbars / count(m.chip.cores)) {
        return fmt::format("{} cores of {} crossbars: at most {} crossbars are possible", count(m.chip.cores), per_core, most_crossbars);
    }
    return std::nullopt;
}

Complaint check_parallel_row(const Machine& m) {
    if (m.crossbar.parallel_row > m.crossbar.rows) {
        return fmt::format("{} rows at once, but crossbar.size has only {}", m.crossbar.parallel_row, m.crossbar.rows);
    }
    return std::nullopt;
}

Complaint check_slices(const Machine& m) {
    if (m.columns(8) > m.crossbar.cols) {
        return fmt::format("an 8-bit weight takes {} columns of {}-bit cells (device.bits_per_cell), but there are only {}", m.columns(8),
                           m.device.bits_per_cell, m.crossbar.cols);
    }
    return std::nullopt;
}

Complaint check_adc_count(const Machine& m) {
    const int bitlines = encoder_of(m.crossbar.encoding).bitlines();
    if (m.crossbar.adc.count > m.crossbar.cols / bitlines) {
        return fmt::format("{} converters for {} {}columns (crossbar.size): some would never be used", m.crossbar.adc.count,
                           m.crossbar.cols / bitlines, bitlines > 1 ? "pairs of " : "");
    }
    return std::nullopt;
}

Complaint check_adc_sign(const Machine& m) {
    if (m.crossbar.adc.bits < 2 && sum_range(m).least < 0) {
        return fmt::format("{} bit for sums with a sign (crossbar.weight_encoding): a converter needs 2 at least", m.crossbar.adc.bits);
    }
    return std::nullopt;
}

Complaint check_sum_range(const Machine& m) {
    const auto levels = [](int bits) { return (std::int64_t{1} << bits) - 1; };
    const std::int64_t cell_times_input = levels(m.device.bits_per_cell) * levels(m.crossbar.dac.bits);
    if (cell_times_input > ((std::int64_t{1} << 31) - 1) / m.crossbar.parallel_row) {
        return fmt::format("the sum of {} rows of {}-bit inputs and {}-bit cells (device.bits_per_cell) does not fit 31 bits",
                           m.crossbar.parallel_row, m.crossbar.dac.bits, m.device.bits_per_cell);
    }
    return std::nullopt;
}

Complaint check_device_bits(const Machine& m) {
    const int most = device_traits(m.device.type).most_bits_per_cell;
    if (m.device.bits_per_cell > most) {
        return fmt::format("{} cells hold {} bit{} at most, not {} (device.type)", m.device.type, most, most == 1 ? "" : "s",
                           m.device.bits_per_cell);
    }
    return std::nullopt;
}

Complaint check_cluster(const Machine& m) {
    const Grid& cluster = m.chip.cluster->cores;
    if (m.chip.cores.rows % cluster.rows != 0 || m.chip.cores.cols % cluster.cols != 0) {
        return fmt::format("clusters of {} do not divide the cores {} (chip.cores)", shape(cluster), shape(m.chip.cores));
    }
    return std::nullopt;
}

Complaint outside(const Grid& node, const Grid& routers, const std::string& of) {
    if (node.rows >= routers.rows || node.cols >= routers.cols) {
        return fmt::format("{} is outside the {} {}; rows and columns count from 0", shape(node), shape(routers), of);
    }
    return std::nullopt;
}

Grid routers_of(const Machine& m) {
    Grid grid = m.chip.cores;
    if (m.chip.cluster) {
        grid.rows /= m.chip.cluster->cores.rows;
        grid.cols /= m.chip.cluster->cores.cols;
    }
    return grid;
}

Complaint check_chip_memory_node(const Machine& m) {
    if (m.chip.cluster && check_cluster(m)) {
        return std::nullopt;  // that has been said
    }
    return outside(m.chip.noc.memory_node, routers_of(m),
                   m.chip.cluster ? "routers (chip.cores over cluster.cores)" : "routers (chip.cores)");
}

Complaint check_core_memory_node(const Machine& m) {
    return outside(m.core.noc.memory_node, m.core.crossbars, "crossbars (core.crossbars)");
}

Complaint check_matrix(const CostMatrix& cost, std::int64_t nodes, const std::string& what) {
    if (static_cast<std::int64_t>(cost.size()) != nodes) {
        return fmt::format("has {} rows, but {} make {} nodes", cost.size(), what, nodes);
    }
    for (std::size_t r = 0; r < cost.size(); ++r) {
        if (cost[r].size() != cost.size()) {
            return fmt::format("row {} has {} values, but {} make {} nodes", r, cost[r].size(), what, nodes);
        }
        if (cost[r][r] != 0) {
            return fmt::format("row {}: from a node to itself the cost must be 0, not {}", r, cost[r][r]);
        }
    }
    return std::nullopt;
}

Complaint check_chip_matrix(const Machine& m) {
    return check_matrix(m.chip.noc.cost, count(m.chip.cores) + 1, "the cores and L0");
}

Complaint check_core_matrix(const Machine& m) {
    return check_matrix(m.core.noc.cost, count(m.core.crossbars) + 1, "the crossbars and L1");
}

Complaint check_derived_size(std::int64_t nodes) {
    if (nodes > most_cost_nodes) {
        return fmt::format("a cost matrix of {} nodes; at most {} are possible", nodes, most_cost_nodes);
    }
    return std::nullopt;
}

Complaint check_chip_derived(const Machine& m) {
    return check_derived_size(count(m.chip.cores) + 1);
}

Complaint check_core_derived(const Machine& m) {
    return check_derived_size(count(m.core.crossbars) + 1);
}

const std::vector<Rule>& rules() {
    static const std::vector<Rule> table{
        {{"clocks.crossbar", "clocks.chip", "clocks.core"}, "the clocks have a common tick of 1 fs or longer", check_ticks},
        {{"chip.cores"}, "at most 65,536 cores", check_core_count},
        {{"core.crossbars", "chip.cores"}, "at most 16,777,216 crossbars in all", check_crossbar_count},
        {{"cluster.cores", "chip.cores"}, "clusters divide the grid of cores", check_cluster},
        {{"chip.noc.memory_node", "chip.cores"}, "the node of L0 is a router of the grid", check_chip_memory_node},
        {{"chip.noc.cost.memory_node", "chip.cores"}, "the node of L0 is a router of the grid", check_chip_memory_node},
        {{"chip.noc.cost_matrix", "chip.cores"},
         "a square with a row for each core and one for L0, 0 from a node to itself",
         check_chip_matrix},
        {{"chip.noc.cost.base", "chip.cores"}, "at most 1,025 nodes", check_chip_derived},
        {{"core.noc.cost.memory_node", "core.crossbars"}, "the node of L1 is a crossbar of the grid", check_core_memory_node},
        {{"core.noc.cost_matrix", "core.crossbars"},
         "a square with a row for each crossbar and one for L1, 0 from a node to itself",
         check_core_matrix},
        {{"core.noc.cost.base", "core.crossbars"}, "at most 1,025 nodes", check_core_derived},
        {{"crossbar.parallel_row", "crossbar.size"}, "no more rows at once than there are", check_parallel_row},
        {{"crossbar.size", "device.bits_per_cell", "crossbar.weight_encoding"}, "a row has room for an 8-bit weight", check_slices},
        {{"crossbar.adc.count", "crossbar.size", "crossbar.weight_encoding"},
         "no more converters than columns, or pairs of them",
         check_adc_count},
        {{"crossbar.adc.bits", "crossbar.weight_encoding", "crossbar.parallel_row", "device.bits_per_cell"},
         "2 bits at least where sums have a sign",
         check_adc_sign},
        {{"crossbar.dac.bits", "crossbar.parallel_row", "device.bits_per_cell"}, "sums fit 31 bits", check_sum_range},
        {{"device.bits_per_cell", "device.type"}, "no more bits than cells of the type can hold", check_device_bits},
    };
    return table;
}

}  // namespace

std::vector<std::string> consistency_rules() {
    std::vector<std::string> texts;
    for (const Rule& rule : rules()) {
        std::string others;
        for (std::size_t i = 1; i < rule.needs.size(); ++i) {
            others += fmt::format("{}`{}`", i == 1 ? "" : ", ", rule.needs[i]);
        }
        texts.push_back(fmt::format("`{}`: {}{}", rule.needs[0], rule.words, others.empty() ? "" : " (" + others + ")"));
    }
    return texts;
}

void check_consistency(Document& document) {
    for (const Rule& rule : rules()) {
        bool ready = true;
        for (const std::string& path : rule.needs) {
            ready = ready && document.has(path);
        }
        if (!ready) {
            continue;
        }
        if (const Complaint complaint = rule.check(document.machine)) {
            const std::string& path = rule.needs.front();
            document.error(document.entry(path).place, path, *complaint);
        }
    }
}

}  // namespace cim::hw

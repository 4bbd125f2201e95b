// What generated machines lose with half of one resource, and where they gain by it: less should never be faster. Timing-only runs of one
// generated network a machine. Usage: cimmlc-halving [MACHINES [FIRST SEED]]; without words 200 machines from 0 on.
#include "tests/platform/halving.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <systemc>

#include <fmt/format.h>

#include "tests/platform/machines.h"

namespace {

using namespace cim;

/// Of one resource, over all machines.
struct Row {
    int tried = 0;
    int refused = 0;
    double sum_of_logs = 0;
    std::vector<double> faster;  ///< ratios of those that became more than 2 % faster
};

}  // namespace

int sc_main(int argc, char** argv) {
    constexpr double tolerance = 0.98;
    const std::uint64_t machines = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200;
    const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    std::vector<Row> rows(test::halvings().size());
    int fitted = 0;
    for (std::uint64_t seed = first; seed < first + machines; ++seed) {
        const hw::Machine machine = test::random_variant(seed);
        const compiler::QuantGraph graph = test::network_to_halve(seed);
        const std::int64_t batch = 1 + static_cast<std::int64_t>(seed % 3);
        const auto whole = test::timing_on(machine, graph, batch);
        if (!whole) {
            continue;
        }
        ++fitted;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto less = test::halvings()[i].apply(machine);
            if (!less) {
                continue;
            }
            ++rows[i].tried;
            const auto halved = test::timing_on(*less, graph, batch);
            if (!halved) {
                ++rows[i].refused;
                continue;
            }
            const double ratio = static_cast<double>(halved->ticks) / static_cast<double>(whole->ticks);
            rows[i].sum_of_logs += std::log(ratio);
            if (ratio < tolerance) {
                rows[i].faster.push_back(ratio);
                fmt::print("machine {:>4}, half of {:<22} {:>6.1f} % faster: {} -> {} ticks, {} -> {} segments\n", seed,
                           test::halvings()[i].resource, 100 * (1 - ratio), whole->ticks, halved->ticks, whole->segments, halved->segments);
            }
        }
    }
    fmt::print("\n{} machines, on {} of them the network fits\n{:<24} {:>6} {:>8} {:>12} {:>12} {:>10}\n", machines, fitted, "half of",
               "tried", "refused", "mean time", "2 % faster", "the most");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        const double most = row.faster.empty() ? 1 : *std::min_element(row.faster.begin(), row.faster.end());
        fmt::print("{:<24} {:>6} {:>8} {:>11.2f}x {:>12} {:>8.1f} %\n", test::halvings()[i].resource, row.tried, row.refused,
                   std::exp(row.sum_of_logs / std::max(1, row.tried - row.refused)), row.faster.size(), 100 * (1 - most));
    }
    return 0;
}

#include "compiler/scheduling/vvm/remapping.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "compiler/ceil_div.h"
#include "compiler/scheduling/cg/options.h"
#include "hw_models/crossbar/converter.h"

namespace cim::compiler {

std::vector<int> tile_heights(const QuantNode& conv, const hw::Machine& machine) {
    std::vector<int> heights{0};
    const int together = machine.crossbar.parallel_row;
    const bool same_groups = machine.crossbar.rows % together == 0 || hw::adc_is_lossless(machine);
    if (machine.mode != hw::ComputingMode::WLM || conv.groups > 1 || !same_groups) {
        return heights;
    }
    for (int rows = together; rows < std::min(machine.crossbar.rows, conv.rows); rows += together) {
        if (rows == together || ceil_div(conv.rows, rows) < ceil_div(conv.rows, rows - together)) {
            heights.push_back(rows);
        }
    }
    return heights;
}

std::vector<Split> remap(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars, std::int64_t images) {
    std::vector<Split> splits = duplicate(tasks, crossbars);
    std::int64_t used = 0;
    hw::Ticks shortest = 0;
    hw::Ticks best = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        used += task_crossbars(tasks[i], splits[i]);
        shortest = std::max(shortest, task_ticks(tasks[i], splits[i]));
        best += lag(tasks[i], splits[i]);
    }
    best += images * shortest;
    if (used > crossbars) {
        return splits;
    }
    std::vector<Options> options;
    std::vector<const Options*> each;
    hw::Ticks least_lags = 0;
    options.reserve(tasks.size());
    for (const DuplicationTask& task : tasks) {
        options.emplace_back(task, 0, 1);
        each.push_back(&options.back());
        least_lags += options.back().cheapest(std::numeric_limits<hw::Ticks>::max())->cost;
    }
    // The shortest interval there is, then intervals that are longer by a thirty-second each time, as long as lags may make up for that.
    std::vector<hw::Ticks> intervals;
    for (hw::Ticks slowest = shortest; images * slowest + least_lags < best; slowest += slowest / 32 + 1) {
        intervals.push_back(slowest);
    }
    const std::optional<Choice> choice = Chooser(each, crossbars).least(intervals, [&](hw::Ticks slowest) { return images * slowest; });
    return choice && images * choice->slowest + choice->cost < best ? choice->splits() : splits;
}

}  // namespace cim::compiler

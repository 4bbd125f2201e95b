// Which Convs take their windows out of L0, each by itself.
#include <algorithm>

#include "compiler/ir/index.h"
#include "compiler/memory/layout.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

int Layout::input_of(int n) const {
    const auto input = std::find(graph_.inputs.begin(), graph_.inputs.end(), node(n).inputs[0]);
    return input == graph_.inputs.end() ? -1 : static_cast<int>(input - graph_.inputs.begin());
}

bool Layout::all_by_window(int input) const {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        const std::vector<TensorId>& inputs = graph_.nodes[n].inputs;
        if (std::count(inputs.begin(), inputs.end(), graph_.inputs[at(input)]) > 0 && !by_window_[n]) {
            return false;
        }
    }
    return true;
}

bool Layout::comes_by_window(int n) const {
    const QuantNode& conv = node(n);
    if (conv.kind != NodeKind::Conv || conv.groups > 1 || choices_.serial || machine_.core.l1.size.ideal) {
        return false;
    }
    const int input = input_of(n);
    if (input < 0) {
        return false;
    }
    std::int64_t by_window = 0;
    std::int64_t by_row = 0;
    hw::Ticks sending = 0;
    for (const Reader& each : readers_[at(n)]) {
        const Reading reading = reading_of(graph_, conv, 0, each.grid).without_rows_between();
        const int taps = reading.taps_h * reading.taps_w;
        const int window = each.range.to - each.range.from;
        if (taps == 1 || reading.whole() || window == taps * (each.range.c1 - each.range.c0)) {
            return false;
        }
        by_window += reading.positions() * window;
        by_row += static_cast<std::int64_t>(reading.used_rows()) * reading.used_cols() * (each.range.c1 - each.range.c0);
        sending += reading.positions() * prices_.gate_ticks(prices_.load(each.core, window), hw::Resource::L0Port);
    }
    const bool less = by_window <= by_row && relays_[at(input)].empty();
    return less || (by_window <= 2 * by_row && sending <= interval_);
}

}  // namespace cim::compiler

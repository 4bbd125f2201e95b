#include "compiler/mapping/share.h"

#include <algorithm>

#include "hw_models/crossbar/converter.h"

namespace cim::compiler {

namespace {

/// Rounded up; false if there is but one.
bool halve(int& count, int times) {
    for (; times > 0; --times) {
        if (count < 2) {
            return false;
        }
        count = (count + 1) / 2;
    }
    return true;
}

/// False if there is no limit.
bool halve(hw::Limit& limit, int times) {
    limit.value >>= times;
    return times == 0 || (!limit.ideal && limit.value > 0);
}

/// The half of `count` places in a row in which `inside` lies: the first of them.
int first_of_half(int count, int half, int inside) {
    return std::clamp(inside - half + 1, 0, count - half);
}

/// Halves the grid of routers again and again, rows before columns unless those alone are even.
bool take_cores(MachinePart& part, int times) {
    hw::Machine& m = part.machine;
    const hw::Grid a_router = m.chip.cluster ? m.chip.cluster->cores : hw::Grid{1, 1};
    const hw::Grid whole = m.chip.cores;
    hw::Grid first{0, 0};  // core
    for (; times > 0; --times) {
        const hw::Grid routers{m.chip.cores.rows / a_router.rows, m.chip.cores.cols / a_router.cols};
        if (routers.count() < 2) {
            return false;
        }
        hw::Grid& memory = m.chip.noc.memory_node;
        if (routers.rows > 1 && (routers.rows % 2 == 0 || routers.cols % 2 != 0 || routers.cols == 1)) {
            const int half = (routers.rows + 1) / 2;
            const int begin = first_of_half(routers.rows, half, memory.rows);
            first.rows += begin * a_router.rows;
            memory.rows -= begin;
            m.chip.cores.rows = half * a_router.rows;
        } else {
            const int half = (routers.cols + 1) / 2;
            const int begin = first_of_half(routers.cols, half, memory.cols);
            first.cols += begin * a_router.cols;
            memory.cols -= begin;
            m.chip.cores.cols = half * a_router.cols;
        }
    }
    for (int r = 0; r < m.chip.cores.rows; ++r) {
        for (int c = 0; c < m.chip.cores.cols; ++c) {
            part.cores.push_back((first.rows + r) * whole.cols + first.cols + c);
        }
    }
    return true;
}

}  // namespace

Share Share::with_half(Scarce resource) const {
    Share share = *this;
    ++share.halvings[static_cast<std::size_t>(resource)];
    return share;
}

std::optional<MachinePart> part_of(const hw::Machine& machine, const Share& share) {
    const auto times = [&](Scarce resource) { return share.halvings[static_cast<std::size_t>(resource)]; };
    MachinePart part{machine, {}};
    hw::Machine& m = part.machine;
    int crossbars = machine.crossbars_per_core();
    int cols = machine.logical_cols(8);
    const bool some = halve(crossbars, times(Scarce::Crossbars)) && halve(m.crossbar.rows, times(Scarce::Rows)) &&
                      halve(cols, times(Scarce::Columns)) && halve(m.core.l1.size, times(Scarce::L1)) &&
                      halve(m.chip.l0.size, times(Scarce::L0)) && take_cores(part, times(Scarce::Cores));
    if (!some) {
        return std::nullopt;
    }
    if (times(Scarce::Crossbars) > 0) {
        m.core.crossbars = {1, crossbars};
    }
    if (times(Scarce::Columns) > 0) {
        m.crossbar.cols = cols * machine.columns(8);
    }
    return part;
}

bool keeps_numbers(const QuantGraph& network, const hw::Machine& machine, const Share& share) {
    const auto halved = [&](Scarce resource) { return share.halvings[static_cast<std::size_t>(resource)] > 0; };
    if ((!halved(Scarce::Rows) && !halved(Scarce::Columns)) || hw::adc_is_lossless(machine)) {
        return true;
    }
    const std::optional<MachinePart> part = part_of(machine, share);
    const int together = machine.crossbar.parallel_row;
    const bool same_rows =
        !halved(Scarce::Rows) || (part && machine.crossbar.rows % together == 0 && part->machine.crossbar.rows % together == 0);
    return same_rows && std::all_of(network.nodes.begin(), network.nodes.end(),
                                    [](const QuantNode& node) { return node.kind != NodeKind::Conv || node.groups == 1; });
}

}  // namespace cim::compiler

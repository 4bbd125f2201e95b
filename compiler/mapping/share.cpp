#include "compiler/mapping/share.h"

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

}  // namespace

Share Share::with_half(Scarce resource) const {
    Share share = *this;
    ++share.halvings[static_cast<std::size_t>(resource)];
    return share;
}

std::optional<hw::Machine> part_of(const hw::Machine& machine, const Share& share) {
    const auto times = [&](Scarce resource) { return share.halvings[static_cast<std::size_t>(resource)]; };
    hw::Machine part = machine;
    int cores = machine.core_count();
    int crossbars = machine.crossbars_per_core();
    int cols = machine.logical_cols(8);
    const bool some = halve(cores, times(Scarce::Cores)) && halve(crossbars, times(Scarce::Crossbars)) &&
                      halve(part.crossbar.rows, times(Scarce::Rows)) && halve(cols, times(Scarce::Columns)) &&
                      halve(part.core.l1.size, times(Scarce::L1)) && halve(part.chip.l0.size, times(Scarce::L0));
    if (!some) {
        return std::nullopt;
    }
    if (times(Scarce::Cores) > 0) {
        part.chip.cores = {1, cores};
        part.chip.cluster.reset();
    }
    if (times(Scarce::Crossbars) > 0) {
        part.core.crossbars = {1, crossbars};
    }
    if (times(Scarce::Columns) > 0) {
        part.crossbar.cols = cols * machine.columns(8);
    }
    return part;
}

}  // namespace cim::compiler

#include "pricing/power.h"

#include <algorithm>
#include <cmath>

namespace cim::pricing {

namespace {

constexpr Nanowatts nanowatts_per_microwatt = 1'000;
constexpr double nanowatts_per_milliwatt = 1e6;
constexpr double most = 1e15;  // a megawatt, so that no sum leaves 63 bits

Nanowatts rounded_up(double nanowatts) {
    // One more for what is lost where a report adds fractions.
    return nanowatts > 0 ? static_cast<Nanowatts>(std::ceil(std::min(nanowatts, most))) + 1 : 0;
}

}  // namespace

PowerPrices::PowerPrices(const hw::Machine& machine)
    : event_pj_(hw::event_prices(machine)), nanowatts_per_pj_and_tick_(static_cast<double>(machine.ticks_per_second) * 1e-3) {
    at_rest_ = rounded_up(hw::leakage_mw(machine) * nanowatts_per_milliwatt);
}

Nanowatts PowerPrices::of(const hw::OpCost& cost) const {
    return rounded_up(hw::picojoules(cost, event_pj_) / static_cast<double>(cost.sync_ticks()) * nanowatts_per_pj_and_tick_);
}

bool PowerManager::ask(const Request& request) {
    std::optional<Request>& asked = asked_[request.engine];
    if (asked && asked->flow == request.flow && asked->ready_at == request.ready_at) {
        return false;
    }
    withdraw(request.engine);
    line_.insert(request);
    asked = request;
    return true;
}

void PowerManager::withdraw(std::size_t engine) {
    if (std::optional<Request>& asked = asked_[engine]) {
        line_.erase(*asked);
        asked.reset();
    }
}

Nanowatts budget_of(std::int64_t limit_uw, const PowerPrices& prices) {
    return limit_uw * nanowatts_per_microwatt - prices.at_rest();
}

std::int64_t limit_of(Nanowatts budget, const PowerPrices& prices) {
    return (budget + prices.at_rest() + nanowatts_per_microwatt - 1) / nanowatts_per_microwatt;
}

}  // namespace cim::pricing

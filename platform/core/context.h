#pragma once
// What every module of the platform works with, and the count of what is still to end.

#include <array>
#include <functional>
#include <optional>

#include "hw_models/spec/machine.h"
#include "isa/program.h"
#include "platform/core/operation.h"
#include "platform/kernel/agenda.h"
#include "platform/kernel/counters.h"
#include "platform/observe/observer.h"
#include "platform/observe/statistics.h"
#include "pricing/power.h"

namespace cim::platform {

struct Context {
    const isa::Program& program;
    const hw::Machine& machine;
    const hw::PriceList& prices;
    const pricing::PowerPrices& power_prices;
    Agenda& agenda;
    CounterFile& counters;
    Statistics& statistics;
    std::array<double, hw::event_count> event_prices;
    bool functional = true;
    Observer* observer = nullptr;
    Ticks run_start = 0;  ///< end of setup
    Ticks last_completion = 0;
    isa::Index segment = isa::setup;  ///< that runs
    std::int64_t unfinished = 0;      ///< flows begun that have not ended, asynchronous operations not completed, segments about to begin
    std::function<void()> on_drained{};
    PriceBook price_book{};
    std::optional<pricing::PowerManager> power{};  ///< if the program limits power
    OperationPool operations{};

    void finished_one() {
        if (--unfinished == 0 && on_drained) {
            on_drained();
        }
    }
};

}  // namespace cim::platform

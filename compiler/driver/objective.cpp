#include "compiler/driver/objective.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "compiler/error.h"
#include "compiler/prediction/predict.h"
#include "hw_models/energy/events.h"

namespace cim::compiler {

namespace {

constexpr std::array<const char*, 3> names{"latency", "interval", "energy"};
constexpr std::int64_t least_images = 2;  // that an interval is measured over
constexpr double fj_a_tick = 1;           // too little to count, but of programs that take the same energy the fastest wins

hw::Ticks ticks_of(const isa::Program& program, const hw::Machine& machine, std::int64_t images, hw::Ticks most) {
    PredictOptions rehearsal;
    rehearsal.contention = true;
    rehearsal.most_ticks = most;
    const Prediction prediction = predict(program, machine, images, rehearsal);
    return prediction.complete ? prediction.ticks : most;
}

}  // namespace

std::string to_string(Objective objective) {
    return names[static_cast<std::size_t>(objective)];
}

std::optional<Objective> objective_from(const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? std::nullopt : std::optional<Objective>(static_cast<Objective>(found - names.begin()));
}

Measure::Measure(Objective objective, const hw::Machine& machine, std::int64_t images)
    : objective_(objective),
      machine_(machine),
      images_(objective == Objective::Interval ? std::max(images, least_images) : images),
      leakage_fj_(hw::leakage_fj(machine)) {
    const auto prices = hw::event_prices(machine);
    if (objective == Objective::Energy && leakage_fj_ == 0 &&
        std::all_of(prices.begin(), prices.end(), [](double pj) { return pj == 0; })) {
        throw InputError(fmt::format("objective energy: machine '{}' has no prices of energy", machine.name));
    }
}

std::int64_t Measure::energy(const Occupancy& occupancy, hw::Ticks ticks) const {
    return std::llround(occupancy.picojoules * 1e3 + (leakage_fj_ + fj_a_tick) * static_cast<double>(ticks));
}

std::int64_t Measure::least(const Occupancy& occupancy) const {
    return objective_ == Objective::Energy ? energy(occupancy, occupancy.busiest) : occupancy.busiest;
}

std::int64_t Measure::rehearsed(const isa::Program& program, const Occupancy& occupancy, std::int64_t enough) const {
    if (objective_ == Objective::Interval && program.segment_count() == 1 && !program.rewrites()) {
        // After the one that fills the pipeline.
        return ticks_of(program, machine_, 1 + images_, INT64_MAX) - ticks_of(program, machine_, 1, INT64_MAX);
    }
    if (objective_ == Objective::Energy) {
        return energy(occupancy, ticks_of(program, machine_, images_, INT64_MAX));
    }
    return ticks_of(program, machine_, images_, enough);
}

}  // namespace cim::compiler

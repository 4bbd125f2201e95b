#include "compiler/driver/power_limit.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/codegen/generate.h"
#include "compiler/error.h"
#include "compiler/parallel.h"
#include "compiler/prediction/occupancy.h"
#include "hw_models/energy/events.h"
#include "isa/bounds.h"

namespace cim::compiler {

namespace {

constexpr std::int64_t short_run = 200'000;  // operations
constexpr int rungs_of_short = 16;           // an octave
constexpr int rungs_of_long = 8;
// Bytes of a transfer: its latency takes as long however few they are.
constexpr std::int64_t short_transfers[] = {1024, 256, 64, 16};

struct Rung {
    std::int64_t limit_uw = 0;
    std::int64_t cost = INT64_MAX;  ///< as Measure has it
};

/// Limits from `least` up to `most`: `least`, and the rungs of a ladder that stands where it stands whatever the user's limit, so that a
/// higher limit has all the choices of a lower one. Highest first.
std::vector<Rung> ladder(std::int64_t least, std::int64_t most, int rungs_an_octave) {
    std::vector<Rung> rungs{{least}};
    for (int i = 0;; ++i) {
        const auto limit = static_cast<std::int64_t>(std::llround(std::exp2(static_cast<double>(i) / rungs_an_octave)));
        if (limit > most) {
            break;
        }
        if (limit > rungs.back().limit_uw) {
            rungs.push_back({limit});
        }
    }
    std::reverse(rungs.begin(), rungs.end());
    return rungs;
}

/// A program at each of its limits.
class Limiter {
  public:
    /// The events of a program cost the same however long it takes: least energy is least time.
    Limiter(isa::Program program, const hw::Machine& machine, Objective objective, std::int64_t images)
        : program_(std::move(program)),
          machine_(machine),
          objective_(objective == Objective::Energy ? Objective::Latency : objective),
          measure_(objective_, machine, images),
          prices_(machine),
          free_(unlimited()),
          least_uw_(least_power_limit_uw(free_, machine)) {}

    /// The least limit that the program can be run with.
    std::int64_t least_uw() const { return least_uw_; }

    /// The best limit up to that one, if it costs less than `best` does.
    Rung cheapest(std::int64_t limit_uw, const Rung& best) {
        best_ = best;
        const std::int64_t most = pricing::limit_of(free_.power.most_at_once, prices_);
        if (limit_uw >= most) {
            const Rung whole{limit_uw, objective_ == Objective::Interval ? cost_of(isa::max_power_uw, INT64_MAX) : free_.ticks};
            best_ = whole.cost < best_.cost ? whole : best_;
        }
        const bool is_short = occupancy_of(program_, machine_, measure_.images()).operations <= short_run;
        climb_down(ladder(least_uw_, std::min(limit_uw, most - 1), is_short ? rungs_of_short : rungs_of_long));
        return best_;
    }

    isa::Program limited_to(std::int64_t limit_uw) const {
        isa::Program limited = program_;
        limited.power_limit_uw = limit_uw;
        return limited;
    }

  private:
    /// A few at a time, until what is left cannot be faster.
    void climb_down(std::vector<Rung> rungs) {
        constexpr std::size_t together = 4;
        for (std::size_t first = 0; first < rungs.size() && least_cost(rungs[first].limit_uw) < static_cast<double>(best_.cost);) {
            const std::size_t last = best_.limit_uw == 0 ? first + 1 : std::min(first + together, rungs.size());
            in_parallel(static_cast<int>(last - first), 1, [&](int begin, int end) {
                for (int i = begin; i < end; ++i) {
                    Rung& rung = rungs[first + static_cast<std::size_t>(i)];
                    rung.cost = cost_of(rung.limit_uw, best_.cost);
                }
            });
            for (; first < last; ++first) {
                best_ = rungs[first].cost < best_.cost ? rungs[first] : best_;
            }
        }
    }

    /// No order of work is better at that limit. What a pipeline gives between two images alone is not bounded by the work of all of them.
    double least_cost(std::int64_t limit_uw) const {
        return objective_ == Objective::Interval
                   ? 0
                   : free_.power.work / static_cast<double>(std::max<pricing::Nanowatts>(1, pricing::budget_of(limit_uw, prices_)));
    }

    std::int64_t cost_of(std::int64_t limit_uw, std::int64_t enough) const { return measure_.rehearsed(limited_to(limit_uw), {}, enough); }

    /// What operations draw when none waits for power.
    Prediction unlimited() const {
        PredictOptions options;
        options.contention = true;
        const std::int64_t images = measure_.images() + (objective_ == Objective::Interval ? 1 : 0);
        return predict(limited_to(isa::max_power_uw), machine_, images, options);
    }

    const isa::Program program_;
    const hw::Machine& machine_;
    Objective objective_;
    Measure measure_;
    pricing::PowerPrices prices_;
    Prediction free_;
    std::int64_t least_uw_;
    Rung best_;
};

bool external_memory_draws(const hw::Machine& machine) {
    const auto pj = hw::event_prices(machine);
    return pj[static_cast<std::size_t>(hw::Event::ExternalReadByte)] > 0 || pj[static_cast<std::size_t>(hw::Event::ExternalWriteByte)] > 0;
}

}  // namespace

std::int64_t least_power_limit_uw(const Prediction& prediction, const hw::Machine& machine) {
    return std::max<std::int64_t>(1, pricing::limit_of(prediction.power.most_of_one, pricing::PowerPrices(machine)));
}

isa::Program power_limited(const FlowsOf& flows, const hw::Machine& machine, std::int64_t limit_uw, Objective objective,
                           std::int64_t images) {
    std::vector<std::int64_t> sizes{whole_rows};
    if (external_memory_draws(machine)) {
        sizes.insert(sizes.end(), std::begin(short_transfers), std::end(short_transfers));
    }
    std::vector<std::optional<Limiter>> ways(sizes.size());
    in_parallel(static_cast<int>(sizes.size()), 1, [&](int begin, int end) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
            ways[i].emplace(flows(sizes[i]), machine, objective, images);
        }
    });
    // Shorter transfers only where they allow a limit that longer ones do not.
    std::int64_t least = INT64_MAX;
    Rung best;
    const Limiter* chosen = nullptr;
    for (std::optional<Limiter>& way : ways) {
        if (way->least_uw() >= least) {
            continue;
        }
        least = way->least_uw();
        if (limit_uw >= least) {
            const Rung found = way->cheapest(limit_uw, best);
            chosen = found.cost < best.cost ? &*way : chosen;
            best = found;
        }
    }
    if (chosen == nullptr) {
        throw InputError(
            fmt::format("a peak power of {:.3f} mW is too little for network '{}' on machine '{}': one operation alone needs {:.3f} mW",
                        static_cast<double>(limit_uw) * 1e-3, ways.front()->limited_to(limit_uw).name, machine.name,
                        static_cast<double>(least) * 1e-3));
    }
    return chosen->limited_to(best.limit_uw);
}

}  // namespace cim::compiler

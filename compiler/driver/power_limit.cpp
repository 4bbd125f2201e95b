#include "compiler/driver/power_limit.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "compiler/error.h"
#include "compiler/parallel.h"
#include "compiler/prediction/occupancy.h"
#include "isa/bounds.h"

namespace cim::compiler {

namespace {

constexpr std::int64_t short_run = 200'000;  // operations
constexpr int rungs_of_short = 16;           // an octave
constexpr int rungs_of_long = 8;

struct Rung {
    std::int64_t limit_uw = 0;
    hw::Ticks ticks = hw::Ticks{INT64_MAX};
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

class Limiter {
  public:
    Limiter(const isa::Program& program, const hw::Machine& machine, std::int64_t images)
        : program_(program), machine_(machine), prices_(machine), images_(images) {}

    std::int64_t fastest(std::int64_t limit_uw) {
        const Prediction free = rehearse(isa::max_power_uw, INT64_MAX);
        const std::int64_t least = least_power_limit_uw(free, machine_);
        if (limit_uw < least) {
            throw InputError(
                fmt::format("a peak power of {:.3f} mW is too little for network '{}' on machine '{}': one operation alone needs "
                            "{:.3f} mW",
                            static_cast<double>(limit_uw) * 1e-3, program_.name, machine_.name, static_cast<double>(least) * 1e-3));
        }
        work_ = free.power.work;
        const std::int64_t most = pricing::limit_of(free.power.most_at_once, prices_);
        if (limit_uw >= most) {
            best_ = {limit_uw, free.ticks};
        }
        const bool is_short = occupancy_of(program_, machine_, images_).operations <= short_run;
        climb_down(ladder(least, std::min(limit_uw, most - 1), is_short ? rungs_of_short : rungs_of_long));
        return best_.limit_uw;
    }

  private:
    /// A few at a time, until what is left cannot be faster.
    void climb_down(std::vector<Rung> rungs) {
        constexpr std::size_t together = 4;
        for (std::size_t first = 0; first < rungs.size() && least_ticks(rungs[first].limit_uw) < static_cast<double>(best_.ticks);) {
            const std::size_t last = best_.limit_uw == 0 ? first + 1 : std::min(first + together, rungs.size());
            in_parallel(static_cast<int>(last - first), 1, [&](int begin, int end) {
                for (int i = begin; i < end; ++i) {
                    Rung& rung = rungs[first + static_cast<std::size_t>(i)];
                    rung.ticks = rehearse(rung.limit_uw, best_.ticks).ticks;
                }
            });
            for (; first < last; ++first) {
                best_ = rungs[first].ticks < best_.ticks ? rungs[first] : best_;
            }
        }
    }

    /// No order of work is faster at that limit.
    double least_ticks(std::int64_t limit_uw) const {
        return work_ / static_cast<double>(std::max<pricing::Nanowatts>(1, pricing::budget_of(limit_uw, prices_)));
    }

    Prediction rehearse(std::int64_t limit_uw, hw::Ticks most_ticks) const {
        isa::Program limited = program_;
        limited.power_limit_uw = limit_uw;
        PredictOptions options;
        options.contention = true;
        options.most_ticks = most_ticks;
        Prediction prediction = predict(limited, machine_, images_, options);
        prediction.ticks = prediction.complete ? prediction.ticks : INT64_MAX;
        return prediction;
    }

    const isa::Program& program_;
    const hw::Machine& machine_;
    pricing::PowerPrices prices_;
    std::int64_t images_;
    double work_ = 0;
    Rung best_;
};

}  // namespace

std::int64_t least_power_limit_uw(const Prediction& prediction, const hw::Machine& machine) {
    return std::max<std::int64_t>(1, pricing::limit_of(prediction.power.most_of_one, pricing::PowerPrices(machine)));
}

void limit_power(isa::Program& program, const hw::Machine& machine, std::int64_t limit_uw, std::int64_t images) {
    program.power_limit_uw = Limiter(program, machine, images).fastest(limit_uw);
}

}  // namespace cim::compiler

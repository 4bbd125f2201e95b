#pragma once
// What a program is to be good at, as one number: the smaller the better.

#include <cstdint>
#include <optional>
#include <string>

#include "compiler/prediction/occupancy.h"
#include "hw_models/spec/machine.h"
#include "isa/program.h"

namespace cim::compiler {

enum class Objective : std::uint8_t {
    Latency,   ///< time of all images
    Interval,  ///< time between two images in steady state; of a network in segments, time of all images over their number
    Energy,    ///< of all images: events and leakage
};

std::string to_string(Objective objective);
std::optional<Objective> objective_from(const std::string& name);

/// Measures programs for one machine and a number of images.
class Measure {
  public:
    /// InputError if the machine has no prices of what is to be little.
    Measure(Objective objective, const hw::Machine& machine, std::int64_t images);

    /// That programs are measured for; occupancy is to be counted for as many.
    std::int64_t images() const { return images_; }
    /// What no order of work goes below: ticks, fJ, or for intervals ticks of `images()` of them.
    std::int64_t least(const Occupancy& occupancy) const;
    /// What it takes, contention included; `enough` or more if it takes more than that.
    std::int64_t rehearsed(const isa::Program& program, const Occupancy& occupancy, std::int64_t enough) const;

  private:
    std::int64_t energy(const Occupancy& occupancy, hw::Ticks ticks) const;

    Objective objective_;
    const hw::Machine& machine_;
    std::int64_t images_;
    double leakage_fj_;  ///< a tick
};

}  // namespace cim::compiler

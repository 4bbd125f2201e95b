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
    Interval,  ///< time between two images in steady state, taken twice; of a network in segments the time of two images
    Energy,    ///< of all images: events and leakage
};

std::string to_string(Objective objective);
std::optional<Objective> objective_from(const std::string& name);

/// Measures programs for one machine and a number of images.
class Measure {
  public:
    /// InputError if the machine has no prices of what is to be little.
    Measure(Objective objective, const hw::Machine& machine, std::int64_t images);

    /// Images that occupancy is to be counted for.
    std::int64_t images() const;
    /// What no order of work goes below: ticks, or fJ.
    std::int64_t least(const Occupancy& occupancy) const;
    /// What it takes, contention included. `enough`, or what is above it, if it takes more than that.
    std::int64_t rehearsed(const isa::Program& program, const Occupancy& occupancy, std::int64_t enough) const;

  private:
    bool steady(const isa::Program& program) const;
    std::int64_t energy(const Occupancy& occupancy, hw::Ticks ticks) const;

    Objective objective_;
    const hw::Machine& machine_;
    std::int64_t images_;
    double leakage_fj_;  ///< a tick
};

}  // namespace cim::compiler

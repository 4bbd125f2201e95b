#pragma once
// Where networks are cut that are too large for the chip and too long to rehearse: by what the programs of their segments hold.

#include <cstdint>

#include "compiler/driver/search.h"

namespace cim::compiler {

/// Cuts a candidate of several segments, whose strategy cuts as Cheapest or Filling, anew with the pace that each segment has by what its
/// program holds of the machine, ports above all, which the estimate leaves out; and so on, until the cheapest cut is one of segments whose
/// pace is known. After many rounds without that, the one that is held least.
Candidate cut_by_paces(Candidate from, const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options,
                       std::int64_t images);

}  // namespace cim::compiler

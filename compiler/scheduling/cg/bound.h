#pragma once
// Times that no schedule of a network on a machine beats, whatever the copies of the weights, their places and the order of work.
// docs/timing.md ("What no schedule beats") has the formulas and why they hold.

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// Tiles that must each be read `windows` times, `ticks` a read, in a time from which `apart` ticks are taken: none of the reads begins in
/// the first of them or ends in the last.
struct TileReads {
    std::int64_t tiles = 1;
    std::int64_t windows = 1;
    std::int64_t ticks = 1;
    std::int64_t apart = 0;
};

/// The least time in which crossbars that each hold one tile do all reads, copies of the tiles chosen at best: the least T with
/// sum of tiles x ceil(windows / floor((T - apart) / ticks)) <= crossbars. Nothing if one copy of each does not fit.
std::optional<std::int64_t> least_time(const std::vector<TileReads>& reads, std::int64_t crossbars);

/// Reads of a Conv, by the ways to cut its matrix into tiles.
using CutReads = std::vector<std::vector<TileReads>>;

/// The same where each Conv is cut in whichever way takes the fewest crossbars.
std::optional<std::int64_t> least_time(const std::vector<CutReads>& convs, std::int64_t crossbars);

/// The reads of an image: an entry for each kind of tile of each Conv, cut as compiler/mapping/tiles.h does for full crossbars. A read
/// holds its crossbar from the window's way out of L1 to the sums' way in; without `with_ports` (and in CM) for the multiplication alone.
std::vector<TileReads> tile_reads(const QuantGraph& network, const hw::Machine& machine, bool with_ports = true);

/// Whether the weights stay in the crossbars they were once written to, before the run, or are written during it.
enum class Residence : std::uint8_t { Resident, Rewritten };

struct Bounds {
    Residence residence = Residence::Resident;
    hw::Ticks interval = 0;  ///< between two images in steady state; Rewritten: the run's time over its images
    hw::Ticks latency = 0;   ///< from the start of the run to the end of its first image
};

/// Bounds for `batch` images. Resident if the weights fit the crossbars once and `segments` is 1.
Bounds bounds_of(const QuantGraph& network, const hw::Machine& machine, std::size_t segments, std::int64_t batch);

}  // namespace cim::compiler

#pragma once
// The maps that segments of a schedule leave to others and that may stay on the chip in between.

#include <cstdint>
#include <vector>

#include "compiler/scheduling/cg/segmentation.h"

namespace cim::compiler {

/// Images that a map which stays has room for at most, if the batch is no larger.
inline constexpr std::int64_t ample_images = 64;

/// By tensor, whether it may stay on the chip if it is read by later segments: it is no input of the network, and no part of an output.
std::vector<bool> may_stay(const QuantGraph& mapped);

/// A map with the segments from the one that gives it to the last one that reads it.
struct Lifetime {
    std::int64_t bytes = 0;  ///< an image
    int first = 0;
    int last = 0;
    int readers = 1;  ///< segments
};

/// A map that some segment takes from others: all of it from nodes, and in nothing else that passes between segments or out.
struct PassedMap {
    /// Of a segment, one of its inputs or outputs.
    struct End {
        int segment = 0;
        int index = 0;
    };
    TensorId tensor = -1;  ///< of the mapped network
    Lifetime life;
    std::vector<ViewPart> parts;  ///< what nodes give of it,
    std::vector<End> givers;      ///< and as which output
    std::vector<End> readers;     ///< as which inputs it is taken
};

/// Those of a schedule, rows of `batch` images of which a program can count.
std::vector<PassedMap> passed_maps(const Schedule& schedule, std::int64_t batch);

}  // namespace cim::compiler

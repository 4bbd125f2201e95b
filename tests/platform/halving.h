#pragma once
// What a machine loses when it gets half of one resource: times of the same network on both.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"

namespace cim::test {

struct Halving {
    const char* resource;
    /// The machine with half of it; nothing if it has no limit, or one that cannot be halved.
    std::optional<hw::Machine> (*apply)(const hw::Machine&);
};

const std::vector<Halving>& halvings();

struct Timing {
    hw::Ticks ticks = 0;
    int segments = 1;
};

/// A run without data; nothing if the network does not fit the machine.
std::optional<Timing> timing_on(const hw::Machine& machine, const compiler::QuantGraph& graph, std::int64_t batch);

/// The network that is tried on machine `seed`.
compiler::QuantGraph network_to_halve(std::uint64_t seed);

}  // namespace cim::test

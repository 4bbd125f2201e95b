#pragma once
// Random quantised networks for end-to-end tests: the same seed gives the same network.

#include <cstdint>
#include <vector>

#include "compiler/driver/compile.h"
#include "compiler/driver/limits.h"
#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"
#include "isa/generate/dice.h"
#include "isa/verifier/verify.h"

namespace cim::test {

struct NetworkOptions {
    int layers = 4;      ///< at most
    int most_size = 12;  ///< rows and columns of the input
    int most_channels = 12;
    bool joins = true;      ///< residual additions
    bool branches = false;  ///< nodes read any tensor before, additions any two of a shape; several outputs
    int inputs = 1;
    bool every_kind = false;  ///< all that a quantised network may hold; else the plain CNN
};

compiler::QuantGraph random_network(std::uint64_t seed, const NetworkOptions& options = {});

/// Bytes for `batch` images of the network's input.
std::vector<std::uint8_t> random_images(const compiler::QuantGraph& graph, std::int64_t batch, std::uint64_t seed);

/// Likewise for each input.
std::vector<std::vector<std::uint8_t>> random_image_sets(const compiler::QuantGraph& graph, std::int64_t batch, std::uint64_t seed);

/// The compiler without its front end. `images`: in a row, for which the fastest of many schedules is sought; 0: the first is taken. Throws
/// InputError if the network does not fit the machine.
isa::Program compile_network(const compiler::QuantGraph& graph, const hw::Machine& machine, std::optional<isa::Level> level = {},
                             std::int64_t images = 0);

/// The same with its schedule.
compiler::Compiled compile_with_schedule(const compiler::QuantGraph& graph, const hw::Machine& machine, std::optional<isa::Level> level,
                                         std::int64_t images);

/// What the integer reference (with the machine's converters) gives for the images, by output.
std::vector<std::vector<std::uint8_t>> reference_outputs(const compiler::QuantGraph& graph, const hw::Machine& machine,
                                                         const std::vector<std::uint8_t>& images);

/// Likewise of all inputs, `batch` images each.
std::vector<std::vector<std::uint8_t>> reference_outputs(const compiler::QuantGraph& graph, const hw::Machine& machine,
                                                         const std::vector<std::vector<std::uint8_t>>& images, std::int64_t batch);

using compiler::limits_of;

}  // namespace cim::test

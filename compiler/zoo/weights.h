#pragma once
// Weights for networks that nobody trained.

#include "compiler/zoo/blueprint.h"

namespace cim::compiler {

/// Images that give_weights and the ranges of a network look at: more of them for small networks, at least a smooth one and noise.
std::vector<FloatTensor> calibration_images(const Blueprint& blueprint);

/// Random weights, scaled layer after layer by what the layer makes of `images`, as batch normalisation in training would: of each
/// channel of a Conv or Gemm the mean and deviation over images and positions become those of the blueprint. Where there are few
/// values of a channel, its variance is taken from all channels. The same seed gives the same bits on every machine.
Graph give_weights(Blueprint blueprint, const std::vector<FloatTensor>& images, std::uint32_t seed);

}  // namespace cim::compiler

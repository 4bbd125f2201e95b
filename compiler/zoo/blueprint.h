#pragma once
// A network of the zoo before it has weights.

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"

namespace cim::compiler {

/// What the values of a channel are to be like. In front of a Relu a mean of one deviation leaves 84 % of the values above zero: half of
/// them would do, but then each layer makes a disturbance, like that of quantisation, 1.7 dB larger against its signal, and not 0.5 dB.
struct Target {
    double mean = 0;
    double deviation = 1;
};

struct Blueprint {
    Graph graph;                  ///< weights have a shape, but no values; there are no biases yet
    std::vector<Target> targets;  ///< of each node's output; counts where the node has weights
    /// As published: what training changes. A batch normalisation counts two numbers a channel, its scale and its shift, though in the
    /// graph it is merged into its convolution, of which it leaves one, the bias.
    std::int64_t parameters = 0;
    std::int64_t macs = 0;  ///< multiplications of inputs with weights, for one image
};

}  // namespace cim::compiler

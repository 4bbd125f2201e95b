#pragma once
// Builds a network layer by layer. Nodes, their outputs and their weights have the names of the layers.

#include <string>

#include "compiler/zoo/blueprint.h"

namespace cim::compiler {

struct ConvLayer {
    std::int64_t outputs = 0;
    int kernel = 1;  ///< padded so that a stride of 1 keeps the size
    int stride = 1;
    std::int64_t groups = 1;
    Target target;
};

/// Of a layer that a Relu follows.
inline constexpr Target before_relu{1, 1};

class NetworkBuilder final {
  public:
    /// What follows each convolution: its own bias, or a batch normalisation (already merged).
    enum class Bias : std::uint8_t { Own, BatchNorm };

    NetworkBuilder(const std::string& name, const Dims& image, Bias bias);

    ValueId image() const { return blueprint_.graph.inputs[0]; }
    /// Channels of a feature map.
    std::int64_t channels(ValueId map) const { return blueprint_.graph.shape(map)[1]; }

    ValueId conv(const std::string& name, ValueId in, const ConvLayer& layer);
    ValueId dense(const std::string& name, ValueId in, std::int64_t outputs, Target target = {});
    ValueId relu(const std::string& name, ValueId in);
    ValueId relu6(const std::string& name, ValueId in);
    ValueId max_pool(const std::string& name, ValueId in, int kernel, int stride, int pad);
    ValueId global_average_pool(const std::string& name, ValueId in);
    ValueId flatten(const std::string& name, ValueId in);
    ValueId add(const std::string& name, ValueId a, ValueId b);

    /// The network whose output is `output`; InputError if an ONNX file cannot hold its weights.
    Blueprint finish(ValueId output) &&;

  private:
    ValueId append(Node node, const Dims& shape);

    Blueprint blueprint_;
    Bias bias_;
    std::int64_t values_ = 0;  ///< weights and biases
};

}  // namespace cim::compiler

#include "compiler/zoo/weights.h"

#include <algorithm>
#include <cmath>

#include "compiler/reference/float_executor.h"
#include "compiler/zoo/samples.h"

namespace cim::compiler {
namespace {

struct Moments {
    std::vector<double> mean;      ///< of each channel
    std::vector<double> variance;  ///< of each channel
    std::int64_t values = 0;       ///< of each channel
};

/// Calls what(channel, value) for all values.
template <typename What>
void for_each(const std::vector<FloatTensor>& outputs, std::size_t channels, const What& what) {
    for (const FloatTensor& output : outputs) {
        const std::size_t positions = output.data.size() / channels;
        for (std::size_t i = 0; i < output.data.size(); ++i) {
            what(i / positions, static_cast<double>(output.data[i]));
        }
    }
}

Moments moments_of(const std::vector<FloatTensor>& outputs) {
    const auto channels = static_cast<std::size_t>(outputs[0].shape[1]);
    Moments m{std::vector<double>(channels), std::vector<double>(channels), 0};
    m.values = static_cast<std::int64_t>(outputs.size() * outputs[0].data.size() / channels);
    for_each(outputs, channels, [&](std::size_t c, double v) { m.mean[c] += v; });
    for (double& mean : m.mean) {
        mean /= static_cast<double>(m.values);
    }
    for_each(outputs, channels, [&](std::size_t c, double v) { m.variance[c] += (v - m.mean[c]) * (v - m.mean[c]); });
    for (double& variance : m.variance) {
        variance /= static_cast<double>(std::max<std::int64_t>(1, m.values - 1));
    }
    return m;
}

/// Variances to divide by: few values say little about one channel, and what hardly differs between these images may in others.
std::vector<double> trusted_variances(const Moments& m) {
    constexpr double prior = 16;  // values that all channels together count for
    constexpr double least = 0.1;
    double all = 0;
    double mean_square = 0;
    for (std::size_t c = 0; c < m.mean.size(); ++c) {
        all += m.variance[c] / static_cast<double>(m.mean.size());
        mean_square += (m.variance[c] + m.mean[c] * m.mean[c]) / static_cast<double>(m.mean.size());
    }
    const auto own = static_cast<double>(m.values - 1);
    std::vector<double> trusted;
    for (const double variance : m.variance) {
        trusted.push_back(std::max((variance * own + all * prior) / (own + prior), mean_square * least));
    }
    return trusted;
}

/// Scales the weights of `node` and sets its biases, and makes of `outputs` what they would then be.
void normalise(Node& node, std::vector<FloatTensor>& outputs, const Target& target) {
    const Moments moments = moments_of(outputs);
    const std::vector<double> variances = trusted_variances(moments);
    const std::size_t channels = node.bias.size();
    const std::size_t row = node.weight.data.size() / channels;
    std::vector<float> factors;
    for (std::size_t c = 0; c < channels; ++c) {
        factors.push_back(variances[c] > 0 ? static_cast<float>(target.deviation / std::sqrt(variances[c])) : 1.0F);
        node.bias[c] = static_cast<float>(target.mean - moments.mean[c] * static_cast<double>(factors[c]));
        for (std::size_t i = c * row; i < (c + 1) * row; ++i) {
            node.weight.data[i] *= factors[c];
        }
    }
    for (FloatTensor& output : outputs) {
        const std::size_t positions = output.data.size() / channels;
        for (std::size_t i = 0; i < output.data.size(); ++i) {
            output.data[i] = output.data[i] * factors[i / positions] + node.bias[i / positions];
        }
    }
}

void fill(Node& node, std::mt19937& random) {
    const std::int64_t channels = node.weight.shape[0];
    const std::int64_t weights = count(node.weight.shape);
    const double he = std::sqrt(2.0 * static_cast<double>(channels) / static_cast<double>(weights));
    node.weight.data.resize(static_cast<std::size_t>(weights));
    for (float& w : node.weight.data) {
        w = static_cast<float>(he * nearly_normal(random));
    }
    node.bias.assign(static_cast<std::size_t>(channels), 0.0F);
}

/// The activations of all images, layer by layer.
class Layers {
  public:
    Layers(Graph& graph, const std::vector<FloatTensor>& images) : graph_(graph), uses_(graph.use_counts()), maps_(graph.values.size()) {
        maps_[graph.inputs[0]] = images;
    }

    /// What `node` gives for each image. It is executed as a network of its own.
    std::vector<FloatTensor>& run(Node& node) {
        Graph alone;
        alone.source = graph_.source;
        alone.nodes.push_back(std::move(node));
        Node& moved = alone.nodes[0];
        const std::vector<ValueId> inputs = moved.inputs;
        const ValueId output = moved.output;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            alone.values.push_back(graph_.values[static_cast<std::size_t>(inputs[i])]);
            alone.inputs.push_back(static_cast<ValueId>(i));
        }
        moved.inputs = alone.inputs;
        moved.output = static_cast<ValueId>(inputs.size());
        alone.values.push_back(graph_.values[static_cast<std::size_t>(output)]);
        alone.outputs = {moved.output};

        const FloatExecutor executor(alone);
        for (std::size_t image = 0; image < maps_[inputs[0]].size(); ++image) {
            std::vector<FloatTensor> read;
            for (const ValueId input : inputs) {
                read.push_back(maps_[input][image]);
            }
            maps_[output].push_back(std::move(executor.run(read)[0]));
        }
        for (const ValueId input : inputs) {
            if (--uses_[input] == 0) {
                maps_[input].clear();
            }
        }
        node = std::move(moved);
        node.inputs = inputs;
        node.output = output;
        return maps_[output];
    }

  private:
    Graph& graph_;
    std::vector<int> uses_;
    std::vector<std::vector<FloatTensor>> maps_;
};

}  // namespace

std::vector<FloatTensor> calibration_images(const Blueprint& blueprint) {
    constexpr std::int64_t macs = 8'000'000'000;
    return sample_images(blueprint.graph.shape(blueprint.graph.inputs[0]), std::clamp<std::int64_t>(macs / blueprint.macs, 3, 16));
}

Graph give_weights(Blueprint blueprint, const std::vector<FloatTensor>& images, std::uint32_t seed) {
    std::mt19937 random(seed);
    Graph graph = std::move(blueprint.graph);
    Layers layers(graph, images);
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        Node& node = graph.nodes[n];
        if (node.weight.shape.empty()) {
            layers.run(node);
        } else {
            fill(node, random);
            normalise(node, layers.run(node), blueprint.targets[n]);
        }
    }
    return graph;
}

}  // namespace cim::compiler

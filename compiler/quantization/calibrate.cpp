#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "compiler/error.h"
#include "compiler/quantization/params.h"
#include "compiler/quantization/ranges.h"
#include "compiler/reference/float_executor.h"
#include "hw_models/simd.h"

namespace cim::compiler {
namespace {

/// Distribution of the values of one tensor; zeros are left out, since every range represents them exactly.
class Histogram {
  public:
    explicit Histogram(Range range) : range_(range), bin_width_((range.hi - range.lo) / static_cast<float>(bins)) {}

    void add(const std::vector<float>& values) {
        for (const float v : values) {
            if (v != 0 && bin_width_ > 0) {
                const auto bin = static_cast<int>((v - range_.lo) / bin_width_);
                ++counts_[static_cast<std::size_t>(std::clamp(bin, 0, bins - 1))];
            }
        }
    }

    /// The range whose quantisation loses least: upper and lower end in turn, each over its steps.
    Range best() const {
        Range best = range_;
        double least = error(best);
        const auto consider = [&](Range candidate) {
            const double e = error(candidate);
            if (e < least) {
                least = e;
                best = candidate;
            }
        };
        for (int round = 0; round < 2; ++round) {
            for (int step = 1; step < steps; ++step) {
                const Range now = best;
                consider({now.lo, range_.hi * static_cast<float>(step) / static_cast<float>(steps)});
            }
            for (int step = 1; step < steps && range_.lo < 0; ++step) {
                const Range now = best;
                consider({range_.lo * static_cast<float>(step) / static_cast<float>(steps), now.hi});
            }
        }
        return best;
    }

  private:
    static constexpr int bins = 2048;
    static constexpr int steps = 100;

    double error(Range range) const {
        const QuantParams params = choose_params(range);
        double sum = 0;
        for (int b = 0; b < bins; ++b) {
            const auto n = counts_[static_cast<std::size_t>(b)];
            if (n > 0) {
                const float real = range_.lo + (static_cast<float>(b) + 0.5F) * bin_width_;
                const double loss = static_cast<double>(real) - real_value(stored_value(real, params), params);
                sum += loss * loss * static_cast<double>(n);
            }
        }
        return sum;
    }

    Range range_;
    float bin_width_;
    std::array<std::int64_t, bins> counts_{};
};

/// Values whose means are wanted: what a Conv or Gemm reads and, where that was only reshaped or averaged, what it came from.
std::vector<bool> read_by_matrices(const Graph& graph) {
    std::vector<bool> wanted(graph.values.size(), false);
    for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
        const bool passes = node->op == Op::Reshape || node->op == Op::AveragePool;
        if (node->op == Op::Conv || node->op == Op::Gemm || (passes && wanted[node->output])) {
            wanted[node->inputs[0]] = graph.shape(node->inputs[0]).size() > 1;
        }
    }
    return wanted;
}

void add_means(const FloatTensor& tensor, std::vector<double>& sums) {
    const auto images = static_cast<std::size_t>(tensor.shape[0]);
    const auto channels = static_cast<std::size_t>(tensor.shape[1]);
    const std::size_t inner = tensor.data.size() / images / channels;
    sums.resize(channels, 0);
    const float* values = tensor.data.data();
    for (std::size_t i = 0; i < images * channels; ++i, values += inner) {
        sums[i % channels] += std::accumulate(values, values + inner, 0.0) / static_cast<double>(images * inner);
    }
}

/// Widens `range` to the values; false if one of them is not finite.
CIM_WIDE_VECTORS
bool widen(Range& range, const float* values, std::size_t n) {
    constexpr std::size_t lanes = 16;
    float lo[lanes];
    float hi[lanes];
    float strange[lanes] = {};  // infinity and NaN less themselves are NaN, and stay so in the sum
    std::fill(lo, lo + lanes, range.lo);
    std::fill(hi, hi + lanes, range.hi);
    const auto take = [&](std::size_t lane, float v) {
        lo[lane] = v < lo[lane] ? v : lo[lane];
        hi[lane] = v > hi[lane] ? v : hi[lane];
        strange[lane] += v - v;
    };
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            take(lane, values[i + lane]);
        }
    }
    for (; i < n; ++i) {
        take(0, values[i]);
    }
    range = {*std::min_element(lo, lo + lanes), *std::max_element(hi, hi + lanes)};
    return std::accumulate(strange, strange + lanes, 0.0F) == 0;
}

}  // namespace

const char* to_string(CalibrationMethod method) {
    return method == CalibrationMethod::MinMax ? "min-max" : "mean-square";
}

Ranges calibrate(const Graph& graph, const std::vector<FloatTensor>& samples, CalibrationMethod method) {
    if (graph.inputs.size() != 1) {
        throw InputError(graph.source + ": calibration needs a network of one input, this one has " + std::to_string(graph.inputs.size()));
    }
    if (samples.empty()) {
        throw InputError(graph.source + ": calibration needs at least one input");
    }
    const FloatExecutor executor(graph);
    std::vector<Range> ranges(graph.values.size(), {std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()});
    const std::vector<bool> wanted = read_by_matrices(graph);
    std::vector<std::vector<double>> sums(graph.values.size());
    for (std::size_t s = 0; s < samples.size(); ++s) {
        executor.run({samples[s]}, [&](ValueId id, const FloatTensor& tensor) {
            if (!widen(ranges[id], tensor.data.data(), tensor.data.size())) {
                throw InputError(graph.source + ": tensor '" + graph.values[static_cast<std::size_t>(id)].name +
                                 "' takes a value that is not finite with calibration input " + std::to_string(s));
            }
            if (wanted[id]) {
                add_means(tensor, sums[id]);
            }
        });
    }
    if (method == CalibrationMethod::MeanSquare) {
        std::vector<Histogram> histograms(ranges.begin(), ranges.end());
        for (const FloatTensor& sample : samples) {
            executor.run({sample}, [&](ValueId id, const FloatTensor& tensor) { histograms[id].add(tensor.data); });
        }
        std::transform(histograms.begin(), histograms.end(), ranges.begin(), [](const Histogram& h) { return h.best(); });
    }
    Ranges result;
    result.method = method;
    result.network = graph.name;
    result.samples = static_cast<std::int64_t>(samples.size());
    for (std::size_t v = 0; v < ranges.size(); ++v) {
        result.tensors[graph.values[v].name] = ranges[v];
        for (const double sum : sums[v]) {
            result.means[graph.values[v].name].push_back(static_cast<float>(sum / static_cast<double>(samples.size())));
        }
    }
    return result;
}

}  // namespace cim::compiler

#include "compiler/quantization/ties.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace cim::compiler {
namespace {

constexpr int candidates = 1024;
constexpr float step = 1.0F / (256 * candidates);

/// Places on one side of zero where what is stored for a sum changes.
class Ties {
  public:
    /// Of results between lo and hi, `side` (1 or -1) of zero; sums a step of the output are 1 / (scale x `factor`).
    Ties(int lo, int hi, int side, double factor, double largest) : factor_(factor), largest_(largest) {
        for (int n = side > 0 ? std::max(lo, 0) : std::min(hi - 1, -1); n >= lo && n < hi; n += side) {
            // The error grows with the value, and where that is small, larger sums on the way to it count.
            constexpr double sums_on_the_way = 100;
            const double middle = side * (n + 0.5);
            places_.push_back({middle, 1 / (middle + sums_on_the_way)});
        }
    }

    /// The least distance of all places to a whole number, in steps of the output and relative to the error of float32 there; some
    /// smaller number if it is less than `enough`.
    double distance(double scale, double enough) const {
        const double step = scale * factor_;
        const double sums_a_step = 1 / step;
        double least = 1;
        // From the far end, where distances count least: most scales fail there.
        for (auto place = places_.rbegin(); place != places_.rend() && least > enough; ++place) {
            const double sum = place->middle * sums_a_step;
            if (sum > largest_) {
                continue;
            }
            const double part = sum - static_cast<double>(static_cast<std::int64_t>(sum));
            least = std::min(least, std::min(part, 1 - part) * step * place->weight);
        }
        return least;
    }

  private:
    struct Place {
        double middle;  ///< distance from zero, of the output
        double weight;
    };
    std::vector<Place> places_;
    double factor_;
    double largest_;
};

}  // namespace

float scale_away_from_ties(float weight_scale, float to_output, float slope, int lo, int hi, double largest) {
    constexpr double safe = 1e-6;  // some ten times the rounding of float32
    constexpr double countable = 1e15;
    const Ties above(lo, hi, 1, 1, std::min(largest, countable));
    const Ties below(lo, hi, slope < 0 ? 1 : -1, std::fabs(static_cast<double>(slope)), slope == 0 ? 0 : std::min(largest, countable));
    float best = weight_scale;
    double farthest = 0;
    for (int i = 0; i < candidates && farthest < safe; ++i) {
        const float candidate = weight_scale * (1.0F + step * static_cast<float>(i));
        const auto scale = static_cast<double>(candidate * to_output);
        double d = above.distance(scale, farthest);
        if (d > farthest) {
            d = std::min(d, below.distance(scale, farthest));
        }
        if (d > farthest) {
            farthest = d;
            best = candidate;
        }
    }
    return best;
}

}  // namespace cim::compiler

#include "compiler/quantization/ties.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cim::compiler {
namespace {

constexpr int candidates = 1024;
constexpr float step = 1.0F / (256 * candidates);

class Ties {
  public:
    Ties(float slope, int lo, int hi, double largest) : slope_(static_cast<double>(slope)), lo_(lo), hi_(hi), largest_(largest) {}

    /// The least distance of all places to a whole number, in steps of the output and relative to the error of float32 there; some
    /// smaller number if it is less than `enough`.
    double distance(double scale, double enough) const {
        const double sums_a_step = 1 / scale;
        const double sums_a_negative_step = slope_ == 0 ? 0 : sums_a_step / slope_;
        double least = 1;
        for (int n = lo_; n < hi_ && least > enough; ++n) {
            const double middle = n + 0.5;
            if (middle > 0) {
                least = std::min(least, distance_at(middle, middle * sums_a_step, scale));
            }
            if (middle * slope_ < 0) {
                least = std::min(least, distance_at(middle, middle * sums_a_negative_step, scale * slope_));
            }
        }
        return least;
    }

  private:
    /// The error grows with the value, and where that is small, larger sums on the way to it count.
    double distance_at(double middle, double sum, double scale) const {
        constexpr double sums_on_the_way = 100;
        if (std::fabs(sum) > largest_) {
            return 1;
        }
        const double part = std::fabs(sum - static_cast<double>(static_cast<std::int64_t>(sum)));
        return std::min(part, 1 - part) * std::fabs(scale) / (std::fabs(middle) + sums_on_the_way);
    }

    double slope_;
    int lo_;
    int hi_;
    double largest_;
};

}  // namespace

float scale_away_from_ties(float weight_scale, float to_output, float slope, int lo, int hi, double largest) {
    constexpr double safe = 1e-6;  // some ten times the rounding of float32
    constexpr double countable = 1e15;
    const Ties ties(slope, lo, hi, std::min(largest, countable));
    float best = weight_scale;
    double farthest = 0;
    for (int i = 0; i < candidates && farthest < safe; ++i) {
        const float candidate = weight_scale * (1.0F + step * static_cast<float>(i));
        const double d = ties.distance(static_cast<double>(candidate * to_output), farthest);
        if (d > farthest) {
            farthest = d;
            best = candidate;
        }
    }
    return best;
}

}  // namespace cim::compiler

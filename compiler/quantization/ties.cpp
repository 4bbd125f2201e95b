#include "compiler/quantization/ties.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

namespace cim::compiler {
namespace {

constexpr int candidates = 1024;
constexpr float step = 1.0F / (256 * candidates);

// Two numbers at a time, which every 64-bit processor can do.
using Pair = double __attribute__((vector_size(16)));
using PairBits = long long __attribute__((vector_size(16)));

Pair pair_at(const double* place) {
    Pair pair;
    std::memcpy(&pair, place, sizeof pair);
    return pair;
}

Pair absolute(Pair x) {
    constexpr long long all_but_sign = 0x7FFF'FFFF'FFFF'FFFF;
    return reinterpret_cast<Pair>(reinterpret_cast<PairBits>(x) & all_but_sign);
}

/// Places on one side of zero where what is stored for a sum changes.
class Ties {
  public:
    /// Of results between lo and hi, `side` (1 or -1) of zero; sums a step of the output are 1 / (scale x `factor`).
    Ties(int lo, int hi, int side, double factor, double largest) : factor_(factor), largest_(largest) {
        for (int n = side > 0 ? std::max(lo, 0) : std::min(hi - 1, -1); n >= lo && n < hi; n += side) {
            middles_.push_back(side * (n + 0.5));
        }
        count_ = middles_.size();
        std::reverse(middles_.begin(), middles_.end());
        if (count_ > 0) {
            middles_.insert(middles_.end(), block, middles_.back());  // for a last block that is not full
        }
        for (const double middle : middles_) {
            // The error grows with the value, and where that is small, larger sums on the way to it count.
            constexpr double sums_on_the_way = 100;
            weights_.push_back(1 / (middle + sums_on_the_way));
        }
    }

    /// The least distance of all places to a whole number, in steps of the output and relative to the error of float32 there; some
    /// smaller number if it is less than `enough`.
    double distance(double scale, double enough) const {
        constexpr double no_fraction = 3LL << 51U;  // adding it rounds to the nearest whole number
        const double step = scale * factor_;
        const double sums_a_step = 1 / step;
        const auto end = middles_.begin() + static_cast<std::ptrdiff_t>(count_);
        const auto first = std::partition_point(middles_.begin(), end, [&](double middle) { return middle * sums_a_step > largest_; });
        auto at = static_cast<std::size_t>(first - middles_.begin());
        Pair pairs = Pair{} + 1;
        double least = 1;
        for (; at < count_ && least > enough; at += block) {
            for (std::size_t i = at; i < at + block; i += 2) {
                const Pair sum = pair_at(&middles_[i]) * sums_a_step;
                const Pair distances = absolute(sum - ((sum + no_fraction) - no_fraction)) * step * pair_at(&weights_[i]);
                pairs = distances < pairs ? distances : pairs;
            }
            least = std::min(pairs[0], pairs[1]);
        }
        return least;
    }

  private:
    static constexpr std::size_t block = 8;

    // From the far end, where distances count least: most scales fail there.
    std::vector<double> middles_;  ///< distance from zero, of the output
    std::vector<double> weights_;
    std::size_t count_ = 0;
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

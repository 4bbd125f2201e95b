#pragma once
// Dynamic power over time: the energy of each operation spread evenly over its duration, in windows of equal length. When a run gets long
// the window doubles, so that memory stays bounded.

#include <algorithm>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::platform {

class PowerProfile {
  public:
    explicit PowerProfile(hw::Ticks window = 1) : window_(std::max<hw::Ticks>(1, window)) {}

    /// `pj` spent evenly from `begin` to `end` (> begin).
    void add(hw::Ticks begin, hw::Ticks end, double pj) {
        while (end / window_ >= most_windows) {
            double_window();
        }
        const auto first = static_cast<std::size_t>(begin / window_);
        const auto last = static_cast<std::size_t>((end - 1) / window_);
        if (last >= energy_.size()) {
            energy_.resize(last + 1, 0.0);
        }
        if (first == last) {
            energy_[first] += pj;
            return;
        }
        const double per_tick = pj / static_cast<double>(end - begin);
        energy_[first] += per_tick * static_cast<double>(static_cast<hw::Ticks>(first + 1) * window_ - begin);
        for (std::size_t w = first + 1; w < last; ++w) {
            energy_[w] += per_tick * static_cast<double>(window_);
        }
        energy_[last] += per_tick * static_cast<double>(end - static_cast<hw::Ticks>(last) * window_);
    }

    hw::Ticks window() const { return window_; }
    /// pJ by window.
    const std::vector<double>& energy() const { return energy_; }
    double largest() const { return energy_.empty() ? 0.0 : *std::max_element(energy_.begin(), energy_.end()); }
    void clear() { energy_.clear(); }

  private:
    static constexpr hw::Ticks most_windows = 1 << 18;

    void double_window() {
        for (std::size_t i = 0; i < energy_.size(); i += 2) {
            energy_[i / 2] = energy_[i] + (i + 1 < energy_.size() ? energy_[i + 1] : 0.0);
        }
        energy_.resize((energy_.size() + 1) / 2);
        window_ *= 2;
    }

    hw::Ticks window_;
    std::vector<double> energy_;
};

}  // namespace cim::platform

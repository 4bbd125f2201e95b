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
        while (end >= most_windows * window_) {
            double_window();
        }
        const std::size_t first = window_of(begin);
        const std::size_t last = end <= static_cast<hw::Ticks>(first + 1) * window_ ? first : last_window(end - 1);
        if (last >= used_) {
            used_ = last + 1;
            if (used_ > energy_.size()) {
                energy_.resize(2 * used_, 0.0);
                change_.resize(2 * used_, 0.0);
            }
        }
        if (first == last) {
            energy_[first] += pj;
            return;
        }
        const double per_tick = pj / static_cast<double>(end - begin);
        energy_[first] += per_tick * static_cast<double>(static_cast<hw::Ticks>(first + 1) * window_ - begin);
        energy_[last] += per_tick * static_cast<double>(end - static_cast<hw::Ticks>(last) * window_);
        if (last > first + 1) {
            const double between = per_tick * static_cast<double>(window_);
            change_[first + 1] += between;
            change_[last] -= between;
        }
    }

    hw::Ticks window() const { return window_; }
    /// pJ by window.
    std::vector<double> energy() const {
        std::vector<double> total(energy_.begin(), energy_.begin() + static_cast<std::ptrdiff_t>(used_));
        double level = 0;
        for (std::size_t i = 0; i < total.size(); ++i) {
            level += change_[i];
            total[i] += level;
        }
        return total;
    }
    double largest() const {
        const std::vector<double> total = energy();
        return total.empty() ? 0.0 : *std::max_element(total.begin(), total.end());
    }
    void clear() {
        energy_.clear();
        change_.clear();
        used_ = 0;
    }

  private:
    static constexpr hw::Ticks most_windows = 1 << 18;

    /// tick / window_, by multiplication: a division of 64 bits would be felt, there is one an operation.
    std::size_t window_of(hw::Ticks tick) const {
        auto window = static_cast<hw::Ticks>(static_cast<double>(tick) * per_window_);
        window -= window * window_ > tick ? 1 : 0;
        window += (window + 1) * window_ <= tick ? 1 : 0;
        return static_cast<std::size_t>(window);
    }

    /// The same, quick where ticks come in rising order: of those that are in the window of the one before.
    std::size_t last_window(hw::Ticks tick) {
        const auto begin = static_cast<hw::Ticks>(recent_) * window_;
        if (tick < begin || tick >= begin + window_) {
            recent_ = window_of(tick);
        }
        return recent_;
    }

    void double_window() {
        energy_ = energy();
        for (std::size_t i = 0; i < energy_.size(); i += 2) {
            energy_[i / 2] = energy_[i] + (i + 1 < energy_.size() ? energy_[i + 1] : 0.0);
        }
        used_ = (used_ + 1) / 2;
        energy_.resize(used_);
        change_.assign(used_, 0.0);
        window_ *= 2;
        per_window_ = 1.0 / static_cast<double>(window_);
    }

    hw::Ticks window_;
    double per_window_ = 1.0 / static_cast<double>(window_);
    std::size_t recent_ = 0;      ///< as of last_window()
    std::size_t used_ = 0;        ///< windows; there is room for more
    std::vector<double> energy_;  ///< of the first and last windows of what was added
    std::vector<double> change_;  ///< from one window to the next, of the energy of all windows between
};

}  // namespace cim::platform

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
        if (end > room_) {
            make_room(end);
        }
        const std::size_t last = last_window(end - 1);
        const std::size_t first = begin >= static_cast<hw::Ticks>(last) * window_ ? last : window_of(begin);
        used_ = std::max(used_, last + 1);
        Window& from = windows_[first];
        if (first == last) {
            from.energy += pj;
            return;
        }
        const double per_tick = pj / static_cast<double>(end - begin);
        from.energy += per_tick * static_cast<double>(static_cast<hw::Ticks>(first + 1) * window_ - begin);
        windows_[last].energy += per_tick * static_cast<double>(end - static_cast<hw::Ticks>(last) * window_);
        if (last > first + 1) {
            const double between = per_tick * static_cast<double>(window_);
            windows_[first + 1].change += between;
            windows_[last].change -= between;
        }
    }

    hw::Ticks window() const { return window_; }
    /// pJ by window.
    std::vector<double> energy() const {
        std::vector<double> total(used_);
        double level = 0;
        for (std::size_t i = 0; i < used_; ++i) {
            level += windows_[i].change;
            total[i] = windows_[i].energy + level;
        }
        return total;
    }
    double largest() const {
        const std::vector<double> total = energy();
        return total.empty() ? 0.0 : *std::max_element(total.begin(), total.end());
    }

  private:
    struct Window {
        double energy = 0;  ///< pJ of what was added with its first or last tick here
        double change = 0;  ///< from the window before, of the energy of all windows between those
    };

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

    /// Windows up to tick `end`, longer ones if they were too many.
    void make_room(hw::Ticks end) {
        while (end >= most_windows * window_) {
            double_window();
        }
        const std::size_t needed = window_of(end) + 1;
        if (needed > windows_.size()) {
            const std::size_t wanted = std::min(2 * needed, static_cast<std::size_t>(most_windows));
            if (wanted > most_windows / 64) {
                windows_.reserve(most_windows);  // pages that are not touched cost nothing, and copies would
            }
            windows_.resize(wanted);
        }
        room_ = std::min(static_cast<hw::Ticks>(windows_.size()) * window_, most_windows * window_ - 1);
    }

    void double_window() {
        double level = 0;
        for (std::size_t i = 0; i < used_; ++i) {
            level += windows_[i].change;
            const double energy = windows_[i].energy + level;
            windows_[i] = {};
            windows_[i / 2].energy += energy;
        }
        used_ = (used_ + 1) / 2;
        window_ *= 2;
        per_window_ = 1.0 / static_cast<double>(window_);
        recent_ = 0;
    }

    hw::Ticks window_;
    double per_window_ = 1.0 / static_cast<double>(window_);
    hw::Ticks room_ = 0;      ///< last tick that there are windows up to
    std::size_t recent_ = 0;  ///< as of last_window()
    std::size_t used_ = 0;    ///< windows; there is room for more
    std::vector<Window> windows_;
};

}  // namespace cim::platform

#include "compiler/scheduling/vvm/remapping.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <tuple>

#include "compiler/ceil_div.h"
#include "hw_models/crossbar/converter.h"

namespace cim::compiler {

namespace {

using hw::Ticks;

/// A way to work on a task.
struct Option {
    Split split;
    std::int64_t crossbars = 0;
    Ticks ticks = 0;
    Ticks lag = 0;
};

/// Those that no other one beats in all of crossbars, time and lag; by crossbars.
std::vector<Option> undominated(std::vector<Option> options) {
    std::sort(options.begin(), options.end(), [](const Option& a, const Option& b) {
        return std::tie(a.crossbars, a.ticks, a.lag) < std::tie(b.crossbars, b.ticks, b.lag);
    });
    std::vector<Option> kept;
    std::map<Ticks, Ticks> stairs;  // least lag by time, falling
    for (const Option& option : options) {
        const auto after = stairs.upper_bound(option.ticks);
        if (after != stairs.begin() && std::prev(after)->second <= option.lag) {
            continue;
        }
        auto worse = stairs.lower_bound(option.ticks);
        while (worse != stairs.end() && worse->second >= option.lag) {
            worse = stairs.erase(worse);
        }
        stairs.emplace(option.ticks, option.lag);
        kept.push_back(option);
    }
    return kept;
}

std::vector<Option> options_of(const DuplicationTask& task) {
    std::vector<Option> options;
    for (const Cut& cut : task.cuts) {
        for (int dy = 1; dy <= std::min(task.most_dy, task.rows); ++dy) {
            for (int cols = 1; cols <= task.cols; ++cols) {
                const Split split{ceil_div(task.cols, cols), dy, cut.tile_rows};
                options.push_back({split, task_crossbars(task, split), task_ticks(task, split), lag(task, split)});
            }
        }
    }
    return undominated(std::move(options));
}

/// An option for each task.
struct Choice {
    std::vector<const Option*> options;

    std::int64_t crossbars() const {
        std::int64_t sum = 0;
        for (const Option* option : options) {
            sum += option->crossbars;
        }
        return sum;
    }
    /// Of so many images.
    Ticks ticks(std::int64_t images) const {
        Ticks slowest = 0;
        Ticks lags = 0;
        for (const Option* option : options) {
            slowest = std::max(slowest, option->ticks);
            lags += option->lag;
        }
        return images * slowest + lags;
    }
};

class Remapper {
  public:
    Remapper(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars) : crossbars_(crossbars) {
        for (const DuplicationTask& task : tasks) {
            options_.push_back(options_of(task));
        }
    }

    /// Whether so little work that the best of all is found.
    bool is_small() const {
        constexpr std::int64_t most = 100'000;
        std::size_t options = 0;
        for (const std::vector<Option>& of_task : options_) {
            options += of_task.size();
        }
        return static_cast<std::int64_t>(options) * crossbars_ <= most;
    }

    /// The least lags with no task slower than `slowest`, which some choice allows.
    Choice within(Ticks slowest) const { return is_small() ? best_within(slowest) : priced_within(slowest); }

    /// The next longer time of a slowest task to look at: of a small problem none is passed over.
    Ticks longer(Ticks slowest) const {
        if (!is_small()) {
            return slowest + slowest / 32 + 1;
        }
        Ticks next = std::numeric_limits<Ticks>::max();
        for (const std::vector<Option>& options : options_) {
            for (const Option& option : options) {
                next = option.ticks > slowest ? std::min(next, option.ticks) : next;
            }
        }
        return next;
    }

    /// No choice has less.
    Ticks least_lags() const {
        Ticks sum = 0;
        for (const std::vector<Option>& options : options_) {
            sum += std::min_element(options.begin(), options.end(), [](const Option& a, const Option& b) { return a.lag < b.lag; })->lag;
        }
        return sum;
    }

  private:
    /// By dynamic programming: the least lags of the first tasks on at most so many crossbars.
    Choice best_within(Ticks slowest) const {
        struct Way {
            Ticks lags = 0;
            const Option* last = nullptr;  ///< of the tasks' last one; null: there is no way
        };
        std::vector<std::vector<Way>> ways;
        for (std::size_t i = 0; i < options_.size(); ++i) {
            ways.emplace_back(static_cast<std::size_t>(crossbars_) + 1);
            for (const Option& option : options_[i]) {
                for (std::int64_t on = option.crossbars; option.ticks <= slowest && on <= crossbars_; ++on) {
                    const Way* before = i > 0 ? &ways[i - 1][static_cast<std::size_t>(on - option.crossbars)] : nullptr;
                    const Ticks lags = option.lag + (before != nullptr ? before->lags : 0);
                    Way& way = ways[i][static_cast<std::size_t>(on)];
                    if ((before == nullptr || before->last != nullptr) && (way.last == nullptr || lags < way.lags)) {
                        way = {lags, &option};
                    }
                }
            }
        }
        Choice choice;
        choice.options.resize(options_.size());
        std::int64_t on = crossbars_;
        for (std::size_t i = options_.size(); i-- > 0;) {
            choice.options[i] = ways[i][static_cast<std::size_t>(on)].last;
            on -= choice.options[i]->crossbars;
        }
        return choice;
    }

    /// Each takes the option with the least lag + price x crossbars, and the price of a crossbar is the least with which all fit. What is
    /// then left goes where it shortens a lag most.
    Choice priced_within(Ticks slowest) const {
        double low = 0;  // too cheap
        double high = 1;
        for (const std::vector<Option>& options : options_) {
            for (const Option& option : options) {
                high = std::max(high, static_cast<double>(option.lag));
            }
        }
        Choice best = at_price(high, slowest);
        constexpr int steps = 24;
        for (int step = 0; step < steps; ++step) {
            const double middle = (low + high) / 2;
            Choice choice = at_price(middle, slowest);
            if (choice.crossbars() <= crossbars_) {
                best = std::move(choice);
                high = middle;
            } else {
                low = middle;
            }
        }
        fill(best, slowest);
        return best;
    }

    Choice at_price(double crossbar, Ticks slowest) const {
        Choice choice;
        for (const std::vector<Option>& options : options_) {
            const Option* best = nullptr;
            double least = std::numeric_limits<double>::max();
            for (const Option& option : options) {
                const double price = static_cast<double>(option.lag) + crossbar * static_cast<double>(option.crossbars);
                if (option.ticks <= slowest && price < least) {
                    best = &option;
                    least = price;
                }
            }
            choice.options.push_back(best);
        }
        return choice;
    }

    void fill(Choice& choice, Ticks slowest) const {
        for (std::int64_t left = crossbars_ - choice.crossbars();;) {
            const Option* best = nullptr;
            std::size_t where = 0;
            Ticks most = 0;
            for (std::size_t i = 0; i < options_.size(); ++i) {
                for (const Option& option : options_[i]) {
                    const Ticks gain = choice.options[i]->lag - option.lag;
                    if (option.ticks <= slowest && option.crossbars - choice.options[i]->crossbars <= left && gain > most) {
                        best = &option;
                        where = i;
                        most = gain;
                    }
                }
            }
            if (best == nullptr) {
                return;
            }
            left -= best->crossbars - choice.options[where]->crossbars;
            choice.options[where] = best;
        }
    }

    std::int64_t crossbars_;
    std::vector<std::vector<Option>> options_;  ///< by task
};

}  // namespace

std::vector<int> tile_heights(const QuantNode& conv, const hw::Machine& machine) {
    std::vector<int> heights{0};
    const int together = machine.crossbar.parallel_row;
    const bool same_groups = machine.crossbar.rows % together == 0 || hw::adc_is_lossless(machine);
    if (machine.mode != hw::ComputingMode::WLM || conv.groups > 1 || !same_groups) {
        return heights;
    }
    for (int rows = together; rows < std::min(machine.crossbar.rows, conv.rows); rows += together) {
        if (rows == together || ceil_div(conv.rows, rows) < ceil_div(conv.rows, rows - together)) {
            heights.push_back(rows);
        }
    }
    return heights;
}

Ticks lag(const DuplicationTask& task, const Split& split) {
    const int cols = ceil_div(task.cols, split.dx);
    const Ticks window = cut_of(task, split).window_ticks;
    return 2 * window + window * task.rows_behind * cols / split.dy;
}

std::vector<Split> remap(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars, std::int64_t images) {
    // The shortest interval there is, then longer ones, as long as lags may make up for that.
    std::vector<Split> splits = duplicate(tasks, crossbars);
    std::int64_t used = 0;
    Ticks shortest = 0;
    Ticks best = 0;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        used += task_crossbars(tasks[i], splits[i]);
        shortest = std::max(shortest, task_ticks(tasks[i], splits[i]));
        best += lag(tasks[i], splits[i]);
    }
    best += images * shortest;
    if (used > crossbars) {
        return splits;
    }
    const Remapper remapper(tasks, crossbars);
    for (Ticks slowest = shortest; slowest < (best - remapper.least_lags() + images - 1) / images; slowest = remapper.longer(slowest)) {
        const Choice choice = remapper.within(slowest);
        if (choice.ticks(images) < best) {
            best = choice.ticks(images);
            std::transform(choice.options.begin(), choice.options.end(), splits.begin(),
                           [](const Option* option) { return option->split; });
        }
    }
    return splits;
}

}  // namespace cim::compiler

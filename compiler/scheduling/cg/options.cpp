#include "compiler/scheduling/cg/options.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "compiler/ceil_div.h"

namespace cim::compiler {

namespace {

using hw::Ticks;

std::vector<Option> undominated(std::vector<Option> options) {
    std::sort(options.begin(), options.end(), [](const Option& a, const Option& b) {
        return std::tie(a.crossbars, a.ticks, a.cost) < std::tie(b.crossbars, b.ticks, b.cost);
    });
    std::vector<Option> kept;
    std::map<Ticks, Ticks> stairs;  // least cost by time, falling
    for (const Option& option : options) {
        const auto after = stairs.upper_bound(option.ticks);
        if (after != stairs.begin() && std::prev(after)->second <= option.cost) {
            continue;
        }
        auto worse = stairs.lower_bound(option.ticks);
        while (worse != stairs.end() && worse->second >= option.cost) {
            worse = stairs.erase(worse);
        }
        stairs.emplace(option.ticks, option.cost);
        kept.push_back(option);
    }
    return kept;
}

Choice choice_of(std::vector<const Option*> options) {
    Choice choice;
    for (const Option* option : options) {
        choice.slowest = std::max(choice.slowest, option->ticks);
        choice.cost += option->cost;
        choice.crossbars += option->crossbars;
    }
    choice.options = std::move(options);
    return choice;
}

}  // namespace

// ---- Options ------------------------------------------------------------------------------------------------------------------

Options::Options(const DuplicationTask& task, Ticks cost_of_copy, int part_of_lag) {
    for (const Cut& cut : task.cuts) {
        for (int dy = 1; dy <= std::min(std::max(task.most_dy, task.most_dy_apart), task.rows); ++dy) {
            for (int cols = 1; cols <= task.cols; ++cols) {
                Split split{ceil_div(task.cols, cols), dy, cut.tile_rows};
                const auto most = cut.short_tiles > 0 ? ceil_div(cut.window_ticks, cut.short_ticks) : 1;
                for (; split.together <= std::min<Ticks>(most, split.copies()); ++split.together) {
                    options_.push_back({split, task_crossbars(task, split), task_ticks(task, split),
                                        lag(task, split) / part_of_lag + cost_of_copy * static_cast<Ticks>(split.copies())});
                }
            }
        }
    }
    options_ = undominated(std::move(options_));
    std::sort(options_.begin(), options_.end(),
              [](const Option& a, const Option& b) { return std::tie(a.ticks, a.crossbars) < std::tie(b.ticks, b.crossbars); });
    for (std::size_t i = 0; i < options_.size(); ++i) {
        const auto better = [&](const std::vector<std::size_t>& best, auto field) {
            return i == 0 || options_[i].*field < options_[best.back()].*field ? i : best.back();
        };
        cheapest_.push_back(better(cheapest_, &Option::cost));
        fewest_.push_back(better(fewest_, &Option::crossbars));
    }
}

const Option* Options::find(const std::vector<std::size_t>& best, Ticks ticks) const {
    const auto slower = std::partition_point(options_.begin(), options_.end(), [&](const Option& option) { return option.ticks <= ticks; });
    return slower == options_.begin() ? nullptr : &options_[best[static_cast<std::size_t>(slower - options_.begin()) - 1]];
}

// ---- Chooser ------------------------------------------------------------------------------------------------------------------

std::vector<Split> Choice::splits() const {
    std::vector<Split> splits;
    std::transform(options.begin(), options.end(), std::back_inserter(splits), [](const Option* option) { return option->split; });
    return splits;
}

Chooser::Chooser(std::vector<const Options*> tasks, std::int64_t crossbars) : tasks_(std::move(tasks)), crossbars_(crossbars) {}

bool Chooser::is_small() const {
    constexpr std::int64_t most = 20'000;
    std::int64_t options = 0;
    for (const Options* task : tasks_) {
        options += static_cast<std::int64_t>(task->all().size());
    }
    return options * crossbars_ <= most;
}

std::vector<Ticks> Chooser::times(Ticks least, Ticks most) const {
    std::set<Ticks> times;
    for (const Options* task : tasks_) {
        for (const Option& option : task->all()) {
            if (least <= option.ticks && option.ticks <= most) {
                times.insert(option.ticks);
            }
        }
    }
    return {times.begin(), times.end()};
}

std::optional<Choice> Chooser::least(const std::vector<Ticks>& limits, const std::function<Ticks(Ticks)>& time) const {
    // What is reached at best with each limit, if crossbars did not count; the most promising first.
    std::vector<std::pair<Ticks, Ticks>> bounds;
    for (const Ticks limit : is_small() ? times(0, std::numeric_limits<Ticks>::max()) : limits) {
        Ticks slowest = 0;
        Ticks cost = 0;
        bool all = true;
        for (std::size_t i = 0; all && i < tasks_.size(); ++i) {
            const Option* option = tasks_[i]->cheapest(limit);
            all = option != nullptr;
            slowest = all ? std::max(slowest, option->ticks) : slowest;
            cost += all ? option->cost : 0;
        }
        if (all) {
            bounds.emplace_back(time(slowest) + cost, limit);
        }
    }
    std::sort(bounds.begin(), bounds.end());
    std::optional<Choice> best;
    Ticks least = std::numeric_limits<Ticks>::max();
    for (const auto& [bound, limit] : bounds) {
        if (bound >= least) {
            break;
        }
        std::optional<Choice> choice = within(limit);
        if (choice && time(choice->slowest) + choice->cost < least) {
            least = time(choice->slowest) + choice->cost;
            best = std::move(choice);
        }
    }
    return best;
}

std::optional<Choice> Chooser::within(Ticks slowest) const {
    std::vector<const Option*> cheapest;
    std::transform(tasks_.begin(), tasks_.end(), std::back_inserter(cheapest),
                   [&](const Options* task) { return task->cheapest(slowest); });
    Choice free = choice_of(std::move(cheapest));
    if (free.crossbars <= crossbars_) {
        return free;
    }
    std::int64_t fewest = 0;
    for (const Options* task : tasks_) {
        fewest += task->fewest(slowest)->crossbars;
    }
    if (fewest > crossbars_) {
        return std::nullopt;
    }
    return is_small() ? best_within(slowest) : priced_within(slowest);
}

/// By dynamic programming: the least cost of the first tasks on at most so many crossbars.
Choice Chooser::best_within(Ticks slowest) const {
    struct Way {
        Ticks cost = 0;
        const Option* last = nullptr;  ///< of the tasks' last one; null: there is no way
    };
    std::vector<std::vector<Way>> ways;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
        ways.emplace_back(static_cast<std::size_t>(crossbars_) + 1);
        for (const Option& option : tasks_[i]->all()) {
            for (std::int64_t on = option.crossbars; option.ticks <= slowest && on <= crossbars_; ++on) {
                const Way* before = i > 0 ? &ways[i - 1][static_cast<std::size_t>(on - option.crossbars)] : nullptr;
                const Ticks cost = option.cost + (before != nullptr ? before->cost : 0);
                Way& way = ways[i][static_cast<std::size_t>(on)];
                if ((before == nullptr || before->last != nullptr) && (way.last == nullptr || cost < way.cost)) {
                    way = {cost, &option};
                }
            }
        }
    }
    std::vector<const Option*> options(tasks_.size());
    std::int64_t on = crossbars_;
    for (std::size_t i = tasks_.size(); i-- > 0;) {
        options[i] = ways[i][static_cast<std::size_t>(on)].last;
        on -= options[i]->crossbars;
    }
    return choice_of(std::move(options));
}

/// Each takes the option with the least cost + price x crossbars, and the price of a crossbar is the least with which all fit. What is
/// then left goes where it saves most.
Choice Chooser::priced_within(Ticks slowest) const {
    double low = 0;  // too cheap
    double high = 1;
    for (const Options* task : tasks_) {
        for (const Option& option : task->all()) {
            high = std::max(high, static_cast<double>(option.cost));
        }
    }
    Choice best = at_price(high, slowest);
    constexpr int steps = 24;
    for (int step = 0; step < steps; ++step) {
        const double middle = (low + high) / 2;
        Choice choice = at_price(middle, slowest);
        if (choice.crossbars <= crossbars_) {
            best = std::move(choice);
            high = middle;
        } else {
            low = middle;
        }
    }
    fill(best, slowest);
    return best;
}

Choice Chooser::at_price(double crossbar, Ticks slowest) const {
    std::vector<const Option*> chosen;
    for (const Options* task : tasks_) {
        const Option* best = nullptr;
        double least = std::numeric_limits<double>::max();
        for (const Option& option : task->all()) {
            if (option.ticks > slowest) {
                break;
            }
            const double price = static_cast<double>(option.cost) + crossbar * static_cast<double>(option.crossbars);
            if (price < least) {
                best = &option;
                least = price;
            }
        }
        chosen.push_back(best);
    }
    return choice_of(std::move(chosen));
}

void Chooser::fill(Choice& choice, Ticks slowest) const {
    while (true) {
        const std::int64_t left = crossbars_ - choice.crossbars;
        const Option* best = nullptr;
        std::size_t where = 0;
        Ticks most = 0;
        for (std::size_t i = 0; i < tasks_.size(); ++i) {
            for (const Option& option : tasks_[i]->all()) {
                const Ticks gain = choice.options[i]->cost - option.cost;
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
        choice.options[where] = best;
        choice = choice_of(std::move(choice.options));
    }
}

}  // namespace cim::compiler

#pragma once
// Ways to work on Convs, and which of them together cost least on the crossbars that there are.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "compiler/scheduling/cg/duplication.h"

namespace cim::compiler {

/// A way to work on a task.
struct Option {
    Split split;
    std::int64_t crossbars = 0;
    hw::Ticks ticks = 0;  ///< an image
    hw::Ticks cost = 0;   ///< as much of its lag as counts, and what its copies cost
};

/// Of one task, those that no other one beats in all of crossbars, ticks and cost.
class Options {
  public:
    /// Of its lag a `part_of_lag`-th counts.
    Options(const DuplicationTask& task, hw::Ticks cost_of_copy, int part_of_lag);

    const std::vector<Option>& all() const { return options_; }  ///< by ticks, ascending
    /// The one with the least cost, and that with the fewest crossbars, of those that take `ticks` at most; null if there is none.
    const Option* cheapest(hw::Ticks ticks) const { return find(cheapest_, ticks); }
    const Option* fewest(hw::Ticks ticks) const { return find(fewest_, ticks); }

  private:
    const Option* find(const std::vector<std::size_t>& best, hw::Ticks ticks) const;

    std::vector<Option> options_;
    std::vector<std::size_t> cheapest_;  ///< of the first ones
    std::vector<std::size_t> fewest_;
};

/// An option for each task.
struct Choice {
    std::vector<const Option*> options;
    hw::Ticks slowest = 0;
    hw::Ticks cost = 0;
    std::int64_t crossbars = 0;

    std::vector<Split> splits() const;
};

class Chooser {
  public:
    /// The options must outlive it.
    Chooser(std::vector<const Options*> tasks, std::int64_t crossbars);

    /// The least time(slowest) + cost of all choices that fit; `time` never falls. Looked for among those with no task slower than one of
    /// `limits`: nothing if none of them fits. Where there is little to try, `limits` are not needed, and nothing is less.
    std::optional<Choice> least(const std::vector<hw::Ticks>& limits, const std::function<hw::Ticks(hw::Ticks)>& time) const;

    /// Times from `least` to `most` that some option of a task takes.
    std::vector<hw::Ticks> times(hw::Ticks least, hw::Ticks most) const;

  private:
    bool is_small() const;
    /// Of choices with no task slower than `slowest`, for which there are options, one with the least cost that fits.
    std::optional<Choice> within(hw::Ticks slowest) const;
    Choice best_within(hw::Ticks slowest) const;
    Choice priced_within(hw::Ticks slowest) const;
    Choice at_price(double crossbar, hw::Ticks slowest) const;
    void fill(Choice& choice, hw::Ticks slowest) const;

    std::vector<const Options*> tasks_;
    std::int64_t crossbars_;
};

}  // namespace cim::compiler

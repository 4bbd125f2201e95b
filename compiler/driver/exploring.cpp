#include "compiler/driver/exploring.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "compiler/codegen/generate.h"
#include "compiler/driver/schedule_facts.h"
#include "compiler/error.h"
#include "compiler/parallel.h"
#include "compiler/prediction/occupancy.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

constexpr std::int64_t most_of_one = 100'000;  // operations of a program that is worth rehearsing
/// Of all rehearsals together: operations an image at least, and in programs as long as the first. How many points may then be gone on from
/// in vain.
struct Budget {
    std::int64_t operations;
    std::int64_t programs;
    int patience;
};
constexpr Budget whole{1'000'000, 25, 10};
constexpr Budget in_segments{4'000'000, 40, 30};  // where to cut is a choice more, and times change by leaps with it
constexpr int times_thorough = 6;                 // of the budget
constexpr std::int64_t longer = 6;  // times as many reads of crossbars as the best: tiles cut ever smaller, not worth a program
constexpr std::int64_t price_of_segment = 1'500;
constexpr std::int64_t price_of_flow = 25;
// Times the best. Less memory of the whole machine is followed further: an operator for which an L1 is too small goes to the chip's ALU.
constexpr std::int64_t hopeless = 2;
constexpr std::int64_t hopeless_memory = 4;

class Explorer {
  public:
    Explorer(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const SearchOptions& search,
             const Measure& measure, const std::vector<Spread>& spreads)
        : network_(network),
          machine_(machine),
          options_(options),
          measure_(measure),
          several_(search.several),
          frugal_(search.objective == Objective::Energy),
          thorough_(search.thorough),
          start_(search.start),
          spreads_(spreads) {}

    Explored run() {
        std::set<Point> open;
        enter({{{}, spreads_.front()}}, open);  // tells whether to rehearse
        enter(with_spreads({}), open);
        if (start_) {
            enter({*start_}, open);
        }
        if (!best_) {
            throw *refusal_;
        }
        // Of a program that is too long to rehearse, how it is cut into segments can be told from what it holds, little else.
        if (several_ && (rehearse_ || best_->schedule.segments.size() > 1)) {
            explore(open);
        }
        return {std::move(*best_), cost_, rehearse_, std::move(ranking_)};
    }

  private:
    struct Point {
        std::int64_t rank = 0;
        Strategy strategy;
        MemoryUsed used;
        bool operator<(const Point& other) const { return std::tie(rank, strategy) < std::tie(other.rank, other.strategy); }
    };
    /// Where to go on from first: what costs little, of about the same cost what has been halved least, whose neighbours are not known yet.
    static std::int64_t rank(std::int64_t cost, const Share& share) {
        return cost + cost / 128 * std::accumulate(share.halvings.begin(), share.halvings.end(), 0);
    }

    std::vector<Strategy> with_spreads(const Share& share) const {
        std::vector<Strategy> strategies;
        for (const Spread spread : spreads_) {
            strategies.push_back({share, spread, true, Cuts::Cheapest});
            const bool segmented = best_ && best_->schedule.segments.size() > 1;
            if (segmented && frugal_) {
                strategies.push_back({share, spread, true, Cuts::Frugal});
            }
            if (segmented && rehearse_) {
                // What cuts cost is an estimate.
                strategies.push_back({share, spread, true, Cuts::Filling});
                strategies.push_back({share, spread, true, Cuts::Slow});
                strategies.push_back({share, spread, true, Cuts::Longest});
            }
            if (rehearse_ && best_ && has_bands(best_->schedule)) {
                strategies.push_back({share, spread, true, Cuts::Cheapest, false});  // more relays, more that come in each other's way
            }
            if (rehearse_ && options_.forwarding && spread == spreads_.front()) {
                for (const Forwarding forwarding : {Forwarding::None, Forwarding::All}) {  // hops less, or fewer receivers
                    strategies.push_back({share, spread, true, Cuts::Cheapest, true, {}, forwarding});
                }
            }
            if (rehearse_ && options_.remapping && machine_.mode == hw::ComputingMode::WLM) {
                strategies.push_back({share, spread, false, Cuts::Cheapest});  // what dealt rows cost the ports is known only then
            }
        }
        if (rehearse_ && best_ && holds_maps(best_->schedule)) {
            // Cores have less to send, and to keep, where maps pass L0.
            for (std::size_t i = 0, own = strategies.size(); i < own; ++i) {
                strategies.push_back(strategies[i]);
                strategies.back().holding = false;
            }
        }
        return strategies;
    }

    /// Goes on from the best point seen along each resource, as far as less of it may pay, until that has not helped for a while. Whole
    /// lines, because a half may be worse and a quarter better: what fits changes by steps.
    void explore(std::set<Point>& open) {
        for (int in_vain = 0; !open.empty() && left_ > 0 && in_vain < budget_.patience;) {
            const Point from = std::move(open.extract(open.begin()).value());
            const std::int64_t before = cost_;
            std::vector<Strategy> strategies = with_spreads(from.strategy.share);  // beside the first halves
            // All halves before all quarters: the work allowed may end on the way. Less memory is what costs least to look at.
            std::vector<Line> lines;
            for (const Scarce resource : {Scarce::L1, Scarce::L0, Scarce::Columns, Scarce::Rows, Scarce::Cores, Scarce::Crossbars}) {
                lines.push_back({resource, from.strategy, from.used});
            }
            while (!lines.empty()) {
                const std::size_t first = strategies.size();
                std::vector<std::size_t> asked;
                for (std::size_t i = 0; i < lines.size(); ++i) {
                    lines[i].strategy.share = lines[i].strategy.share.with_half(lines[i].resource);
                    if (!is_enough(lines[i])) {
                        strategies.push_back(lines[i].strategy);
                        asked.push_back(i);
                    }
                }
                const std::vector<std::optional<Seen>> seen = enter(strategies, open);
                for (std::size_t k = asked.size(); k-- > 0;) {
                    Line& line = lines[asked[k]];
                    const bool memory = line.resource == Scarce::L1 || line.resource == Scarce::L0;
                    const std::int64_t too_much = (from.strategy.share.is_whole() && memory ? hopeless_memory : hopeless) * cost_;
                    if (seen[first + k] && seen[first + k]->cost < too_much) {
                        line.used = seen[first + k]->used;
                    } else {
                        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(asked[k]));
                    }
                }
                strategies.clear();
            }
            in_vain = cost_ < before ? 0 : in_vain + 1;
        }
    }

    /// Ever less of one resource, and what the schedule with the least so far uses.
    struct Line {
        Scarce resource;
        Strategy strategy;
        MemoryUsed used;
    };

    /// Whether that schedule needs no more than what is left of a memory, and so would come out again.
    bool is_enough(const Line& line) const {
        if (line.resource != Scarce::L1 && line.resource != Scarce::L0) {
            return false;
        }
        const bool l1 = line.resource == Scarce::L1;
        const hw::Limit& size = l1 ? machine_.core.l1.size : machine_.chip.l0.size;
        const std::int64_t left = size.value >> line.strategy.share.halvings[static_cast<std::size_t>(line.resource)];
        return !size.ideal && left > 0 && left >= (l1 ? line.used.l1 : line.used.l0);
    }

    /// A strategy on its way to a cost.
    struct Considered {
        Candidate candidate;
        std::optional<InputError> refusal;  ///< the network does not fit
        std::vector<std::int64_t> print;
        MemoryUsed used;
        Occupancy occupancy;
        std::optional<std::int64_t> cost;  ///< or a bound, if that is more than what counts
    };

    struct Seen {
        std::int64_t cost = 0;
        MemoryUsed used;
    };
    /// Considers strategies, those that are new. Of each of these, if it fits, what was seen.
    std::vector<std::optional<Seen>> enter(const std::vector<Strategy>& strategies, std::set<Point>& open) {
        std::vector<std::size_t> from;
        std::vector<Considered> fresh;
        for (std::size_t i = 0; i < strategies.size() && left_ > 0; ++i) {
            if (seen_.insert(strategies[i]).second && keeps_numbers(network_, machine_, strategies[i].share)) {
                from.push_back(i);
                fresh.emplace_back();
                fresh.back().candidate.strategy = strategies[i];
            }
        }
        consider(fresh);
        std::vector<std::optional<Seen>> seen(strategies.size());
        for (std::size_t i = 0; i < fresh.size(); ++i) {
            Considered& it = fresh[i];
            if (!it.cost) {
                continue;
            }
            seen[from[i]] = {*it.cost, it.used};
            if (known_.insert({std::move(it.print), *it.cost}).second) {
                ranking_.insert({*it.cost, it.candidate.strategy});
                open.insert({rank(*it.cost, it.candidate.strategy.share), it.candidate.strategy, it.used});
            }
        }
        return seen;
    }

    /// Each step for all of them at the same time. What is compared with is the best before, so that the order does not matter.
    void consider(std::vector<Considered>& all) {
        for_each(all, [&](Considered& it) { make_schedule(it); });
        std::set<std::vector<std::int64_t>> twice;
        std::vector<Considered*> fresh;
        for (Considered& it : all) {
            left_ -= price_of_segment * static_cast<std::int64_t>(1 + it.candidate.schedule.segments.size());
            if (it.refusal) {
                refusal_ = it.refusal;
            } else if (const auto known = known_.find(it.print); known != known_.end()) {
                it.cost = known->second;
            } else if (twice.insert(it.print).second && (!best_ || reads_of(it.candidate.schedule) <= longer * reads_of(best_->schedule))) {
                if (const std::int64_t least = least_of(it.candidate.schedule); best_ && least >= cost_) {
                    it.cost = bound(least);  // not worth a program
                } else {
                    fresh.push_back(&it);
                }
            }
        }
        for_each(fresh, [&](Considered* it) {
            it->candidate.program = generate_flows(network_, it->candidate.schedule, machine_);
            it->occupancy = occupancy_of(it->candidate.program, machine_, measure_.images());
        });
        for (const Considered* it : fresh) {
            left_ -= price_of_flow * static_cast<std::int64_t>(it->candidate.program.flows.size());
            if (!best_ && it == fresh.front()) {
                rehearse_ = it->occupancy.operations <= most_of_one;
                grant(whole, it->occupancy.operations);
            }
            left_ -= worth_rehearsing(*it) ? it->occupancy.operations : 0;
        }
        for_each(fresh, [&](Considered* it) { it->cost = cost_of(*it); });
        for (Considered* it : fresh) {
            if (!best_ || *it->cost < cost_) {
                cost_ = *it->cost;
                best_ = std::move(it->candidate);
                if (best_->schedule.segments.size() > 1) {
                    grant(in_segments, it->occupancy.operations);
                }
                it->candidate.strategy = best_->strategy;
            }
        }
        for (Considered& it : all) {
            if (!it.cost && !it.refusal) {
                it.cost = cost_of_twin(all, it);
            }
        }
    }

    template <typename List, typename F>
    static void for_each(List& list, F f) {
        in_parallel(static_cast<int>(list.size()), 1,
                    [&](int begin, int end) { std::for_each(list.begin() + begin, list.begin() + end, f); });
    }

    void make_schedule(Considered& it) const {
        try {
            it.candidate.schedule = schedule(network_, machine_, options_, it.candidate.strategy);
            it.print = fingerprint(it.candidate.schedule);
            it.used = memory_used(it.candidate.schedule);
        } catch (const InputError& error) {
            it.refusal = error;
        }
    }

    static std::optional<std::int64_t> cost_of_twin(const std::vector<Considered>& all, const Considered& it) {
        const auto twin = std::find_if(all.begin(), all.end(), [&](const Considered& one) { return one.cost && one.print == it.print; });
        return twin == all.end() ? std::nullopt : twin->cost;  // none: too long
    }

    /// Nothing if the first program was too long to rehearse, or as much has been granted already.
    void grant(const Budget& budget, std::int64_t operations_of_one) {
        const std::int64_t allowed =
            (thorough_ ? times_thorough : 1) * std::max(measure_.images() * budget.operations, budget.programs * operations_of_one);
        if (rehearse_ && allowed > granted_) {
            budget_ = budget;
            left_ += allowed - granted_;
            granted_ = allowed;
        }
    }

    bool worth_rehearsing(const Considered& it) const { return rehearse_ && (!best_ || measure_.least(it.occupancy) < cost_); }

    /// What no program of a schedule goes below.
    std::int64_t least_of(const Schedule& schedule) const {
        return measure_.least({least_ticks(schedule, machine_, prices_, measure_.images()), 0, 0, {}});
    }

    /// A bound is no time: what is compared by it has to be better than the best by an eighth, which is about what contention adds.
    std::int64_t bound(std::int64_t least) const { return least + (best_ ? cost_ / 8 : 0); }

    /// Rehearsed if the first program was short enough, else what bounds the time.
    std::int64_t cost_of(const Considered& it) const {
        if (!worth_rehearsing(it)) {
            return bound(measure_.least(it.occupancy));
        }
        return measure_.rehearsed(it.candidate.program, it.occupancy, best_ ? cost_ + cost_ / 4 : INT64_MAX);
    }

    const QuantGraph& network_;
    const hw::Machine& machine_;
    const ScheduleOptions& options_;
    hw::PriceList prices_{machine_};
    const Measure& measure_;
    bool several_;
    bool frugal_;
    bool thorough_;
    std::optional<Strategy> start_;
    const std::vector<Spread>& spreads_;
    std::optional<Candidate> best_;
    std::int64_t cost_ = 0;  ///< of the best, as `measure_` has it
    bool rehearse_ = true;
    Budget budget_ = whole;
    std::int64_t granted_ = whole.operations;
    std::int64_t left_ = granted_;  ///< of the operations granted
    std::set<Strategy> seen_;
    std::map<std::vector<std::int64_t>, std::int64_t> known_;  ///< cost by fingerprint
    std::set<std::pair<std::int64_t, Strategy>> ranking_;      ///< by cost
    std::optional<InputError> refusal_;
};

}  // namespace

Explored explore(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const SearchOptions& search,
                 const Measure& measure, const std::vector<Spread>& spreads) {
    return Explorer(network, machine, options, search, measure, spreads).run();
}

}  // namespace cim::compiler

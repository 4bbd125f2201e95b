#include "compiler/driver/search.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/driver/early_writes.h"
#include "compiler/driver/joined.h"
#include "compiler/driver/one_image.h"
#include "compiler/driver/paces.h"
#include "compiler/driver/schedule_facts.h"
#include "compiler/error.h"
#include "compiler/mapping/packing.h"
#include "compiler/parallel.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/scheduling/cg/joining.h"
#include "compiler/scheduling/cg/prewrite.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

// Operations of a program that is worth rehearsing.
constexpr std::int64_t most_of_one = 100'000;
constexpr std::int64_t most_of_large = 4'000'000;  // if only to know whether early writes pay
constexpr std::int64_t most_of_fast = 2'000'000;   // or whether to cut for one image, about a second
constexpr std::int64_t least_writing = 64;         // times as long is a program in which they cannot
/// Of all rehearsals together: operations an image at least, and in programs as long as the first. How many points may then be gone on from
/// in vain.
struct Budget {
    std::int64_t operations;
    std::int64_t programs;
    int patience;
};
constexpr Budget whole{1'000'000, 25, 10};
constexpr Budget in_segments{4'000'000, 40, 30};  // where to cut is a choice more, and times change by leaps with it
constexpr int rounds_of_thorough = 10;            // to cut for one image by what segments took
constexpr int times_thorough = 6;                 // of the budget
constexpr int tried_joined = 6;                   // of the best that are not
constexpr int tried_with_early_writes = 2;        // of the best without them
constexpr std::int64_t longer = 6;  // times as many reads of crossbars as the best: tiles cut ever smaller, not worth a program
constexpr std::int64_t price_of_segment = 1'500;
constexpr std::int64_t price_of_flow = 25;
constexpr std::int64_t most_rehearsed_images = 3;
// Times the best. Less memory of the whole machine is followed further: an operator for which an L1 is too small goes to the chip's ALU.
constexpr std::int64_t hopeless = 2;
constexpr std::int64_t hopeless_memory = 4;

Spread first_spread(const ScheduleOptions& options) {
    return options.copies == CopyPolicy::Optimal ? Spread::Balanced : Spread::Copies;
}

class Search {
  public:
    Search(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const SearchOptions& search)
        : network_(network),
          machine_(machine),
          options_(options),
          measure_(search.objective, machine, std::min(search.images, most_rehearsed_images)),
          several_(search.several),
          frugal_(search.objective == Objective::Energy),
          one_image_(search.objective == Objective::Latency && search.images == 1 && search.several && options.reloading &&
                     options.duplication),
          thorough_(search.thorough),
          start_(search.start),
          spreads_(search.several ? spreads_on(machine, prices_) : std::vector<Spread>{first_spread(options)}) {}

    Candidate run() {
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
        const bool by_time = best_->strategy.cuts == Cuts::Cheapest && !frugal_;
        if (!rehearse_ && several_ && by_time && best_->schedule.segments.size() > 1) {
            without_paces_ = best_->strategy;
            best_ = cut_by_paces(std::move(*best_), network_, machine_, options_, measure_.images());
        }
        const Candidate all_in_turn = *best_;
        best_ = with_or_without_early_writes({});
        if (const std::optional<std::int64_t> faster = one_image_ ? cut_for_one_image() : std::nullopt;
            faster && !is_joined(best_->schedule)) {
            best_ = with_or_without_early_writes(faster);
        }
        if (!is_joined(best_->schedule)) {
            join_where_better(all_in_turn);
        }
        return std::move(*best_);
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

    /// The time of the best if it was faster to cut it for one image.
    std::optional<std::int64_t> cut_for_one_image() {
        if (!rehearse_ &&
            occupancy_of(best_->program, machine_, measure_.images()).operations > (thorough_ ? most_of_large : most_of_fast)) {
            return std::nullopt;
        }
        std::vector<Strategy> strategies;
        const bool every_spread = rehearse_ && thorough_;
        // Shorter tiles are read in less time, so that results come sooner.
        std::vector<Share> shares{best_->strategy.share};
        if (const Share rows = shares.front().with_half(Scarce::Rows);
            machine_.mode == hw::ComputingMode::XBM && keeps_numbers(network_, machine_, rows)) {
            shares.push_back(rows);
        }
        for (const Share& share : shares) {
            for (const Spread spread : every_spread ? spreads_ : std::vector<Spread>{spreads_.back()}) {
                strategies.push_back({share, spread, best_->strategy.remapping, Cuts::OneImage, best_->strategy.banded});
                if (thorough_) {
                    strategies.push_back(strategies.back());
                    strategies.back().forwarding = Forwarding::All;
                }
            }
        }
        const int rounds = thorough_ ? rounds_of_thorough : 1;
        const bool known = rehearse_ && best_->schedule.segments.size() == 1;  // else it may have early writes by now
        std::optional<Rehearsed> faster = faster_for_one_image(*best_, known ? std::make_optional(cost_) : std::nullopt, strategies, rounds,
                                                               network_, machine_, options_);
        if (!faster) {
            return std::nullopt;
        }
        best_ = std::move(faster->candidate);
        without_paces_.reset();
        cost_ = faster->ticks;
        return cost_;
    }

    /// The best, with early writes if it is better with them: its segments as they are or cut for them, those of others that are nearly as
    /// good, or the strategy to start from, which was the best with them for another objective. The cost of a program that was not
    /// rehearsed is a bound, which does not know of waiting: it is rehearsed now, if all writing is long enough for early writes to pay.
    /// `known`: what the best takes, if it has been rehearsed.
    Candidate with_or_without_early_writes(std::optional<std::int64_t> known) {
        if (!options_.prewriting || best_->schedule.segments.size() == 1) {
            return std::move(*best_);
        }
        const Occupancy occupancy = occupancy_of(best_->program, machine_, measure_.images());
        if (writing_ticks(best_->schedule, machine_) < known.value_or(occupancy.busiest) / least_writing ||
            occupancy.operations > most_of_large) {
            return std::move(*best_);
        }
        if (rehearse_ && !known) {
            known = cost_;
        }
        const std::int64_t cost = known ? *known : measure_.rehearsed(best_->program, occupancy, INT64_MAX);
        std::set<Strategy> others;
        const auto add = [&](Strategy strategy) {
            others.insert(strategy);
            if (!rehearse_) {
                strategy.cuts = Cuts::Filling;
                others.insert(strategy);
            }
            strategy.paces.clear();  // operators are cut into other pieces
            strategy.cuts = Cuts::Overlapping;
            others.insert(strategy);
        };
        add(best_->strategy);
        if (thorough_ && options_.forwarding) {
            Strategy without_hops = best_->strategy;
            without_hops.forwarding = Forwarding::None;
            add(without_hops);
        }
        if (without_paces_) {
            add(*without_paces_);
        }
        const std::int64_t nearly = rehearse_ ? cost_ + cost_ / 32 : 0;
        int left = tried_with_early_writes;
        for (auto other = ranking_.begin(); other != ranking_.end() && other->first <= nearly && left > 0; ++other, --left) {
            add(other->second);
        }
        if (start_) {
            others.insert(*start_);
        }
        others.erase(best_->strategy);
        std::optional<Candidate> faster = faster_with_early_writes(*best_, others, cost, network_, machine_, options_, measure_);
        return std::move(faster ? *faster : *best_);
    }

    /// Nothing is lost by not waiting, but more comes at the same time: rehearsed, and so are those that are nearly as good when all wait.
    /// Segments lie elsewhere for early writes: `all_in_turn` is the best without any. What is too long is joined unrehearsed.
    void join_where_better(const Candidate& all_in_turn) {
        if (!options_.joining || !several_ || best_->schedule.segments.size() == 1) {
            return;
        }
        const Occupancy now = occupancy_of(best_->program, machine_, measure_.images());
        if (now.operations > most_of_large) {
            if (join_segments(best_->schedule, machine_)) {
                best_->program = generate_flows(network_, best_->schedule, machine_);
            }
            return;
        }
        std::vector<Candidate> ways{*best_, all_in_turn};
        int left = rehearse_ ? tried_joined : 0;
        for (auto other = ranking_.begin(); other != ranking_.end() && other->first <= cost_ + cost_ / 32 && left > 0; ++other, --left) {
            ways.push_back({other->second, {}, {}});
        }
        for (const Cuts cuts : {Cuts::Cheapest, Cuts::Filling, Cuts::Frugal}) {
            Strategy strategy = all_in_turn.strategy;
            strategy.cuts = cuts;
            if (rehearse_ && cuts != all_in_turn.strategy.cuts) {
                ways.push_back({strategy, {}, {}});
            }
        }
        const std::int64_t cost = measure_.rehearsed(best_->program, now, INT64_MAX);
        if (std::optional<Candidate> better = better_joined(std::move(ways), cost, most_of_large, network_, machine_, options_, measure_)) {
            best_ = std::move(better);
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
    Measure measure_;
    bool several_;
    bool frugal_;
    bool one_image_;
    bool thorough_;
    std::optional<Strategy> start_;
    std::vector<Spread> spreads_;
    std::optional<Candidate> best_;
    std::optional<Strategy> without_paces_;  ///< that the best came from, if it was cut by paces
    std::int64_t cost_ = 0;                  ///< of the best, as `measure_` has it
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

Candidate best_candidate(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options,
                         const SearchOptions& search) {
    SearchOptions own = search;
    if (search.several && search.objective != Objective::Latency) {
        // So that no program made for another objective is worse at it than the fastest one.
        SearchOptions fast = search;
        fast.objective = Objective::Latency;
        own.start = best_candidate(network, machine, options, fast).strategy;
    }
    return Search(network, machine, options, own).run();
}

}  // namespace cim::compiler

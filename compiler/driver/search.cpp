#include "compiler/driver/search.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/driver/early_writes.h"
#include "compiler/driver/exploring.h"
#include "compiler/driver/joined.h"
#include "compiler/driver/one_image.h"
#include "compiler/driver/paces.h"
#include "compiler/driver/schedule_facts.h"
#include "compiler/mapping/packing.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/scheduling/cg/joining.h"
#include "compiler/scheduling/cg/prewrite.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

// Operations of a program that is worth rehearsing.
constexpr std::int64_t most_of_large = 4'000'000;  // if only to know whether early writes pay
constexpr std::int64_t most_of_fast = 2'000'000;   // or whether to cut for one image, about a second
constexpr std::int64_t least_writing = 64;         // times as long is a program in which early writes cannot pay
constexpr int rounds_of_thorough = 10;             // to cut for one image by what segments took
constexpr int tried_joined = 6;                    // of the best that are not
constexpr int tried_with_early_writes = 2;         // of the best without them
constexpr std::int64_t most_rehearsed_images = 3;

std::vector<Spread> spreads_for(const SearchOptions& search, const ScheduleOptions& options, const hw::Machine& machine) {
    if (search.several) {
        return spreads_on(machine, hw::PriceList(machine));
    }
    return {options.copies == CopyPolicy::Optimal ? Spread::Balanced : Spread::Copies};
}

/// What is tried with the best of those explored.
class Search {
  public:
    Search(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, const SearchOptions& search)
        : network_(network),
          machine_(machine),
          options_(options),
          search_(search),
          measure_(search.objective, machine, std::min(search.images, most_rehearsed_images)),
          spreads_(spreads_for(search, options, machine)) {}

    Candidate run() {
        Explored explored = explore(network_, machine_, options_, search_, measure_, spreads_);
        best_ = std::move(explored.best);
        cost_ = explored.cost;
        rehearsed_ = explored.rehearsed;
        ranking_ = std::move(explored.ranking);
        const bool by_time = best_.strategy.cuts == Cuts::Cheapest && search_.objective != Objective::Energy;
        if (!rehearsed_ && search_.several && by_time && best_.schedule.segments.size() > 1) {
            without_paces_ = best_.strategy;
            best_ = cut_by_paces(std::move(best_), network_, machine_, options_, measure_.images());
        }
        const Candidate all_in_turn = best_;
        best_ = with_or_without_early_writes({});
        const bool one_image =
            search_.objective == Objective::Latency && search_.images == 1 && search_.several && options_.reloading && options_.duplication;
        if (const std::optional<std::int64_t> faster = one_image ? cut_for_one_image() : std::nullopt;
            faster && !is_joined(best_.schedule)) {
            best_ = with_or_without_early_writes(faster);
        }
        if (!is_joined(best_.schedule)) {
            join_where_better(all_in_turn);
        }
        return std::move(best_);
    }

  private:
    /// The time of the best if it was faster to cut it for one image.
    std::optional<std::int64_t> cut_for_one_image() {
        if (!rehearsed_ &&
            occupancy_of(best_.program, machine_, measure_.images()).operations > (search_.thorough ? most_of_large : most_of_fast)) {
            return std::nullopt;
        }
        std::vector<Strategy> strategies;
        const bool every_spread = rehearsed_ && search_.thorough;
        // Shorter tiles are read in less time, so that results come sooner.
        std::vector<Share> shares{best_.strategy.share};
        if (const Share rows = shares.front().with_half(Scarce::Rows);
            machine_.mode == hw::ComputingMode::XBM && keeps_numbers(network_, machine_, rows)) {
            shares.push_back(rows);
        }
        for (const Share& share : shares) {
            for (const Spread spread : every_spread ? spreads_ : std::vector<Spread>{spreads_.back()}) {
                strategies.push_back({share, spread, best_.strategy.remapping, Cuts::OneImage, best_.strategy.banded});
                if (search_.thorough) {
                    strategies.push_back(strategies.back());
                    strategies.back().forwarding = Forwarding::All;
                }
            }
        }
        const int rounds = search_.thorough ? rounds_of_thorough : 1;
        const bool known = rehearsed_ && best_.schedule.segments.size() == 1;  // else it may have early writes by now
        std::optional<Rehearsed> faster =
            faster_for_one_image(best_, known ? std::make_optional(cost_) : std::nullopt, strategies, rounds, network_, machine_, options_);
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
        if (!options_.prewriting || best_.schedule.segments.size() == 1) {
            return std::move(best_);
        }
        const Occupancy occupancy = occupancy_of(best_.program, machine_, measure_.images());
        if (writing_ticks(best_.schedule, machine_) < known.value_or(occupancy.busiest) / least_writing ||
            occupancy.operations > most_of_large) {
            return std::move(best_);
        }
        if (rehearsed_ && !known) {
            known = cost_;
        }
        const std::int64_t cost = known ? *known : measure_.rehearsed(best_.program, occupancy, INT64_MAX);
        std::set<Strategy> others;
        const auto add = [&](Strategy strategy) {
            others.insert(strategy);
            if (!rehearsed_) {
                strategy.cuts = Cuts::Filling;
                others.insert(strategy);
            }
            strategy.paces.clear();  // operators are cut into other pieces
            strategy.cuts = Cuts::Overlapping;
            others.insert(strategy);
        };
        add(best_.strategy);
        if (search_.thorough && options_.forwarding) {
            Strategy without_hops = best_.strategy;
            without_hops.forwarding = Forwarding::None;
            add(without_hops);
        }
        if (without_paces_) {
            add(*without_paces_);
        }
        const std::int64_t nearly = rehearsed_ ? cost_ + cost_ / 32 : 0;
        int left = tried_with_early_writes;
        for (auto other = ranking_.begin(); other != ranking_.end() && other->first <= nearly && left > 0; ++other, --left) {
            add(other->second);
        }
        if (search_.start) {
            others.insert(*search_.start);
        }
        others.erase(best_.strategy);
        std::optional<Candidate> faster = faster_with_early_writes(best_, others, cost, network_, machine_, options_, measure_);
        return std::move(faster ? *faster : best_);
    }

    /// Nothing is lost by not waiting, but more comes at the same time: rehearsed, and so are those that are nearly as good when all wait.
    /// Segments lie elsewhere for early writes: `all_in_turn` is the best without any. What is too long is joined unrehearsed.
    void join_where_better(const Candidate& all_in_turn) {
        if (!options_.joining || !search_.several || best_.schedule.segments.size() == 1) {
            return;
        }
        const Occupancy now = occupancy_of(best_.program, machine_, measure_.images());
        if (now.operations > most_of_large) {
            if (join_segments(best_.schedule, machine_)) {
                best_.program = generate_flows(network_, best_.schedule, machine_);
            }
            return;
        }
        std::vector<Candidate> ways{best_, all_in_turn};
        int left = rehearsed_ ? tried_joined : 0;
        for (auto other = ranking_.begin(); other != ranking_.end() && other->first <= cost_ + cost_ / 32 && left > 0; ++other, --left) {
            ways.push_back({other->second, {}, {}});
        }
        for (const Cuts cuts : {Cuts::Cheapest, Cuts::Filling, Cuts::Frugal}) {
            Strategy strategy = all_in_turn.strategy;
            strategy.cuts = cuts;
            if (rehearsed_ && cuts != all_in_turn.strategy.cuts) {
                ways.push_back({strategy, {}, {}});
            }
        }
        const std::int64_t cost = measure_.rehearsed(best_.program, now, INT64_MAX);
        if (std::optional<Candidate> better = better_joined(std::move(ways), cost, most_of_large, network_, machine_, options_, measure_)) {
            best_ = std::move(*better);
        }
    }

    const QuantGraph& network_;
    const hw::Machine& machine_;
    const ScheduleOptions& options_;
    const SearchOptions& search_;
    Measure measure_;
    std::vector<Spread> spreads_;
    Candidate best_;
    std::int64_t cost_ = 0;  ///< of the best explored, or of the one cut for one image
    bool rehearsed_ = true;
    std::set<std::pair<std::int64_t, Strategy>> ranking_;
    std::optional<Strategy> without_paces_;  ///< that the best came from, if it was cut by paces
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

#include "compiler/driver/search.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/error.h"
#include "compiler/mapping/packing.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/prediction/predict.h"
#include "hw_models/crossbar/converter.h"
#include "hw_models/timing/price.h"

namespace cim::compiler {

namespace {

// Operations: of a program that is worth rehearsing, and of all rehearsals together, at least and in programs as long as the first.
constexpr std::int64_t most_of_one = 100'000;
constexpr std::int64_t most_of_all = 700'000;
constexpr std::int64_t rehearsals = 20;
constexpr std::int64_t price_of_segment = 1'500;
constexpr std::int64_t price_of_flow = 25;
constexpr std::int64_t most_images = 3;
constexpr int patience = 12;
constexpr hw::Ticks hopeless = 2;  // times the best

/// Those that differ on a machine.
std::vector<Spread> spreads_on(const hw::Machine& machine) {
    const hw::PriceList prices(machine);
    std::vector<Spread> spreads{Spread::Balanced};
    if (ports_matter(machine, prices)) {
        spreads.push_back(Spread::None);
    }
    if (machine.mode != hw::ComputingMode::CM && machine.crossbars_per_core() > 1) {
        spreads.insert(spreads.end(), {Spread::Columns, Spread::Tiles});
    }
    return spreads;
}

/// All that distinguishes schedules of one network: which tiles and parts lie where, in how many copies, with which memories.
std::vector<std::int64_t> fingerprint(const Schedule& schedule) {
    std::vector<std::int64_t> print;
    const auto add = [&](std::initializer_list<std::int64_t> values) { print.insert(print.end(), values); };
    for (const Segment& segment : schedule.segments) {
        add({-1, static_cast<std::int64_t>(segment.graph.nodes.size())});
        for (const NodePlacement& here : segment.placement) {
            add({-2, static_cast<std::int64_t>(here.copies.size())});
            for (const Grid& grid : here.copies) {
                add({grid.y0, grid.dy, grid.rows, grid.x0, grid.cols});
            }
            for (const Tile& tile : here.tiles) {
                add({tile.row, tile.rows, tile.col, tile.cols, tile.copy, tile.core, tile.xb});
            }
            for (const Part& part : here.parts) {
                add({part.core, part.c0, part.c1, part.grid.x0});
            }
        }
        for (const Landing& landing : segment.memory.landings) {
            add({landing.place, landing.offset, landing.rows});
        }
        for (const std::vector<Outbox>& relays : segment.memory.relays) {
            add({-3, static_cast<std::int64_t>(relays.size())});
            for (const Outbox& relay : relays) {
                add({relay.core});
            }
        }
        for (const NodeMemory& memory : segment.memory.nodes) {
            for (const Group& group : memory.groups) {
                add({group.core, group.slots});
            }
            for (const Outbox& outbox : memory.outboxes) {
                add({outbox.core, outbox.slots, outbox.chunk});
            }
            for (const std::vector<Stage>& stages : memory.stages) {
                for (const Stage& stage : stages) {
                    add({stage.core, stage.slots});
                }
            }
        }
    }
    return print;
}

class Search {
  public:
    Search(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, bool several, std::int64_t images)
        : network_(network),
          machine_(machine),
          options_(options),
          images_(std::min(images, most_images)),
          several_(several),
          spreads_(several ? spreads_on(machine) : std::vector<Spread>{Spread::Balanced}) {}

    Candidate run() {
        std::set<Point> open;
        for (const Spread spread : spreads_) {
            enter({{}, spread}, open);
        }
        if (!best_) {
            throw *refusal_;
        }
        // Of a program that is too long to rehearse, how it is cut into segments can be told from what it holds, little else.
        if (several_ && (rehearse_ || best_->schedule.segments.size() > 1)) {
            explore(open);
        }
        return std::move(*best_);
    }

  private:
    struct Point {
        hw::Ticks ticks = 0;
        Strategy strategy;
        bool operator<(const Point& other) const {
            return std::tie(ticks, strategy.share, strategy.spread) < std::tie(other.ticks, other.strategy.share, other.strategy.spread);
        }
    };

    /// Goes on from the best point seen along each resource, as far as less of it may pay, until that has not helped for a while. Whole
    /// lines, because a half may be worse and a quarter better: what fits changes by steps.
    void explore(std::set<Point>& open) {
        for (int in_vain = 0; !open.empty() && left_ > 0 && in_vain < patience;) {
            const Strategy from = open.begin()->strategy;
            open.erase(open.begin());
            const hw::Ticks before = ticks_;
            // All halves before all quarters: the work allowed may end on the way. Less memory is what costs least to look at.
            std::vector<std::pair<Scarce, Share>> lines;
            for (const Scarce resource : {Scarce::L1, Scarce::L0, Scarce::Columns, Scarce::Rows, Scarce::Cores, Scarce::Crossbars}) {
                lines.emplace_back(resource, from.share);
            }
            while (!lines.empty()) {
                const auto ends = [&](std::pair<Scarce, Share>& line) {
                    line.second = line.second.with_half(line.first);
                    return !enter({line.second, from.spread}, open);
                };
                lines.erase(std::remove_if(lines.begin(), lines.end(), ends), lines.end());
            }
            for (const Spread spread : spreads_) {
                enter({from.share, spread}, open);
            }
            in_vain = ticks_ < before ? 0 : in_vain + 1;
        }
    }

    /// Considers a strategy for the first time; whether it is worth to go on from there.
    bool enter(const Strategy& strategy, std::set<Point>& open) {
        if (left_ <= 0 || !seen_.insert({strategy.share, strategy.spread}).second || !keeps_numbers(strategy.share)) {
            return false;
        }
        const Considered considered = consider(strategy);
        if (considered.fresh && considered.ticks) {
            open.insert({*considered.ticks, strategy});
        }
        return considered.ticks && *considered.ticks < hopeless * ticks_;
    }

    /// Whether the outputs stay the same: what converters lose depends on which rows are read together.
    bool keeps_numbers(const Share& share) const {
        const auto halved = [&](Scarce resource) { return share.halvings[static_cast<std::size_t>(resource)] > 0; };
        if (lossless_ || (!halved(Scarce::Rows) && !halved(Scarce::Columns))) {
            return true;
        }
        const std::optional<MachinePart> part = part_of(machine_, share);
        const int together = machine_.crossbar.parallel_row;
        const bool same_rows =
            !halved(Scarce::Rows) || (part && machine_.crossbar.rows % together == 0 && part->machine.crossbar.rows % together == 0);
        return same_rows && std::all_of(network_.nodes.begin(), network_.nodes.end(),
                                        [](const QuantNode& node) { return node.kind != NodeKind::Conv || node.groups == 1; });
    }

    struct Considered {
        std::optional<hw::Ticks> ticks;  ///< or a bound, if that is longer than what counts; nothing if the network does not fit
        bool fresh = false;              ///< another schedule than those before
    };

    Considered consider(const Strategy& strategy) {
        Candidate candidate;
        candidate.strategy = strategy;
        left_ -= price_of_segment;
        try {
            candidate.schedule = schedule(network_, machine_, options_, strategy);
            left_ -= price_of_segment * static_cast<std::int64_t>(candidate.schedule.segments.size());
            const auto [known, fresh] = known_.insert({fingerprint(candidate.schedule), 0});
            if (!fresh) {
                return {known->second, false};
            }
            candidate.program = generate_flows(network_, candidate.schedule, machine_);
            left_ -= price_of_flow * static_cast<std::int64_t>(candidate.program.flows.size());
            known->second = ticks_of(candidate.program);
            if (!best_ || known->second < ticks_) {
                best_ = std::move(candidate);
                ticks_ = known->second;
            }
            return {known->second, true};
        } catch (const InputError& error) {
            refusal_ = error;
            return {std::nullopt, false};
        }
    }

    /// Rehearsed if the first program was short enough, else what bounds the time. A bound is no time: what is compared by it has to be
    /// better than the first by an eighth, which is about what contention adds.
    hw::Ticks ticks_of(const isa::Program& program) {
        const Occupancy occupancy = occupancy_of(program, machine_, images_);
        if (!best_) {
            rehearse_ = occupancy.operations <= most_of_one;
            left_ += rehearse_ ? std::max<std::int64_t>(0, rehearsals * occupancy.operations - most_of_all) : 0;
        }
        if (!rehearse_ || (best_ && occupancy.busiest >= ticks_)) {
            return occupancy.busiest + (best_ ? ticks_ / 8 : 0);
        }
        left_ -= occupancy.operations;
        PredictOptions rehearsal;
        rehearsal.contention = true;
        rehearsal.most_ticks = best_ ? ticks_ + ticks_ / 4 : rehearsal.most_ticks;
        const Prediction prediction = predict(program, machine_, images_, rehearsal);
        return prediction.complete ? prediction.ticks : rehearsal.most_ticks;
    }

    const QuantGraph& network_;
    const hw::Machine& machine_;
    const ScheduleOptions& options_;
    std::int64_t images_;
    bool several_;
    std::vector<Spread> spreads_;
    bool lossless_ = hw::adc_is_lossless(machine_);
    std::optional<Candidate> best_;
    hw::Ticks ticks_ = 0;  ///< of the best
    bool rehearse_ = true;
    std::int64_t left_ = most_of_all;
    std::set<std::pair<Share, Spread>> seen_;
    std::map<std::vector<std::int64_t>, hw::Ticks> known_;  ///< time by fingerprint
    std::optional<InputError> refusal_;
};

}  // namespace

Candidate best_candidate(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options, bool several,
                         std::int64_t images) {
    return Search(network, machine, options, several, images).run();
}

}  // namespace cim::compiler

#include "compiler/driver/search.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "compiler/codegen/generate.h"
#include "compiler/error.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/prediction/predict.h"
#include "hw_models/crossbar/converter.h"

namespace cim::compiler {

namespace {

// Operations: of a program that is worth rehearsing, and of all rehearsals together.
constexpr std::int64_t most_of_one = 100'000;
constexpr std::int64_t most_of_all = 4'000'000;
constexpr std::int64_t most_images = 3;

constexpr Spread spreads[] = {Spread::Balanced, Spread::None, Spread::Columns, Spread::Tiles};

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
        for (const NodeMemory& memory : segment.memory.nodes) {
            for (const Group& group : memory.groups) {
                add({group.core, group.slots});
            }
            for (const Outbox& outbox : memory.outboxes) {
                add({outbox.core, outbox.slots});
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
    Search(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options)
        : network_(network), machine_(machine), options_(options), images_(std::min(options.images, most_images)) {}

    Candidate run() {
        for (const Spread spread : spreads) {
            if (!options_.spread && spread != Spread::Balanced) {
                break;
            }
            consider({{}, spread});
        }
        if (!best_) {
            throw *refusal_;
        }
        if (options_.spread && rehearse_) {
            descend();
        }
        return std::move(*best_);
    }

  private:
    /// Goes on from the best strategy so far to the best with half of one resource more, as long as that is better.
    void descend() {
        const std::vector<Scarce> resources = worth_halving();
        for (bool better = true; better && left_ > 0;) {
            better = false;
            const Share from = best_->strategy.share;
            for (const Scarce resource : resources) {
                for (const Spread spread : spreads) {
                    better = consider({from.with_half(resource), spread}) || better;
                }
            }
        }
    }

    std::vector<Scarce> worth_halving() const {
        std::vector<Scarce> resources{Scarce::Cores, Scarce::Crossbars, Scarce::L1, Scarce::L0};
        // What converters lose depends on which rows are read together.
        if (hw::adc_is_lossless(machine_)) {
            resources.insert(resources.end(), {Scarce::Rows, Scarce::Columns});
        }
        return resources;
    }

    /// Whether the strategy is the best so far.
    bool consider(const Strategy& strategy) {
        Candidate candidate;
        candidate.strategy = strategy;
        try {
            candidate.schedule = schedule(network_, machine_, options_, strategy);
            if (!known_.insert(fingerprint(candidate.schedule)).second) {
                return false;
            }
            candidate.program = generate_flows(network_, candidate.schedule, machine_);
        } catch (const InputError& error) {
            refusal_ = error;
            return false;
        }
        const std::optional<hw::Ticks> ticks = ticks_of(candidate.program);
        if (!ticks || (best_ && *ticks >= ticks_)) {
            return false;
        }
        best_ = std::move(candidate);
        ticks_ = *ticks;
        return true;
    }

    /// Rehearsed if the first program was short enough, else what bounds the time. Nothing if it takes longer than the best.
    std::optional<hw::Ticks> ticks_of(const isa::Program& program) {
        const Occupancy occupancy = occupancy_of(program, machine_, images_);
        if (!best_) {
            rehearse_ = occupancy.operations <= most_of_one;
        }
        if (!rehearse_) {
            return occupancy.busiest;
        }
        left_ -= occupancy.operations;
        if (best_ && (left_ < 0 || occupancy.busiest >= ticks_)) {
            return std::nullopt;
        }
        PredictOptions rehearsal;
        rehearsal.contention = true;
        rehearsal.most_ticks = best_ ? ticks_ : rehearsal.most_ticks;
        const Prediction prediction = predict(program, machine_, images_, rehearsal);
        return prediction.complete ? std::optional(prediction.ticks) : std::nullopt;
    }

    const QuantGraph& network_;
    const hw::Machine& machine_;
    const ScheduleOptions& options_;
    std::int64_t images_;
    std::optional<Candidate> best_;
    hw::Ticks ticks_ = 0;  ///< of the best
    bool rehearse_ = true;
    std::int64_t left_ = most_of_all;
    std::set<std::vector<std::int64_t>> known_;
    std::optional<InputError> refusal_;
};

}  // namespace

Candidate best_candidate(const QuantGraph& network, const hw::Machine& machine, const ScheduleOptions& options) {
    return Search(network, machine, options).run();
}

}  // namespace cim::compiler

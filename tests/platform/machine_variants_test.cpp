// Generated networks on generated machines: grids, clusters, networks, memories down to where plans get tight or move to L0, crossbars of
// any shape, converters that lose something.

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>

#include <catch2/catch.hpp>

#include "compiler/driver/schedule_facts.h"
#include "compiler/error.h"
#include "compiler/prediction/occupancy.h"
#include "compiler/prediction/predict.h"
#include "compiler/scheduling/cg/joining.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using isa::Dice;

namespace {

NetworkOptions random_options(std::uint64_t seed, bool branches) {
    Dice dice(seed + 77);
    NetworkOptions options;
    options.layers = static_cast<int>(dice.roll(1, 6));
    options.most_size = static_cast<int>(dice.roll(4, 20));
    options.most_channels = dice.once_in(3) ? 70 : static_cast<int>(dice.roll(2, 20));
    options.joins = dice.once_in(3);
    options.branches = branches;
    options.inputs = branches && dice.once_in(3) ? 2 : 1;
    return options;
}

bool activates_rows(const isa::Program& program) {
    return std::any_of(program.templates.begin(), program.templates.end(), [](const isa::Template& code) {
        return std::any_of(code.stmts.begin(), code.stmts.end(), [](const isa::Stmt& statement) {
            return statement.kind == isa::StmtKind::Op && statement.opcode == isa::Opcode::ReadRow;
        });
    });
}

struct Tally {
    int fitted = 0;
    int refused = 0;
    int in_l0 = 0;  ///< programs in which windows are staged from L0
    int lossy = 0;
    int optimistic = 0;    ///< predicted no longer than simulated
    int segmented = 0;     ///< in several segments
    int cut = 0;           ///< with operators in pieces
    int early = 0;         ///< with weights written in the segment before
    int keeping = 0;       ///< with maps that stay in L0 between segments,
    int put_together = 0;  ///< of them with one that several segments give,
    int copied = 0;        ///< with one that is copied into a landing with padding
    int by_rows = 0;       ///< in which the program activates rows
    int bounded = 0;       ///< for which the schedule alone tells all that bounds the time
};

bool writes_early(const isa::Program& program) {
    return std::any_of(program.flows.begin(), program.flows.end(),
                       [](const isa::Flow& flow) { return flow.name.find(".prewrite.") != std::string::npos; });
}

/// Of rows that stay in L0 into a landing there.
bool is_copy(const isa::Flow& flow) {
    const std::string end = ".copy";
    return flow.name.size() > end.size() && flow.name.compare(flow.name.size() - end.size(), end.size(), end) == 0;
}

/// Pieces of operators are named after where in the operator they begin.
bool in_pieces(const isa::Program& program) {
    return std::any_of(program.weights.begin(), program.weights.end(), [](const isa::Weight& weight) {
        return weight.name.find(".c0.") != std::string::npos || weight.name.find(".r0.") != std::string::npos;
    });
}

using MaybeLevel = std::optional<isa::Level>;

void check_network(const hw::Machine& machine, const compiler::QuantGraph& graph, std::uint64_t seed, MaybeLevel level, Tally& tally) {
    std::int64_t batch = 1 + static_cast<std::int64_t>(seed % 3);
    compiler::Compiled compiled;
    try {
        compiled = compile_with_schedule(graph, machine, level, seed % 4 == 0 ? batch : 0);
    } catch (const compiler::InputError& refusal) {
        const std::string message = refusal.what();
        INFO(message);
        CHECK(message.find_first_of("0123456789") != std::string::npos);  // how much there is, and how much would do
        ++tally.refused;
        return;
    }
    const isa::Program& program = compiled.program;
    ++tally.fitted;
    tally.keeping += program.batch_limit ? 1 : 0;
    const std::vector<compiler::Kept>& kept = compiled.schedule.kept;
    tally.put_together += std::any_of(kept.begin(), kept.end(), [](const compiler::Kept& map) { return map.parts.size() > 1; }) ? 1 : 0;
    tally.copied += std::any_of(program.flows.begin(), program.flows.end(), is_copy) ? 1 : 0;
    batch = std::min(batch, program.batch_limit.value_or(batch));
    tally.segmented += program.segment_count() > 1 ? 1 : 0;
    tally.cut += in_pieces(program) ? 1 : 0;
    tally.early += writes_early(program) ? 1 : 0;
    tally.by_rows += activates_rows(program) ? 1 : 0;
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), batch)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
        return;
    }
    const std::vector<std::vector<std::uint8_t>> images = random_image_sets(graph, batch, seed);
    RunOptions options;
    options.batch = batch;
    const Outcome outcome = run(program, machine, options, images);
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.outputs == reference_outputs(graph, machine, images, batch));
    CHECK(all_of(run(program, machine, options, images)) == all_of(outcome));
    options.functional = false;
    CHECK(timing_of(run(program, machine, options)) == timing_of(outcome));
    for (const auto& engines : outcome.engines) {
        for (const platform::EngineStatistics& engine : engines) {
            CHECK(std::accumulate(engine.times.begin(), engine.times.end(), Ticks{0}) == outcome.ticks);
        }
    }
    const compiler::Prediction prediction = compiler::predict(program, machine, batch);
    CHECK(prediction.complete);
    tally.optimistic += prediction.ticks <= outcome.ticks ? 1 : 0;
    const compiler::Occupancy occupancy = compiler::occupancy_of(program, machine, batch);
    const Ticks busiest = occupancy.busiest;
    CHECK(busiest <= outcome.ticks);
    CHECK(std::accumulate(occupancy.working.begin(), occupancy.working.end(), Ticks{0}) <= busiest);
    if (compiled.schedule.segments.size() == 1) {  // weights are there before
        CHECK(occupancy.working == std::vector<Ticks>{busiest});
    }
    if (!writes_early(program) && !compiler::is_joined(compiled.schedule)) {
        const Ticks least = compiler::least_ticks(compiled.schedule, compiled.machine, hw::PriceList(compiled.machine), batch);
        CHECK(least <= busiest);
        tally.bounded += least == busiest ? 1 : 0;
    }
    const compiler::Prediction contended = compiler::predict(program, machine, batch, {true});
    CHECK(contended.setup_ticks == outcome.setup_ticks);
    CHECK(contended.ticks == outcome.ticks);
    tally.lossy += outcome.adc.lossy > 0 ? 1 : 0;
    for (const isa::Buffer& buffer : program.buffers) {
        if (buffer.name.find("stage") != std::string::npos) {
            ++tally.in_l0;
            break;
        }
    }
    const hw::Machine free = without_contention(machine, seed % 2 == 0);
    const compiler::Prediction exact = compiler::predict(program, free, batch);
    const Outcome same = run(program, free, options);
    CHECK(exact.setup_ticks == same.setup_ticks);
    CHECK(exact.ticks == same.ticks);
    for (std::size_t op = 0; op < exact.operators.size(); ++op) {
        CHECK(exact.operators[op].start == same.operators[op].start);
        CHECK(exact.operators[op].end == same.operators[op].end);
    }
}

using MachineMaker = hw::Machine (*)(std::uint64_t);
using OptionsMaker = NetworkOptions (*)(std::uint64_t);

NetworkOptions plain(std::uint64_t seed) {
    return random_options(seed, false);
}

NetworkOptions branching(std::uint64_t seed) {
    return random_options(seed, true);
}

/// Nodes of every kind, with several inputs and outputs every other time.
NetworkOptions of_every_kind(std::uint64_t seed) {
    NetworkOptions options = random_options(seed, seed % 2 == 0);
    options.every_kind = true;
    options.inputs = seed % 5 == 0 ? 2 : options.inputs;
    return options;
}

/// Such that pieces and segments are many, but not thousands.
NetworkOptions for_small_machines(std::uint64_t seed) {
    NetworkOptions options = of_every_kind(seed);
    options.most_channels = std::min(options.most_channels, 24);
    options.most_size = std::min(options.most_size, 12);
    return options;
}

Tally check_variants(std::uint64_t first, std::uint64_t count, OptionsMaker options, MachineMaker machine = random_variant,
                     MaybeLevel level = {}) {
    Tally tally;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        INFO("seed " << seed);
        check_network(machine(seed), random_network(seed, options(seed)), seed, level, tally);
    }
    std::cout << tally.fitted << " fit, " << tally.refused << " refused, " << tally.in_l0 << " with windows staged from L0, "
              << tally.segmented << " in segments, " << tally.cut << " with operators in pieces, " << tally.early << " with early writes, "
              << tally.keeping << " that keep maps in L0 (" << tally.put_together << " of them put together there, " << tally.copied
              << " copied), " << tally.lossy << " with lossy conversions, " << tally.optimistic
              << " predicted to take no longer than simulated\n";
    return tally;
}

/// The same machines, with the core as the unit of control.
hw::Machine of_cores(std::uint64_t seed) {
    hw::Machine machine = random_variant(seed);
    machine.mode = hw::ComputingMode::CM;
    return machine;
}

hw::Machine of_few_cores(std::uint64_t seed) {
    hw::Machine machine = small_variant(seed);
    machine.mode = hw::ComputingMode::CM;
    return machine;
}

/// The same machines, with groups of wordlines as the unit of control.
hw::Machine of_wordlines(std::uint64_t seed) {
    hw::Machine machine = random_variant(seed);
    machine.mode = hw::ComputingMode::WLM;
    return machine;
}

}  // namespace

TEST_CASE("networks on machines of any shape give the reference's bytes, at every run the same times") {
    const Tally tally = check_variants(0, 60, plain);
    CHECK(tally.fitted > 15);
    CHECK(tally.lossy > 3);
    CHECK(tally.in_l0 > 0);
    CHECK(tally.bounded > 3);
}

TEST_CASE("a schedule that needs no more than half of a memory comes out again with half of it") {
    int halved = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const hw::Machine machine = random_variant(seed);
        const compiler::QuantGraph graph = random_network(seed, random_options(seed, false));
        for (const compiler::Scarce memory : {compiler::Scarce::L1, compiler::Scarce::L0}) {
            compiler::Strategy half;
            half.share = half.share.with_half(memory);
            std::optional<compiler::Schedule> whole;
            try {
                whole = compiler::schedule(graph, machine, {}, {});
            } catch (const compiler::InputError&) {
                continue;  // does not fit
            }
            const bool l1 = memory == compiler::Scarce::L1;
            const hw::Limit& size = l1 ? machine.core.l1.size : machine.chip.l0.size;
            const compiler::MemoryUsed used = compiler::memory_used(*whole);
            if (!size.ideal && size.value / 2 >= (l1 ? used.l1 : used.l0)) {
                INFO("seed " << seed << (l1 ? ", L1" : ", L0"));
                CHECK(compiler::fingerprint(compiler::schedule(graph, machine, {}, half)) == compiler::fingerprint(*whole));
                ++halved;
            }
        }
    }
    CHECK(halved > 15);
}

TEST_CASE("networks that branch, with several inputs and outputs, give the reference's bytes") {
    CHECK(check_variants(500, 60, branching).fitted > 15);
}

TEST_CASE("networks of every kind of node give the reference's bytes") {
    CHECK(check_variants(1000, 60, of_every_kind).fitted > 40);
}

TEST_CASE("networks and operators larger than the chip give the reference's bytes") {
    const Tally tally = check_variants(2000, 60, for_small_machines, small_variant);
    CHECK(tally.fitted > 20);
    CHECK(tally.segmented > 10);
    CHECK(tally.cut > 5);
    CHECK(tally.early > 0);
    CHECK(tally.keeping > 10);
    CHECK(tally.put_together > 0);
    CHECK(tally.copied > 0);
}

TEST_CASE("networks that were once compiled wrongly") {
    Tally tally;
    for (const std::uint64_t seed : {
             300013,  // a tensor twice in a Concat
             300136,  // windows in the padding alone
             300513,  // pieces of groups, with converters that lose
             300565,  // pieces of groups wider than a crossbar
             301102,  // padding below the map between two windows
             500021,  // a band of columns in the padding alone
             500168,  // the vector of a product beside several bands
         }) {
        INFO("seed " << seed);
        check_network(random_variant(seed), random_network(seed, of_every_kind(seed)), seed, {}, tally);
    }
    constexpr std::uint64_t coincidence = 101548;  // a map in L0, its padding of as many rows as the map has that no window reads
    check_network(random_variant(coincidence), random_network(coincidence, plain(coincidence)), coincidence, {}, tally);
    CHECK(tally.fitted == 8);
}

TEST_CASE("networks on machines of cores of any shape give the reference's bytes") {
    const Tally tally = check_variants(3000, 60, of_every_kind, of_cores);
    CHECK(tally.fitted > 40);
    CHECK(tally.in_l0 > 0);
}

TEST_CASE("networks and operators larger than a chip of cores give the reference's bytes") {
    const Tally tally = check_variants(4000, 60, for_small_machines, of_few_cores);
    CHECK(tally.fitted > 20);
    CHECK(tally.segmented > 10);
    CHECK(tally.cut > 5);
    CHECK(tally.early > 0);
    CHECK(tally.keeping > 10);
    CHECK(tally.put_together > 0);
}

TEST_CASE("networks on machines of any shape, wordlines driven by the program, give the reference's bytes") {
    const Tally tally = check_variants(5000, 50, of_every_kind, of_wordlines, isa::Level::Vvm);
    CHECK(tally.fitted > 30);
    CHECK(tally.by_rows > 10);
}

TEST_CASE("networks without any optimisation, on machines of any shape, give the reference's bytes") {
    CHECK(check_variants(6000, 50, branching, random_variant, isa::Level::None).fitted > 15);
    CHECK(check_variants(7000, 30, for_small_machines, small_variant, isa::Level::None).segmented > 10);
}

// Not in the usual run: test_platform '[long]'. CIM_SEEDS=FIRST+COUNT in the environment runs other seeds, to look at one or to share the
// work among processes.
void sweep(std::uint64_t first, OptionsMaker options, MachineMaker machine = random_variant, MaybeLevel level = {}) {
    std::uint64_t count = 3000;
    if (const char* seeds = std::getenv("CIM_SEEDS")) {
        char* rest = nullptr;
        first = std::strtoull(seeds, &rest, 10);
        count = *rest == '+' ? std::strtoull(rest + 1, nullptr, 10) : 1;
    }
    check_variants(first, count, options, machine, level);
}

TEST_CASE("many networks on many machine variants", "[.long]") {
    sweep(100'000, plain);
}

TEST_CASE("many networks that branch", "[.long]") {
    sweep(200'000, branching);
}

TEST_CASE("many networks of every kind", "[.long]") {
    sweep(300'000, of_every_kind);
}

TEST_CASE("many networks on machines of cores", "[.long]") {
    sweep(500'000, of_every_kind, of_cores);
}

TEST_CASE("many networks larger than a chip of cores", "[.long]") {
    sweep(600'000, for_small_machines, of_few_cores);
}

TEST_CASE("many networks whose wordlines the program drives", "[.long]") {
    sweep(700'000, of_every_kind, of_wordlines, isa::Level::Vvm);
}

TEST_CASE("many networks without any optimisation", "[.long]") {
    sweep(800'000, branching, random_variant, isa::Level::None);
    sweep(900'000, for_small_machines, small_variant, isa::Level::None);
}

TEST_CASE("many networks larger than the chip", "[.long]") {
    sweep(400'000, for_small_machines, small_variant);
}

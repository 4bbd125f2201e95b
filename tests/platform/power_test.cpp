// Power limits: kept at every tick, waited for in turn, foreseen by the predictor (ADR-0007).
#include "pricing/power.h"

#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include "compiler/codegen/generate.h"
#include "compiler/codegen/weights.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/power_limit.h"
#include "compiler/error.h"
#include "compiler/prediction/predict.h"
#include "isa/bounds.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;
using platform::Cause;

namespace {

using Request = pricing::PowerManager::Request;

/// Flows that a manager lets begin now.
std::vector<isa::Index> admitted(pricing::PowerManager& manager) {
    std::vector<isa::Index> flows;
    manager.admit([&](const Request& request) { flows.push_back(request.flow); });
    return flows;
}

using Flows = std::vector<isa::Index>;

/// As the report has it; runs are short enough for windows of one cycle.
double peak_mw(const Outcome& outcome, const hw::Machine& machine) {
    const double window_ns = static_cast<double>(machine.chip_clock.ticks_per_cycle) * 1e9 / static_cast<double>(machine.ticks_per_second);
    return *std::max_element(outcome.power.begin(), outcome.power.end()) / window_ns + hw::leakage_mw(machine);
}

compiler::Prediction predicted(isa::Program program, const hw::Machine& machine, std::int64_t batch, std::int64_t limit_uw) {
    program.power_limit_uw = limit_uw;
    compiler::PredictOptions options;
    options.contention = true;
    return compiler::predict(program, machine, batch, options);
}

compiler::Compiled compiled(const compiler::QuantGraph& graph, const hw::Machine& machine, std::optional<isa::Level> level,
                            std::int64_t batch, std::optional<std::int64_t> limit_uw) {
    compiler::CompileOptions options;
    options.level = level;
    options.spread = false;
    options.images = batch;
    options.power_limit_uw = limit_uw;
    return compiler::compile(graph, machine, options);
}

void check_times_of_engines(const Outcome& outcome) {
    for (const auto& engines : outcome.engines) {
        for (const platform::EngineStatistics& engine : engines) {
            CHECK(std::accumulate(engine.times.begin(), engine.times.end(), Ticks{0}) == outcome.ticks);
            CHECK(*std::min_element(engine.times.begin(), engine.times.end()) >= 0);
        }
    }
}

Ticks waited_for_power(const Outcome& outcome) {
    Ticks waited = 0;
    for (const platform::OperatorStatistics& op : outcome.operators) {
        waited += op.times[static_cast<std::size_t>(Cause::Power)];
    }
    return waited;
}

/// From the least limit on, which short transfers may allow, to more than is ever drawn.
std::vector<std::int64_t> limits_for(const compiler::Compiled& whole, std::int64_t batch) {
    const compiler::Prediction free = predicted(whole.program, whole.machine, batch, isa::max_power_uw);
    std::int64_t least = compiler::least_power_limit_uw(free, whole.machine);
    for (const std::int64_t bytes : {1024, 256, 64, 16}) {
        isa::Program program = compiler::generate_flows(whole.network, whole.schedule, whole.machine, bytes);
        program.level = whole.program.level;
        const compiler::Prediction prediction = predicted(std::move(program), whole.machine, batch, isa::max_power_uw);
        least = std::min(least, compiler::least_power_limit_uw(prediction, whole.machine));
    }
    const std::int64_t most = pricing::limit_of(free.power.most_at_once, pricing::PowerPrices(whole.machine));
    std::vector<std::int64_t> limits{least};
    for (int part = 1; part <= 6; ++part) {
        limits.push_back(least + std::max<std::int64_t>(0, most - least) * part / 5 + part);
    }
    return limits;
}

/// Ticks waited for power over all limits.
Ticks check_sweep(const compiler::QuantGraph& graph, const hw::Machine& machine, std::optional<isa::Level> level, std::uint64_t seed) {
    const std::int64_t batch = 2;
    const std::vector<std::uint8_t> images = random_images(graph, batch, seed);
    const std::vector<std::int64_t> limits = limits_for(compiled(graph, machine, level, batch, std::nullopt), batch);
    RunOptions options;
    options.batch = batch;
    Ticks waited = 0;
    Ticks before = INT64_MAX;
    for (const std::int64_t limit : limits) {
        INFO(machine.name << ", seed " << seed << ", limit " << limit << " uW");
        const isa::Program limited = compiled(graph, machine, level, batch, limit).program;
        REQUIRE(limited.power_limit_uw);
        CHECK(*limited.power_limit_uw <= limit);
        CHECK(isa::verify(limited, limits_of(machine), batch).empty());
        const Outcome outcome = run(limited, machine, options, {images});
        CHECK(outcome.deadlock.empty());
        CHECK(outcome.outputs == reference_outputs(graph, machine, images));
        CHECK(peak_mw(outcome, machine) <= static_cast<double>(limit) * 1e-3);
        CHECK(outcome.ticks <= before);
        check_times_of_engines(outcome);
        const compiler::Prediction prediction = predicted(limited, machine, batch, *limited.power_limit_uw);
        CHECK(prediction.setup_ticks == outcome.setup_ticks);
        CHECK(prediction.ticks == outcome.ticks);
        for (std::size_t op = 0; op < prediction.operators.size(); ++op) {
            CHECK(prediction.operators[op].start == outcome.operators[op].start);
            CHECK(prediction.operators[op].end == outcome.operators[op].end);
        }
        before = outcome.ticks;
        waited += waited_for_power(outcome);
    }
    if (limits[0] > 1) {  // else nothing of it costs energy
        CHECK_THROWS_AS(compiled(graph, machine, level, batch, limits[0] - 1), compiler::InputError);
    }
    return waited;
}

}  // namespace

TEST_CASE("power is given in the order in which flows became ready, and nobody passes the first") {
    pricing::PowerManager manager(10, 4);
    CHECK(manager.ask({5, 1, 0, 6}));
    CHECK(manager.ask({3, 9, 1, 7}));
    CHECK(manager.ask({5, 0, 2, 2}));
    CHECK(admitted(manager) == Flows{9, 0});  // 1 needs more than the 1 that is left
    CHECK(manager.ask({6, 2, 1, 1}));
    CHECK(admitted(manager).empty());
    manager.ended(2);
    CHECK(admitted(manager).empty());
    manager.ended(7);
    CHECK(admitted(manager) == Flows{1, 2});
    CHECK(manager.most_at_once() == 9);
    CHECK(manager.most_of_one() == 7);
}

TEST_CASE("an engine has one place in the line, and what exceeds the budget runs alone") {
    pricing::PowerManager manager(10, 4);
    CHECK(manager.ask({5, 1, 0, 20}));
    CHECK_FALSE(manager.ask({5, 1, 0, 20}));
    CHECK(manager.ask({4, 2, 0, 4}));  // in place of flow 1
    CHECK(admitted(manager) == Flows{2});
    CHECK(manager.ask({5, 1, 1, 20}));
    CHECK(manager.ask({6, 3, 2, 1}));
    CHECK(admitted(manager).empty());
    manager.ended(4);
    CHECK(admitted(manager) == Flows{1});
    manager.withdraw(2);
    manager.ended(20);
    CHECK(admitted(manager).empty());
}

TEST_CASE("with power for one read at a time cores read one after the other, and wait for power") {
    hw::Machine m = bare_machine();
    m.crossbar.read_latency = 20;
    isa::Program program = timing_program(R"(template write(w) {
  cim.write_xb xb=0 weight=w
}
template read(c) {
  cim.read_xb xb=0 src=0 n=4 dst=64 cols=2 => c[0] += 1
}
setup flow w0 core[0] crossbar op=0 write(@w)
setup flow w1 core[1] crossbar op=0 write(@w)
flow r0 core[0] crossbar op=0 read(@c0)
flow r1 core[1] crossbar op=1 read(@c1)
)");
    const pricing::PowerPrices prices(m);
    const pricing::Nanowatts one = prices.of(hw::PriceList(m).read(0, 4, 2, 8, 8, 4, false));
    RunOptions options;
    options.trace = true;
    for (const bool both : {false, true}) {
        program.power_limit_uw = pricing::limit_of(both ? 2 * one : 2 * one - 2000, prices);
        const Outcome outcome = run(program, m, options);
        CHECK(growth(outcome, program, "c0") == std::vector<Ticks>{20});
        CHECK(growth(outcome, program, "c1") == std::vector<Ticks>{both ? 20 : 40});
        CHECK(waited_for_power(outcome) == (both ? 0 : 20));
        CHECK(outcome.engines[1][static_cast<std::size_t>(isa::Engine::Crossbar)].times[static_cast<std::size_t>(Cause::Power)] ==
              (both ? 0 : 20));
        check_times_of_engines(outcome);
        CHECK(predicted(program, m, 1, *program.power_limit_uw).ticks == outcome.ticks);
    }
}

TEST_CASE("over a sweep of limits none is exceeded, a looser one is never slower, and all is as predicted") {
    hw::Machine tiny = machine_of("tiny");
    reshape(tiny, {6, 5}, {4, 2});
    Ticks waited = 0;
    for (const std::uint64_t seed : {8000, 8003, 8007}) {
        waited += check_sweep(random_network(seed), tiny, {}, seed);
    }
    CHECK(waited > 0);
}

TEST_CASE("power limits on machines of each mode, at each level") {
    struct Case {
        const char* machine;
        std::optional<isa::Level> level;
    };
    const Case c = GENERATE(Case{"puma", {}}, Case{"puma", isa::Level::None}, Case{"isaac-baseline", {}},
                            Case{"isaac-baseline", isa::Level::Vvm}, Case{"isaac-baseline", isa::Level::Cg}, Case{"jia2021", {}});
    NetworkOptions options;
    options.layers = 6;
    options.most_size = 16;
    options.most_channels = 40;
    Ticks waited = 0;
    for (const std::uint64_t seed : {8003, 8011}) {
        waited += check_sweep(random_network(seed, options), machine_of(c.machine), c.level, seed);
    }
    INFO(c.machine);
    CHECK(waited > 0);
}

TEST_CASE("maps that pass external memory in short transfers are the same maps") {
    const std::string name = GENERATE("puma", "jia2021", "jain2021");
    const hw::Machine machine = machine_of(name);
    NetworkOptions network;
    network.layers = 7;
    network.most_size = 12;
    network.most_channels = 150;
    bool segments = false;
    for (const std::uint64_t seed : {8020, 8021, 8022}) {
        const compiler::QuantGraph graph = random_network(seed, network);
        compiler::CompileOptions options;
        options.keep = false;  // what segments leave to others goes through external memory
        options.spread = false;
        const compiler::Compiled compiled = compiler::compile(graph, machine, options);
        segments = segments || compiled.schedule.segments.size() > 1;
        const std::vector<std::uint8_t> images = random_images(graph, 1, seed);
        for (const std::int64_t bytes : {5, 16, 64}) {
            INFO(name << ", seed " << seed << ", " << bytes << " bytes");
            isa::Program program = compiler::generate_flows(compiled.network, compiled.schedule, machine, bytes);
            program.level = compiled.program.level;
            compiler::fill_weights(program, compiled.network, compiled.schedule);
            CHECK(isa::verify(program, limits_of(machine), 1).empty());
            const Outcome outcome = run(program, machine, {}, {images});
            CHECK(outcome.deadlock.empty());
            CHECK(outcome.outputs == reference_outputs(graph, machine, images));
        }
    }
    CHECK(segments == (name != "puma"));
}

// Energy is counts times prices: a price changes its own part and nothing else, and counts follow from the program.

#include <numeric>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "isa/interpreter/resolved.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;

namespace {

hw::Machine several_tiny() {
    hw::Machine machine = machine_of("tiny");
    reshape(machine, {4, 4}, {2, 2});
    return machine;
}

/// pJ by event, over setup and run.
std::array<double, hw::event_count> energy_of(const Outcome& outcome, const hw::Machine& machine) {
    const std::array<double, hw::event_count> prices = hw::event_prices(machine);
    std::array<double, hw::event_count> energy{};
    for (std::size_t event = 0; event < hw::event_count; ++event) {
        std::int64_t count = outcome.setup_events[event];
        for (const hw::EventCounts& place : outcome.place_events) {
            count += place[event];
        }
        energy[event] = static_cast<double>(count) * prices[event];
    }
    return energy;
}

hw::EventCounts counts_of(const std::vector<hw::EventCounts>& places) {
    hw::EventCounts total{};
    for (const hw::EventCounts& place : places) {
        for (std::size_t event = 0; event < hw::event_count; ++event) {
            total[event] += place[event];
        }
    }
    return total;
}

struct Case {
    isa::Program program;
    std::vector<std::uint8_t> images;
};

/// A network with convolutions that fits several_tiny().
Case some_network() {
    const compiler::QuantGraph graph = random_network(1003);
    return {compile_network(graph, several_tiny()), random_images(graph, 2, 5)};
}

Outcome run_on(const Case& c, const hw::Machine& machine, bool functional = true) {
    RunOptions options;
    options.batch = 2;
    options.functional = functional;
    return run(c.program, machine, options, {c.images});
}

}  // namespace

TEST_CASE("twice the price of a sample is twice the energy of samples, and nothing else") {
    const Case c = some_network();
    const hw::Machine machine = several_tiny();
    hw::Machine dearer = machine;
    dearer.crossbar.adc.sample_pj *= 2;
    const Outcome cheap = run_on(c, machine);
    const Outcome dear = run_on(c, dearer);
    CHECK(cheap.place_events == dear.place_events);
    CHECK(cheap.setup_events == dear.setup_events);
    CHECK(cheap.ticks == dear.ticks);
    CHECK(cheap.outputs == dear.outputs);
    const auto before = energy_of(cheap, machine);
    const auto after = energy_of(dear, dearer);
    for (std::size_t event = 0; event < hw::event_count; ++event) {
        const bool sample = static_cast<hw::Event>(event) == hw::Event::AdcSample;
        INFO(hw::event_info(static_cast<hw::Event>(event)).name);
        CHECK(after[event] == (sample ? 2 : 1) * before[event]);
    }
    CHECK(before[static_cast<std::size_t>(hw::Event::AdcSample)] > 0);
}

TEST_CASE("every price belongs to one event") {
    const hw::Machine machine = several_tiny();
    const auto prices = hw::event_prices(machine);
    hw::Machine m = machine;
    const std::array<double*, hw::event_count> fields{&m.crossbar.row_read_pj,
                                                      &m.crossbar.dac.drive_pj,
                                                      &m.crossbar.adc.sample_pj,
                                                      &m.crossbar.shift_add.op_pj,
                                                      &m.crossbar.registers.byte_pj,
                                                      &m.device.cell_write_pj,
                                                      &m.core.noc.flit_hop_pj,
                                                      &m.core.l1.read_pj_per_byte,
                                                      &m.core.l1.write_pj_per_byte,
                                                      &m.core.alu.op_pj,
                                                      &m.core.control.op_pj,
                                                      &m.chip.noc.flit_hop_pj,
                                                      &m.chip.l0.read_pj_per_byte,
                                                      &m.chip.l0.write_pj_per_byte,
                                                      &m.chip.alu.op_pj,
                                                      &m.chip.control.op_pj,
                                                      &m.chip.external_memory.read_pj_per_byte,
                                                      &m.chip.external_memory.write_pj_per_byte};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const double was = *fields[i];
        *fields[i] = was + 1000;
        const auto changed = hw::event_prices(m);
        *fields[i] = was;
        for (std::size_t event = 0; event < hw::event_count; ++event) {
            CHECK(changed[event] == prices[event] + (event == i ? 1000 : 0));
        }
    }
}

TEST_CASE("events by operator, by place and over time are the same energy") {
    const Case c = some_network();
    const hw::Machine machine = several_tiny();
    const Outcome outcome = run_on(c, machine);
    std::vector<hw::EventCounts> operators;
    for (const platform::OperatorStatistics& op : outcome.operators) {
        operators.push_back(op.events);
    }
    const hw::EventCounts counts = counts_of(outcome.place_events);
    CHECK(counts_of(operators) == counts);
    const auto prices = hw::event_prices(machine);
    double energy = 0;
    for (std::size_t event = 0; event < hw::event_count; ++event) {
        energy += static_cast<double>(counts[event]) * prices[event];
    }
    CHECK(std::accumulate(outcome.power.begin(), outcome.power.end(), 0.0) == Approx(energy).epsilon(1e-9));
    CHECK(counts_of(run_on(c, machine, false).place_events) == counts);
}

TEST_CASE("counts follow from the operators executed") {
    const Case c = some_network();
    const Outcome outcome = run_on(c, several_tiny());
    const hw::EventCounts counts = counts_of(outcome.place_events);
    const auto count = [&](hw::Event event) { return counts[static_cast<std::size_t>(event)]; };
    const std::int64_t all = std::accumulate(outcome.operations.begin(), outcome.operations.end(), std::int64_t{0});
    CHECK(count(hw::Event::CoreIssue) + count(hw::Event::ChipIssue) +
              outcome.setup_events[static_cast<std::size_t>(hw::Event::CoreIssue)] ==
          all);
    CHECK(count(hw::Event::AdcSample) == count(hw::Event::ShiftAdd));
    CHECK(count(hw::Event::RowRead) == count(hw::Event::DacDrive));
    CHECK(count(hw::Event::CellWrite) == 0);
    // Each write programs a whole tile; copies of an operator share theirs.
    std::int64_t cells = 0;
    for (isa::Index id = 0; id < static_cast<isa::Index>(c.program.flows.size()); ++id) {
        if (c.program.flows[static_cast<std::size_t>(id)].segment != isa::setup) {
            continue;
        }
        const isa::ResolvedFlow code = isa::resolve(c.program, id, 1);
        isa::FlowRun flow(code);
        for (const isa::Step* step = &flow.next(); step->kind != isa::Step::Kind::End; step = &flow.next()) {
            for (isa::Index i = 0; step->kind == isa::Step::Kind::Ops && i < step->op_count; ++i) {
                const isa::Weight& weight = c.program.weights[static_cast<std::size_t>(step->ops[i][isa::field::WriteXb::weight])];
                cells += static_cast<std::int64_t>(weight.rows) * weight.cols * several_tiny().columns(weight.bits);
            }
        }
    }
    CHECK(outcome.setup_events[static_cast<std::size_t>(hw::Event::CellWrite)] == cells);
    CHECK(outcome.most_writes == 1);
    CHECK(count(hw::Event::ExternalReadByte) == 2 * c.program.inputs.at(0).size);
    CHECK(count(hw::Event::ExternalWriteByte) == 2 * c.program.outputs.at(0).size);
    CHECK(outcome.adc.lossy == 0);
}

TEST_CASE("an engine's time is busy, stalled or done, from the start of the run to its end") {
    std::array<Ticks, platform::cause_count> causes{};
    for (std::uint64_t seed = 1000; seed < 1012; ++seed) {
        Case c;
        try {
            const compiler::QuantGraph graph = random_network(seed);
            c = {compile_network(graph, several_tiny()), random_images(graph, 2, seed)};
        } catch (const compiler::InputError&) {
            continue;
        }
        INFO("seed " << seed);
        const Outcome outcome = run_on(c, several_tiny(), false);
        for (const auto& engines : outcome.engines) {
            for (const platform::EngineStatistics& engine : engines) {
                CHECK(std::accumulate(engine.times.begin(), engine.times.end(), Ticks{0}) == outcome.ticks);
                for (std::size_t cause = 0; cause < platform::cause_count; ++cause) {
                    CHECK(engine.times[cause] >= 0);
                    causes[cause] += engine.times[cause];
                }
                CHECK((engine.operations > 0) == (engine.times[static_cast<std::size_t>(platform::Cause::Busy)] > 0));
            }
        }
    }
    for (std::size_t cause = 0; cause < platform::cause_count; ++cause) {
        INFO(platform::cause_names[cause]);
        // Only the chip's move engine and setup reach external memory, one transfer at a time: nobody waits for it in the run. Nothing
        // limits power.
        const auto is = [&](platform::Cause other) { return static_cast<platform::Cause>(cause) == other; };
        CHECK((causes[cause] > 0) == !(is(platform::Cause::Memory) || is(platform::Cause::Power)));
    }
}

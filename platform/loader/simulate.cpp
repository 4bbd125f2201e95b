#include "platform/loader/simulate.h"

#include <algorithm>
#include <cstring>
#include <systemc>
#include <tlm>

#include <fmt/format.h>

#include "platform/chip/chip.h"
#include "platform/kernel/fresh_kernel.h"

namespace cim::platform {

namespace {

/// Puts bytes into external memory through the debug transport.
void write_external(Memory& memory, std::int64_t address, const std::uint8_t* bytes, std::size_t count) {
    if (memory.bytes() != nullptr && address + static_cast<std::int64_t>(count) <= memory.size()) {
        std::memcpy(memory.bytes() + address, bytes, count);
    }
}

void load_weights(const isa::Program& program, Memory& memory) {
    if (memory.bytes() == nullptr) {
        return;  // timing only
    }
    std::vector<std::uint8_t> bytes;
    for (const isa::Weight& weight : program.weights) {
        bytes.clear();
        for (const std::int16_t value : weight.values) {
            bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
            if (weight.bits > 8) {
                bytes.push_back(static_cast<std::uint8_t>((value >> 8) & 0xff));
            }
        }
        write_external(memory, weight.ext_offset, bytes.data(), bytes.size());
    }
}

std::string describe_deadlock(const Context& context, const Chip& chip) {
    std::string text;
    int shown = 0;
    for (const std::unique_ptr<Place>& place : chip.places()) {
        for (const std::unique_ptr<FlowState>& flow : place->flows()) {
            if (flow->done || flow->segment() != context.segment || flow->waits_for < 0) {
                continue;
            }
            if (++shown > 10) {
                return text + "\n  ...";
            }
            text += fmt::format("\n  flow '{}' (line {}) waits for {} >= {}, which is {}",
                                context.program.flows[static_cast<std::size_t>(flow->id())].name, flow->step().line,
                                context.counters.name(flow->waits_for), flow->step().value, context.counters.value(flow->waits_for));
        }
    }
    return fmt::format("no flow can go on at tick {}:{}", context.agenda.now(), text);
}

}  // namespace

SimulationResult simulate(const isa::Program& program, const hw::Machine& machine, const SimulationOptions& options,
                          const std::vector<std::vector<std::uint8_t>>& inputs) {
    const FreshKernel kernel;
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    tlm::tlm_global_quantum::instance().set({100, sc_core::SC_US});  // far beyond an operation
    SimulationResult result;
    Statistics& statistics = result.statistics;
    const auto places = static_cast<std::size_t>(machine.core_count()) + 1;
    statistics.operators.resize(std::max<std::size_t>(1, program.operators.size()));
    statistics.engines.resize(places);
    statistics.place_events.resize(places);
    statistics.crossbar_busy.resize(places);
    statistics.crossbar_work.resize(places);
    statistics.operations.resize(isa::op_table().size());
    statistics.power = PowerProfile(machine.chip_clock.ticks_per_cycle);
    statistics.image_ends.assign(static_cast<std::size_t>(options.batch), -1);

    const hw::PriceList prices(machine);
    const pricing::PowerPrices power_prices(machine);
    const std::vector<isa::ResolvedFlow> flows =
        isa::resolve_all(program, options.batch, options.functional ? isa::Detail::Everything : isa::Detail::Durations);
    Agenda agenda("agenda", machine);
    CounterFile counters(program, machine, agenda);
    Context context{
        program,         machine, prices, power_prices, agenda, counters, statistics, hw::event_prices(machine), options.functional,
        options.observer};
    if (program.power_limit_uw) {
        context.power.emplace(pricing::budget_of(*program.power_limit_uw, power_prices), places * isa::engine_count);
    }
    Chip chip("chip", context, flows);
    load_weights(program, chip.external());
    if (options.functional) {
        for (std::size_t i = 0; i < program.inputs.size(); ++i) {
            write_external(chip.external(), program.inputs[i].ext_offset, inputs[i].data(), inputs[i].size());
        }
    }
    chip.start();
    sc_core::sc_start();
    if (context.unfinished > 0) {
        result.deadlock = describe_deadlock(context, chip);
    }
    chip.finish();
    result.setup_ticks = context.run_start;
    result.ticks = std::max<Ticks>(0, context.last_completion - context.run_start);
    result.setup_events = chip.setup_events();
    result.link_names = chip.noc().model().link_names();
    result.link_busy = chip.noc().model().link_busy();
    if (options.functional) {
        for (const isa::Tensor& output : program.outputs) {
            const std::uint8_t* from = chip.external().bytes() + output.ext_offset;
            result.outputs.emplace_back(from, from + output.size * options.batch);
        }
    }
    return result;
}

}  // namespace cim::platform

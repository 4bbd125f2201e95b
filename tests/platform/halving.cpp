#include "tests/platform/halving.h"

#include "compiler/error.h"
#include "platform/loader/simulate.h"
#include "tests/platform/machines.h"
#include "tests/platform/networks.h"

namespace cim::test {

namespace {

using Halved = std::optional<hw::Machine>;

/// Half of what `member` of the machine is, down to 1.
template <typename Member>
Halved half(const hw::Machine& machine, Member member) {
    hw::Machine less = machine;
    auto& value = member(less);
    if (value < 2) {
        return std::nullopt;
    }
    value /= 2;
    return less;
}

/// Likewise of a limit, if there is one.
template <typename Member>
Halved half_limit(const hw::Machine& machine, Member member) {
    hw::Machine less = machine;
    hw::Limit& limit = member(less);
    if (limit.ideal || limit.value < 2) {
        return std::nullopt;
    }
    limit.value /= 2;
    return less;
}

/// Half of the rows, or of the columns if those cannot be halved; each stays a multiple of `unit`.
std::optional<hw::Grid> half(hw::Grid grid, hw::Grid unit) {
    if (grid.rows % (2 * unit.rows) == 0) {
        return hw::Grid{grid.rows / 2, grid.cols};
    }
    if (grid.cols % (2 * unit.cols) == 0) {
        return hw::Grid{grid.rows, grid.cols / 2};
    }
    return std::nullopt;
}

Halved half_cores(const hw::Machine& machine) {
    const auto cores = half(machine.chip.cores, machine.chip.cluster ? machine.chip.cluster->cores : hw::Grid{1, 1});
    hw::Machine less = machine;
    if (cores) {
        reshape(less, *cores, machine.core.crossbars);
    }
    return cores ? Halved(less) : std::nullopt;
}

Halved half_crossbars(const hw::Machine& machine) {
    const auto crossbars = half(machine.core.crossbars, {1, 1});
    hw::Machine less = machine;
    if (crossbars) {
        reshape(less, machine.chip.cores, *crossbars);
    }
    return crossbars ? Halved(less) : std::nullopt;
}

Halved half_rows(const hw::Machine& machine) {
    Halved less = half(machine, [](hw::Machine& m) -> int& { return m.crossbar.rows; });
    if (less) {
        less->crossbar.parallel_row = std::min(less->crossbar.parallel_row, less->crossbar.rows);
    }
    return less;
}

Halved half_columns(const hw::Machine& machine) {
    Halved less = half(machine, [](hw::Machine& m) -> int& { return m.crossbar.cols; });
    return less && less->logical_cols(8) > 0 ? less : std::nullopt;
}

}  // namespace

const std::vector<Halving>& halvings() {
    using M = hw::Machine;
    static const std::vector<Halving> all{
        {"core.l1.size", [](const M& m) { return half_limit(m, [](M& x) -> hw::Limit& { return x.core.l1.size; }); }},
        {"core.l1.bandwidth", [](const M& m) { return half_limit(m, [](M& x) -> hw::Limit& { return x.core.l1.bandwidth; }); }},
        {"core.alu.rate", [](const M& m) { return half_limit(m, [](M& x) -> hw::Limit& { return x.core.alu.rate; }); }},
        {"core.noc.flit", [](const M& m) { return half(m, [](M& x) -> int& { return x.core.noc.flit_bits; }); }},
        {"core.crossbars", half_crossbars},
        {"chip.l0.size", [](const M& m) { return half_limit(m, [](M& x) -> hw::Limit& { return x.chip.l0.size; }); }},
        {"chip.l0.bandwidth", [](const M& m) { return half_limit(m, [](M& x) -> hw::Limit& { return x.chip.l0.bandwidth; }); }},
        {"chip.alu.rate", [](const M& m) { return half_limit(m, [](M& x) -> hw::Limit& { return x.chip.alu.rate; }); }},
        {"chip.noc.flit", [](const M& m) { return half(m, [](M& x) -> int& { return x.chip.noc.flit_bits; }); }},
        {"chip.cores", half_cores},
        {"external.bandwidth",
         [](const M& m) { return half_limit(m, [](M& x) -> hw::Limit& { return x.chip.external_memory.bandwidth; }); }},
        {"crossbar rows", half_rows},
        {"crossbar columns", half_columns},
        {"crossbar.parallel_row", [](const M& m) { return half(m, [](M& x) -> int& { return x.crossbar.parallel_row; }); }},
        {"crossbar.adc.count", [](const M& m) { return half(m, [](M& x) -> int& { return x.crossbar.adc.count; }); }},
    };
    return all;
}

std::optional<Timing> timing_on(const hw::Machine& machine, const compiler::QuantGraph& graph, std::int64_t batch) {
    isa::Program program;
    try {
        program = compile_network(graph, machine, {}, batch);
    } catch (const compiler::InputError&) {
        return std::nullopt;
    }
    platform::SimulationOptions options;
    options.functional = false;
    options.batch = batch;
    const platform::SimulationResult result = platform::simulate(program, machine, options, {});
    return result.deadlock.empty() ? Timing{result.ticks, program.segment_count()} : throw std::runtime_error(result.deadlock);
}

compiler::QuantGraph network_to_halve(std::uint64_t seed) {
    NetworkOptions options;
    options.every_kind = seed % 2 == 0;
    options.branches = seed % 4 == 0;
    options.layers = 7;
    options.most_size = 20;
    options.most_channels = 40;
    return random_network(seed, options);
}

}  // namespace cim::test

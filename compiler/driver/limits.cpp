#include "compiler/driver/limits.h"

#include "compiler/mode.h"

namespace cim::compiler {

isa::Limits limits_of(const hw::Machine& machine) {
    const auto bytes = [](const hw::Limit& limit) { return limit.ideal ? std::nullopt : std::optional<std::int64_t>(limit.value); };
    isa::Limits limits;
    limits.cores = machine.core_count();
    limits.crossbars_per_core = machine.crossbars_per_core();
    limits.rows = machine.crossbar.rows;
    limits.cols = machine.crossbar.cols;
    limits.parallel_row = machine.crossbar.parallel_row;
    for (int bits = 1; bits <= 16; ++bits) {
        limits.weight_columns[static_cast<std::size_t>(bits)] = machine.columns(bits);
    }
    limits.l1 = bytes(machine.core.l1.size);
    limits.l0 = bytes(machine.chip.l0.size);
    limits.ext = bytes(machine.chip.external_memory.size);
    limits.mode = program_mode(machine.mode);
    return limits;
}

}  // namespace cim::compiler

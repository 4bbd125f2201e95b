#pragma once
// Machines for tests: those of configs/, changed ones, and generated ones. Without Catch, for programs under bench/ too.

#include <cstdint>
#include <string>

#include "hw_models/spec/machine.h"

namespace cim::test {

/// configs/NAME.yaml, resolved. std::runtime_error if it has mistakes.
hw::Machine machine_of(const std::string& name);
/// configs/tiny.yaml, with cores enough for small networks.
hw::Machine enlarged_tiny();
/// Machine from YAML text, likewise.
hw::Machine machine_from(const std::string& yaml);
/// Other numbers of cores and crossbars; cost matrices, if the machine has any, are derived again.
void reshape(hw::Machine& machine, hw::Grid cores, hw::Grid crossbars);
/// Nothing but engines and crossbars can be busy: ports and external memory without time. With `noc_ideal` transfers take none either.
hw::Machine without_contention(hw::Machine machine, bool noc_ideal);

/// configs/tiny.yaml with everything that the compiler plans by, and every price, by the dice.
hw::Machine random_variant(std::uint64_t seed);
/// The same with so few, small crossbars and so little memory that networks come in segments and operators in pieces.
hw::Machine small_variant(std::uint64_t seed);

}  // namespace cim::test

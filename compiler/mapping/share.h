#pragma once
// Parts of a machine that schedules are made for. A schedule for a part runs on the whole, and may be the faster one: operators that lie
// closer together, smaller tiles that are read side by side, fewer copies that get into each other's way.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/ir/quant_graph.h"
#include "hw_models/spec/machine.h"

namespace cim::compiler {

/// What a schedule may use less of.
enum class Scarce : std::uint8_t { Cores, Crossbars, Rows, Columns, L1, L0 };
inline constexpr std::size_t scarce_count = 6;

/// How often each is halved: cores, crossbars of a core, rows and columns of a tile, bytes of L1 and of L0.
struct Share {
    std::array<int, scarce_count> halvings{};

    Share with_half(Scarce resource) const;
    bool is_whole() const { return halvings == decltype(halvings){}; }
    friend bool operator<(const Share& a, const Share& b) { return a.halvings < b.halvings; }
};

struct MachinePart {
    hw::Machine machine;     ///< to place and lay out by; prices are those of the whole
    std::vector<int> cores;  ///< which core of the whole each of its cores is, in ascending order
};

/// That part of a machine, its cores around the memory's node. Nothing if there is none.
std::optional<MachinePart> part_of(const hw::Machine& machine, const Share& share);

/// Whether a network's outputs stay the same in that part: what converters lose depends on which rows are read together.
bool keeps_numbers(const QuantGraph& network, const hw::Machine& machine, const Share& share);

}  // namespace cim::compiler

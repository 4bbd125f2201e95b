#pragma once
// What a program may ask for at most, so that whoever reads one (parser, codec, resolver) needs bounded stack and memory. All far above
// what a compiler emits.

#include <cstdint>

namespace cim::isa {

inline constexpr int max_loop_depth = 32;
inline constexpr int max_expr_depth = 100;           ///< nesting of operators in one expression
inline constexpr std::int64_t max_expr_size = 4096;  ///< nodes of one expression, shared ones counted each time
inline constexpr std::int32_t max_segment = 1 << 16;
inline constexpr std::int64_t max_counters = 1 << 22;               ///< in all arrays together
inline constexpr std::int64_t max_power_uw = 1'000'000'000'000;     ///< a megawatt
inline constexpr std::int64_t max_number = std::int64_t{1} << 30;   ///< magnitude of an evaluated number field or counter amount
inline constexpr std::int64_t max_address = std::int64_t{1} << 48;  ///< magnitude of an address; sums of products still fit 64 bits

}  // namespace cim::isa

#pragma once
// Arithmetic of expressions and counters' numbers, shared by what folds them and what evaluates them.

#include <algorithm>
#include <cstdint>

#include "isa/interpreter/resolved.h"

namespace cim::isa {

// Arithmetic wraps instead of overflowing: a hostile program gets an absurd address, which the verifier reports.
inline std::int64_t wrapping(ExprOp op, std::int64_t a, std::int64_t b) {
    const auto ua = static_cast<std::uint64_t>(a);
    const auto ub = static_cast<std::uint64_t>(b);
    switch (op) {
        case ExprOp::Add: return static_cast<std::int64_t>(ua + ub);
        case ExprOp::Sub: return static_cast<std::int64_t>(ua - ub);
        default: return static_cast<std::int64_t>(ua * ub);
    }
}

inline std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    const std::int64_t q = a / b;
    return (a % b != 0 && a < 0) ? q - 1 : q;
}

inline std::int64_t fold_constants(ExprOp op, std::int64_t a, std::int64_t b) {
    switch (op) {
        case ExprOp::Div: return floor_div(a, b);
        case ExprOp::Mod: return a % b < 0 ? a % b + b : a % b;
        case ExprOp::Min: return a < b ? a : b;
        case ExprOp::Max: return a > b ? a : b;
        default: return wrapping(op, a, b);
    }
}

/// The counter that an array's first and an index name. What cannot be one becomes a number that no program has.
inline Index counter_number(std::int64_t base, std::int64_t index) {
    const std::int64_t number = wrapping(ExprOp::Add, base, index);
    return number >= 0 && number < no_counter ? static_cast<Index>(number) : no_counter;
}

/// How many counters an await names, as far as a number can say.
inline Index counter_count(std::int64_t count) {
    return static_cast<Index>(std::clamp<std::int64_t>(count, -1, no_counter));
}

inline void set_signal(OpInstance& op, std::int64_t base, std::int64_t index, std::int64_t amount) {
    op.base = counter_number(base, 0);
    op.signal = counter_number(base, index);
    op.amount = amount;
}

}  // namespace cim::isa

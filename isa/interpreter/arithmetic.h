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

/// Rounds down. b >= 1.
inline std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    if (((a | b) >> 32) == 0) {
        return static_cast<std::uint32_t>(a) / static_cast<std::uint32_t>(b);  // much faster
    }
    const std::int64_t q = a / b;
    return (a % b != 0 && a < 0) ? q - 1 : q;
}

/// Of a division that rounds down: 0 <= result < b.
inline std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
    if (((a | b) >> 32) == 0) {
        return static_cast<std::uint32_t>(a) % static_cast<std::uint32_t>(b);
    }
    return a % b < 0 ? a % b + b : a % b;
}

inline std::int64_t fold_constants(ExprOp op, std::int64_t a, std::int64_t b) {
    switch (op) {
        case ExprOp::Div: return floor_div(a, b);
        case ExprOp::Mod: return floor_mod(a, b);
        case ExprOp::Min: return a < b ? a : b;
        case ExprOp::Max: return a > b ? a : b;
        default: return wrapping(op, a, b);
    }
}

/// A counter's number. What cannot be one becomes a number that no program has.
inline Index counter_number(std::int64_t number) {
    return number >= 0 && number < no_counter ? static_cast<Index>(number) : no_counter;
}

/// How many counters an await names, as far as a number can say.
inline Index counter_count(std::int64_t count) {
    return static_cast<Index>(std::clamp<std::int64_t>(count, -1, no_counter));
}

inline void set_field(OpInstance& op, const FieldValue& field, const std::int64_t* values) {
    const std::int64_t value = values[field.slot];
    if (field.field == signal_field) {
        op.signal = counter_number(value);
        op.amount = values[field.amount];
    } else {
        op.values[field.field] = value;
    }
}

}  // namespace cim::isa

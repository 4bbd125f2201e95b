#pragma once

namespace cim::compiler {

/// a / b rounded up; a not negative, b positive.
template <typename T>
constexpr T ceil_div(T a, T b) {
    return (a + b - 1) / b;
}

}  // namespace cim::compiler

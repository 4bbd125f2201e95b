// Arithmetic of two constants.

#include <algorithm>

#include "compiler/frontend/constant_folding.h"
#include "compiler/frontend/pick.h"

namespace cim::compiler {
namespace {

Dims broadcast(const NodeView& node, const Dims& a, const Dims& b, std::int64_t limit) {
    Dims shape(std::max(a.size(), b.size()), 1);
    for (std::size_t d = 0; d < shape.size(); ++d) {
        const std::int64_t x = d < a.size() ? a[a.size() - 1 - d] : 1;
        const std::int64_t y = d < b.size() ? b[b.size() - 1 - d] : 1;
        if (x != y && x != 1 && y != 1) {
            node.fail("shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
        }
        shape[shape.size() - 1 - d] = x == 1 ? y : x;
    }
    if (checked_count(shape, limit) < 0) {
        node.fail("its result would have the shape " + to_string(shape) + ", too large for a constant of this network");
    }
    return shape;
}

Constant spread(const Constant& c, const Dims& shape) {
    return pick(c, shape, [&](std::int64_t i) {
        std::int64_t index = 0;
        std::int64_t stride = 1;
        for (std::size_t d = shape.size(), e = c.shape.size(); d-- > 0 && e > 0;) {
            --e;
            index += c.shape[e] == 1 ? 0 : i % shape[d] * stride;
            stride *= c.shape[e];
            i /= shape[d];
        }
        return index;
    });
}

std::int64_t calculate(const NodeView& node, char op, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    const bool overflow = op == '+'   ? __builtin_add_overflow(a, b, &result)
                          : op == '-' ? __builtin_sub_overflow(a, b, &result)
                          : op == '*' ? __builtin_mul_overflow(a, b, &result)
                                      : b == 0 || (b == -1 && __builtin_mul_overflow(a, b, &result));
    if (overflow) {
        node.fail(b == 0 ? "division by zero" : "the result does not fit an integer");
    }
    return op == '/' ? a / b : result;
}

}  // namespace

Constant combine_constants(const NodeView& node, const Constant& a, const Constant& b, std::int64_t limit) {
    if (a.is_integer() != b.is_integer()) {
        node.fail("one input is of floats, the other of integers");
    }
    const Dims shape = broadcast(node, a.shape, b.shape, limit);
    Constant result = spread(a, shape);
    const Constant right = spread(b, shape);
    const char op = node.type() == "Add" ? '+' : node.type() == "Sub" ? '-' : node.type() == "Mul" ? '*' : '/';
    if (result.is_integer()) {
        auto& left = std::get<1>(result.data);
        for (std::size_t i = 0; i < left.size(); ++i) {
            left[i] = calculate(node, op, left[i], right.integers()[i]);
        }
    } else {
        auto& left = std::get<0>(result.data);
        for (std::size_t i = 0; i < left.size(); ++i) {
            const float r = right.floats()[i];
            left[i] = op == '+' ? left[i] + r : op == '-' ? left[i] - r : op == '*' ? left[i] * r : left[i] / r;
        }
    }
    return result;
}

}  // namespace cim::compiler

#pragma once
// Constants made of the elements of others.

#include <utility>

#include "compiler/frontend/raw_model.h"

namespace cim::compiler {

/// A constant of shape `shape` whose element i is source element index(i); `index` is called in order.
template <typename Index>
Constant pick(const Constant& source, Dims shape, Index index) {
    Constant result;
    result.shape = std::move(shape);
    const auto n = static_cast<std::size_t>(count(result.shape));
    std::visit(
        [&](const auto& from) {
            std::decay_t<decltype(from)> to(n);
            for (std::size_t i = 0; i < n; ++i) {
                to[i] = from[static_cast<std::size_t>(index(static_cast<std::int64_t>(i)))];
            }
            result.data = std::move(to);
        },
        source.data);
    return result;
}

}  // namespace cim::compiler

#pragma once
// Copies as Poly-Schedule gives them: the baselines `poly` and `poly-uniform` of docs/adr/0003-baselines.md.

#include <cstdint>
#include <vector>

#include "compiler/scheduling/cg/duplication.h"

namespace cim::compiler {

/// By which rule crossbars that are left become copies.
enum class CopyPolicy : std::uint8_t {
    Optimal,      ///< duplicate()
    Poly,         ///< poly_copies(), each copy on cores of its own
    PolyUniform,  ///< poly_uniform_copies(), likewise
};

/// One copy each; then, as long as some task's next copies fit the `crossbars` that are left, they go to the slowest of those tasks, the
/// first of equals. Numbers of copies that make a task no faster are passed over.
std::vector<Split> poly_copies(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars);

/// As many copies of every task as `crossbars` hold of all tasks together, at least one; of a task whose positions cannot be shared by so
/// many, as many as make it fastest.
std::vector<Split> poly_uniform_copies(const std::vector<DuplicationTask>& tasks, std::int64_t crossbars);

}  // namespace cim::compiler

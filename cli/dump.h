#pragma once
// What a pass of the compiler left behind, as text to read and to compare: --dump-after.

#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "compiler/ir/graph.h"

namespace cim::cli {

/// Passes that can be looked at, in the order in which they run (docs/scheduling.md).
std::vector<std::string> dumpable_passes();

/// One line an item. `pass`: of dumpable_passes().
std::string dump_after(const std::string& pass, const compiler::Graph& graph, const compiler::Compiled& compiled);

}  // namespace cim::cli

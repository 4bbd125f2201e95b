#pragma once
// --dump-after: what a pass of the compiler left behind, as text to read and to compare.

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "compiler/driver/compile.h"
#include "compiler/ir/graph.h"

namespace cim::cli {

/// Option of compile and run.
void add_dump_option(po::options_description& options);
/// The passes that it names. InputError if there is no such pass.
std::vector<std::string> passes_to_dump(const po::variables_map& values);
/// What those passes left behind, on standard output, a line an item.
void print_dumps(const std::vector<std::string>& passes, const compiler::Graph& graph, const compiler::Compiled& compiled);

}  // namespace cim::cli

#pragma once
// Options of compile and run that say what the scheduler may do, and what for.

#include <cstdint>

#include "cli/arguments.h"
#include "compiler/driver/compile.h"

namespace cim::cli {

/// --level, --objective, --copies, --disable and --peak-power-limit.
void add_schedule_options(po::options_description& options);
/// What they say, for `images` inputs in a row. InputError if one of them could have no effect beside the others.
compiler::CompileOptions schedule_options(const po::variables_map& values, std::int64_t images);

}  // namespace cim::cli

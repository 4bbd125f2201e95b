#pragma once
// A subcommand's words against its options: strict, with --help.

#include <optional>
#include <string>

#include <boost/program_options.hpp>

#include "cli/command.h"

namespace cim::cli {

namespace po = boost::program_options;

struct Usage {
    const char* command;     ///< "run"
    const char* positional;  ///< "MODEL.onnx", or ""
    int positionals = 1;     ///< exactly so many words without an option; their option is `positional_name`
    const char* positional_name = "file";
};

/// Parses; empty if help was asked for and printed. InputError for anything that is not an option, is given twice, or lacks its value.
std::optional<po::variables_map> parse(const Usage& usage, const po::options_description& options, const Words& words);

/// A word as a whole number in low..high. InputError naming `option`.
std::int64_t number_option(const po::variables_map& values, const char* option, std::int64_t low, std::int64_t high, std::int64_t fallback);

}  // namespace cim::cli

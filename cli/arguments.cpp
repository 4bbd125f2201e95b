#include "cli/arguments.h"

#include <charconv>
#include <iostream>
#include <string_view>

#include <fmt/format.h>

#include "compiler/error.h"
#include "isa/text/suggest.h"

namespace cim::cli {

namespace {

using compiler::InputError;

[[noreturn]] void fail(const Usage& usage, const std::string& what) {
    throw InputError(fmt::format("{}; 'cimmlc {} --help' lists the options", what, usage.command));
}

std::string unknown_option(const po::options_description& options, const std::string& name) {
    std::vector<std::string> known;
    for (const auto& option : options.options()) {
        known.push_back("--" + option->long_name());
    }
    return fmt::format("no option '{}'{}", name, isa::suggestion(name, {known.begin(), known.end()}));
}

}  // namespace

std::optional<po::variables_map> parse(const Usage& usage, const po::options_description& options, const Words& words) {
    po::options_description all;
    all.add(options);
    all.add_options()("help,h", "this text");
    po::options_description hidden;
    hidden.add(all);
    hidden.add_options()(usage.positional_name, po::value<std::vector<std::string>>());
    po::positional_options_description positions;
    positions.add(usage.positional_name, -1);
    po::variables_map values;
    try {
        // No guessing: an option is written out.
        const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
        po::store(po::command_line_parser(words).options(hidden).positional(positions).style(style).run(), values);
        if (values.count("help") > 0) {
            std::cout << "usage: cimmlc " << usage.command << (*usage.positional != '\0' ? " " : "") << usage.positional << " [options]\n\n"
                      << all;
            return std::nullopt;
        }
        po::notify(values);
    } catch (const po::unknown_option& error) {
        fail(usage, unknown_option(all, error.get_option_name()));
    } catch (const po::error& error) {
        fail(usage, error.what());
    }
    const std::size_t given =
        values.count(usage.positional_name) > 0 ? values[usage.positional_name].as<std::vector<std::string>>().size() : 0;
    if (given != static_cast<std::size_t>(usage.positionals)) {
        fail(usage,
             fmt::format("cimmlc {} takes {}, {} given", usage.command, *usage.positional != '\0' ? usage.positional : "no file", given));
    }
    return values;
}

std::int64_t number_option(const po::variables_map& values, const char* option, std::int64_t low, std::int64_t high,
                           std::int64_t fallback) {
    if (values.count(option) == 0) {
        return fallback;
    }
    const std::string text = values[option].as<std::string>();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
        throw InputError(fmt::format("--{}: '{}' is not a whole number from {} to {}", option, text, low, high));
    }
    return value;
}

}  // namespace cim::cli

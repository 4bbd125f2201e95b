#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/session.h"
#include "compiler/error.h"
#include "hw_models/spec/load.h"

namespace cim::cli {

int arch(const Words& words) {
    const std::string verb = words.empty() ? "" : words[0];
    const Words rest(words.empty() ? words.begin() : words.begin() + 1, words.end());
    po::options_description none("options");
    if (verb == "check" || verb == "show") {
        const std::string command = "arch " + verb;
        const std::optional<po::variables_map> values = parse({command.c_str(), "FILE.yaml", 1, "file"}, none, rest);
        if (!values) {
            return 0;
        }
        const std::string path = (*values)["file"].as<std::vector<std::string>>()[0];
        const hw::Machine machine = machine_of(path);
        if (verb == "check") {
            fmt::print("{}: {}, {} cores x {} crossbars of {}x{}\n", path, machine.name, machine.core_count(), machine.crossbars_per_core(),
                       machine.crossbar.rows, machine.crossbar.cols);
        } else {
            fmt::print("{}", hw::show_machine(path));
        }
        return 0;
    }
    if (verb == "schema" || verb == "keys") {
        const std::string command = "arch " + verb;
        if (const auto values = parse({command.c_str(), "", 0}, none, rest)) {
            if (verb == "schema") {
                fmt::print("{}\n", hw::json_schema());
            } else {
                fmt::print("{}", hw::hardware_file_markdown());
            }
        }
        return 0;
    }
    constexpr const char* usage =
        "usage: cimmlc arch check FILE.yaml   tells all mistakes of a hardware file\n"
        "       cimmlc arch show FILE.yaml    prints the resolved machine, with where each value came from\n"
        "       cimmlc arch schema            prints the JSON Schema of hardware files\n"
        "       cimmlc arch keys              describes every key: docs/hardware-file.md\n";
    if (verb == "--help" || verb == "-h") {
        fmt::print("{}", usage);
        return 0;
    }
    throw InputLines(fmt::format("cimmlc arch: {}\n{}", verb.empty() ? "nothing to do" : "no verb '" + verb + "'", usage));
}

}  // namespace cim::cli

#include <fmt/format.h>

#include "cli/session.h"
#include "compiler/error.h"
#include "isa/docs/markdown.h"
#include "isa/files/program_file.h"
#include "isa/text/print.h"

namespace cim::cli {

int isa_command(const Words& words) {
    const std::string verb = words.empty() ? "" : words[0];
    const Words rest(words.empty() ? words.begin() : words.begin() + 1, words.end());
    const std::string command = "isa " + verb;
    if (verb == "list") {
        po::options_description none("options");
        if (parse({command.c_str(), "", 0}, none, rest)) {
            fmt::print("{}", isa::isa_markdown());
        }
        return 0;
    }
    if (verb == "check") {
        po::options_description options("options");
        options.add_options()("arch", po::value<std::string>()->required()->value_name("FILE"), "hardware file of the machine (required)")(
            "batch", po::value<std::string>()->value_name("N"), "inputs of the run to check (default 1)");
        const std::optional<po::variables_map> values = parse({command.c_str(), "PROGRAM.mop", 1, "program"}, options, rest);
        if (!values) {
            return 0;
        }
        const hw::Machine machine = machine_of((*values)["arch"].as<std::string>());
        const isa::Program program = isa::load_program((*values)["program"].as<std::vector<std::string>>()[0]);
        const std::int64_t batch = number_option(*values, "batch", 1, 1 << 20, 1);
        verify_for(program, machine, batch);
        fmt::print("{}: right for machine '{}' and {} input{}\n", program.name, machine.name, batch, batch == 1 ? "" : "s");
        return 0;
    }
    if (verb == "convert") {
        po::options_description options("options");
        options.add_options()("program,o", po::value<std::string>()->required()->value_name("FILE"),
                              "program to write (required): .mop or .mopb");
        const std::optional<po::variables_map> values = parse({command.c_str(), "PROGRAM.mop", 1, "source"}, options, rest);
        if (values) {
            isa::save_program(isa::load_program((*values)["source"].as<std::vector<std::string>>()[0]),
                              (*values)["program"].as<std::string>());
        }
        return 0;
    }
    constexpr const char* usage =
        "usage: cimmlc isa list                                    describes every meta-operator\n"
        "       cimmlc isa check PROGRAM.mop --arch FILE.yaml      proves a program right for a machine\n"
        "       cimmlc isa convert PROGRAM.mop -o PROGRAM.mopb     between text and binary\n";
    if (verb == "--help" || verb == "-h") {
        fmt::print("{}", usage);
        return 0;
    }
    throw InputLines(fmt::format("cimmlc isa: {}\n{}", verb.empty() ? "nothing to do" : "no verb '" + verb + "'", usage));
}

}  // namespace cim::cli

#include "cli/command.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <string_view>

#include <fmt/format.h>

#include "isa/text/suggest.h"

namespace cim::cli {

namespace {

void print_help(std::FILE* out) {
    fmt::print(
        out,
        "usage: cimmlc COMMAND ...\n\nCompiles neural networks for computing-in-memory machines and runs them on a virtual platform.\n\n");
    for (const Command& command : commands()) {
        fmt::print(out, "  {:<10} {}\n", command.name, command.summary);
    }
    fmt::print(out, "\n'cimmlc COMMAND --help' tells a command's options.\n");
}

}  // namespace

const std::vector<Command>& commands() {
    static const std::vector<Command> table{
        {"run", &run, "compile a network, simulate it, compare with the reference"},
        {"compile", &compile, "compile a network to a program of meta-operators"},
        {"simulate", &simulate, "run a program on the platform that a hardware file describes"},
        {"calibrate", &calibrate, "find the ranges of a network's tensors on sample inputs"},
        {"reference", &reference, "execute a quantised network, or the float one, without a machine"},
        {"arch", &arch, "check, show or describe hardware files"},
        {"isa", &isa_command, "describe the meta-operators; check, print or convert programs"},
        {"models", &models, "list the hardware models"},
        {"zoo", &zoo, "list well-known networks, or write one as ONNX with made weights"},
        {"regress", &regress, "compare timing with the golden traces"},
    };
    return table;
}

int dispatch(const Words& words) {
    if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
        print_help(words.empty() ? stderr : stdout);
        return words.empty() ? 2 : 0;
    }
    const auto command = std::find_if(commands().begin(), commands().end(), [&](const Command& c) { return words[0] == c.name; });
    if (command == commands().end()) {
        std::vector<std::string_view> names;
        for (const Command& c : commands()) {
            names.emplace_back(c.name);
        }
        fmt::print(stderr, "cimmlc: no command '{}'{}; 'cimmlc --help' lists them\n", words[0], isa::suggestion(words[0], names));
        return 2;
    }
    try {
        return command->run({words.begin() + 1, words.end()});
    } catch (const InputLines& lines) {
        fmt::print(stderr, "{}\n", lines.what());
    } catch (const std::bad_alloc&) {
        fmt::print(stderr, "cimmlc {}: out of memory\n", command->name);
    } catch (const std::exception& error) {
        fmt::print(stderr, "cimmlc {}: {}\n", command->name, error.what());
    }
    return 2;
}

}  // namespace cim::cli

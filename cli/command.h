#pragma once
// The subcommands of cimmlc. Each takes the words after its name and gives the exit status: 0 right, 1 it ran but the result is wrong, 2
// the user's input is wrong (then one message on the error stream; thrown as InputError or ProgramError).

#include <stdexcept>
#include <string>
#include <vector>

namespace cim::cli {

using Words = std::vector<std::string>;

/// Several mistakes of the user's input, one a line, each with its own place.
class InputLines : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

int run(const Words& words);
int compile(const Words& words);
int simulate(const Words& words);
int calibrate(const Words& words);
int reference(const Words& words);
int arch(const Words& words);
int isa_command(const Words& words);
int models(const Words& words);
int zoo(const Words& words);
int regress(const Words& words);

struct Command {
    const char* name;
    int (*run)(const Words&);
    const char* summary;
};

const std::vector<Command>& commands();

/// Runs the command that `words` begins with. Errors are printed and become exit status 2.
int dispatch(const Words& words);

}  // namespace cim::cli

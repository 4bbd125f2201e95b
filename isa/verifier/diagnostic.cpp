#include "isa/verifier/diagnostic.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace cim::isa {

const std::vector<Rule>& rules() {
    static const std::vector<Rule> table{
        {"form", "tables, templates and expressions are well formed: indices, operand counts, nesting, value ranges"},
        {"names", "every name is well formed and names one thing"},
        {"arity", "a flow gives its template as many arguments as it has parameters"},
        {"kind", "an argument is of the kind that its uses want: a counter where one is awaited, a buffer of that memory in an address"},
        {"place", "flows, buffers and counters are at places that the machine has; operators at places that can do them"},
        {"engine", "the operators of a flow belong to the flow's engine"},
        {"mode", "the machine's computing mode has the program's, and the program's has its operators"},
        {"parallel", "a parallel block holds asynchronous operators, each on its own crossbars"},
        {"memory", "buffers fit into their memory"},
        {"overlap", "no two buffers share a byte"},
        {"weight", "a weight tile fits a crossbar, and its values fit their bits"},
        {"slice",
         "the tiles of a slice are on different crossbars of a core and inside the slice; its param has a constant for each channel"},
        {"divisor", "what div and mod divide by is 1 or more"},
        {"operand", "the numbers of an operator make sense for it"},
        {"param", "a param has the constants that the operator takes from it; its scales are finite, negative ones as many or none"},
        {"rows", "a crossbar read takes as many inputs as it uses rows, and no more rows than the tile has"},
        {"parallel-row", "cim.read_row activates at most parallel_row wordlines"},
        {"columns", "a crossbar read gives at most the tile's columns"},
        {"batch", "a run has no more inputs than the program's buffers have room for"},
        {"unwritten", "a crossbar is read only after, by flow order or counters, its rows were written"},
        {"counter", "each counter awaited or signalled lies in the array that was named"},
        {"amount", "a signal adds 0 or more"},
        {"one-signaller", "one flow only signals a counter"},
        {"range", "each access lies inside one buffer"},
        {"race", "of two accesses to the same bytes of which one writes, one happens before the other"},
        {"deadlock", "every flow comes to its end"},
        {"run-length", "the run ends within the allowed work"},
    };
    return table;
}

void Findings::add(std::string_view rule, std::string message) {
    if (std::none_of(rules().begin(), rules().end(), [&](const Rule& known) { return known.name == rule; })) {
        throw std::logic_error(fmt::format("the verifier has no rule '{}'", rule));
    }
    const bool known = std::any_of(list_.begin(), list_.end(), [&](const Diagnostic& d) { return d.rule == rule && d.message == message; });
    if (!full() && !known) {
        list_.push_back({std::string(rule), std::move(message)});
    }
}

std::string where(const Program& program, Index flow, int line) {
    const std::string& name = program.flows[static_cast<std::size_t>(flow)].name;
    return line > 0 ? fmt::format("flow '{}', line {}", name, line) : fmt::format("flow '{}'", name);
}

}  // namespace cim::isa

#include <fmt/format.h>

#include "cli/power_limit.h"
#include "cli/session.h"
#include "compiler/error.h"
#include "isa/files/program_file.h"

namespace cim::cli {

int simulate(const Words& words) {
    po::options_description options("options");
    options.add_options()("arch", po::value<std::string>()->required()->value_name("FILE"), "hardware file of the machine (required)");
    add_simulation_options(options);
    const std::optional<po::variables_map> values = parse({"simulate", "PROGRAM.mop", 1, "program"}, options, words);
    if (!values) {
        return 0;
    }
    const bool functional = values->count("timing-only") == 0;
    if (!functional && values->count("output") > 0) {
        throw compiler::InputError("--timing-only moves no data: there is nothing for --output");
    }
    const hw::Machine machine = machine_of((*values)["arch"].as<std::string>());
    const isa::Program program = isa::load_program((*values)["program"].as<std::vector<std::string>>()[0]);
    if (program.inputs.size() != 1) {
        throw compiler::InputError(
            fmt::format("program '{}' has {} inputs; programs with one input can be run", program.name, program.inputs.size()));
    }
    const Inputs inputs = inputs_of(*values, {program.inputs[0].shape.begin(), program.inputs[0].shape.end()});
    verify_for(program, machine, inputs.batch);
    if (program.machine_hash != machine.hash && values->count("quiet") == 0) {
        fmt::print("compiled for another machine, '{}'; right for this one as well\n", program.machine);
    }
    const std::shared_future<compiler::Prediction> prediction = predict_meanwhile(program, machine, inputs.batch);
    if (program.power_limit_uw) {
        check_power_limit(program, machine, prediction.get());
    }
    HostCost cost;
    if (inputs.made && functional && values->count("quiet") == 0) {
        fmt::print("running {} made input{} (no --input given)\n", inputs.batch, inputs.batch == 1 ? "" : "s");
    }
    const platform::SimulationResult result = simulate_with(program, machine, *values, inputs, cost);
    return finish({program, machine, result, prediction.get(), inputs.batch, functional, {}, cost}, *values);
}

}  // namespace cim::cli

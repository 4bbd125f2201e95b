#include <sstream>

#include <fmt/format.h>

#include "cli/session.h"
#include "compiler/error.h"
#include "compiler/io/file.h"
#include "isa/files/program_file.h"
#include "isa/text/unroll.h"

namespace cim::cli {

namespace {

constexpr std::int64_t most_unrolled_lines = 50'000'000;

void print_table(const compiler::Compiled& compiled, const compiler::Prediction& prediction, const hw::Machine& machine) {
    fmt::print("{:<28} {:<20} {:>5} {:>9} {:>8} {:>12} {:>12}\n", "operator", "type", "cores", "crossbars", "cells", "start", "end");
    const hw::Ticks per_cycle = machine.chip_clock.ticks_per_cycle;
    for (std::size_t i = 0; i < compiled.network.nodes.size(); ++i) {
        const compiler::NodePlacement& placement = compiled.placement[i];
        std::vector<int> cores;
        std::int64_t cells = 0;
        for (const compiler::Tile& tile : placement.tiles) {
            cores.push_back(tile.core);
            cells += static_cast<std::int64_t>(tile.rows) * tile.cols * machine.slices(8);
        }
        for (const compiler::Part& part : placement.parts) {
            if (part.core != isa::chip) {
                cores.push_back(part.core);
            }
        }
        std::sort(cores.begin(), cores.end());
        cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
        const double capacity = static_cast<double>(placement.tiles.size()) * machine.crossbar.rows * machine.crossbar.cols;
        const compiler::OperatorPrediction& times = prediction.operators[i];
        fmt::print("{:<28} {:<20} {:>5} {:>9} {:>8} {:>12} {:>12}\n", compiled.network.nodes[i].name.substr(0, 28),
                   compiled.network.nodes[i].type.substr(0, 20), cores.size(), placement.tiles.size(),
                   capacity > 0 ? fmt::format("{:.1f} %", 100.0 * static_cast<double>(cells) / capacity) : "-", times.start / per_cycle,
                   times.end / per_cycle);
    }
    fmt::print("predicted {} cycles an input without contention, {} cycles to load the weights\n", prediction.ticks / per_cycle,
               prediction.setup_ticks / per_cycle);
}

}  // namespace

int compile(const Words& words) {
    po::options_description options("options");
    options.add_options()("arch", po::value<std::string>()->required()->value_name("FILE"), "hardware file of the machine (required)")(
        "program,o", po::value<std::string>()->required()->value_name("FILE"),
        "program to write (required): .mop is text with its data beside it, .mopb binary")(
        "unroll", "write the flat execution of every flow instead");
    add_compile_options(options);
    const std::optional<po::variables_map> values = parse({"compile", "MODEL.onnx", 1, "model"}, options, words);
    if (!values) {
        return 0;
    }
    const hw::Machine machine = machine_of((*values)["arch"].as<std::string>());
    const Network network = network_of(*values, false);
    const compiler::Compiled compiled = compiler::compile(network.graph, network.ranges, machine);
    verify_for(compiled.program, machine, 1);
    emit_qdq(*values, compiled.network);
    const std::string path = (*values)["program"].as<std::string>();
    if (values->count("unroll") > 0) {
        std::ostringstream text;
        isa::print_unrolled(text, compiled.program, 1, most_unrolled_lines);
        compiler::write_file_atomically(path, text.str());
    } else {
        isa::save_program(compiled.program, path);
    }
    fmt::print("calibrated on {}\n", network.calibrated_on);
    print_table(compiled, compiler::predict(compiled.program, machine, 1), machine);
    return 0;
}

}  // namespace cim::cli

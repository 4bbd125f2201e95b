#include <algorithm>
#include <future>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "cli/dump.h"
#include "cli/schedule_options.h"
#include "cli/session.h"
#include "compiler/error.h"
#include "compiler/io/file.h"
#include "isa/files/program_file.h"
#include "isa/text/unroll.h"

namespace cim::cli {

namespace {

constexpr std::int64_t most_unrolled_lines = 50'000'000;

/// What an operator uses over all segments.
struct Use {
    std::set<int> cores;
    std::size_t copies = 1;
    std::int64_t tiles = 0;
    std::int64_t weights = 0;
    int first_segment = -1;
    int last_segment = -1;
};

std::vector<Use> uses_of(const compiler::Compiled& compiled) {
    std::vector<Use> uses(compiled.network.nodes.size());
    for (std::size_t s = 0; s < compiled.schedule.segments.size(); ++s) {
        const compiler::Segment& segment = compiled.schedule.segments[s];
        for (std::size_t i = 0; i < segment.placement.size(); ++i) {
            Use& use = uses[static_cast<std::size_t>(segment.origins[i].node)];
            use.first_segment = use.first_segment < 0 ? static_cast<int>(s) : use.first_segment;
            use.last_segment = static_cast<int>(s);
            use.copies = std::max(use.copies, segment.placement[i].copies.size());
            for (const compiler::Tile& tile : segment.placement[i].tiles) {
                use.cores.insert(tile.core);
                if (!tile.has_crossbar()) {
                    continue;
                }
                ++use.tiles;
                use.weights += static_cast<std::int64_t>(tile.rows) * tile.cols;
            }
            for (const compiler::Part& part : segment.placement[i].parts) {
                if (part.core != isa::chip) {
                    use.cores.insert(part.core);
                }
            }
        }
    }
    return uses;
}

void print_table(const compiler::Compiled& compiled, const compiler::Prediction& prediction, const hw::Machine& machine) {
    fmt::print("{:<28} {:<20} {:>8} {:>6} {:>5} {:>9} {:>8} {:>12} {:>12}\n", "operator", "type", "segments", "copies", "cores",
               "crossbars", "cells", "start", "end");
    const hw::Ticks per_cycle = machine.chip_clock.ticks_per_cycle;
    const std::vector<Use> uses = uses_of(compiled);
    for (std::size_t i = 0; i < compiled.network.nodes.size(); ++i) {
        const Use& use = uses[i];
        const double capacity = static_cast<double>(use.tiles) * machine.crossbar.rows * machine.crossbar.cols;
        const auto cells = static_cast<double>(use.weights * machine.columns(8));
        const compiler::OperatorPrediction& times = prediction.operators[i];
        const bool one = use.last_segment == use.first_segment;
        fmt::print("{:<28} {:<20} {:>8} {:>6} {:>5} {:>9} {:>8} {:>12} {:>12}\n", compiled.network.nodes[i].name.substr(0, 28),
                   compiled.network.nodes[i].type.substr(0, 20),
                   one ? fmt::format("{}", use.first_segment) : fmt::format("{}-{}", use.first_segment, use.last_segment), use.copies,
                   use.cores.size(), use.tiles, capacity > 0 ? fmt::format("{:.1f} %", 100.0 * cells / capacity) : "-",
                   times.start / per_cycle, times.end / per_cycle);
    }
    fmt::print("predicted {} cycles an input without contention", prediction.ticks / per_cycle);
    if (compiled.schedule.segments.size() == 1) {
        fmt::print(", {} cycles to load the weights\n", prediction.setup_ticks / per_cycle);
    } else {
        fmt::print(" in {} segments, weights written in each\n", compiled.schedule.segments.size());
    }
    if (const std::optional<std::int64_t> most = compiled.program.batch_limit) {
        const std::vector<compiler::Kept>& kept = compiled.schedule.kept;
        const auto held = std::count_if(kept.begin(), kept.end(), [](const compiler::Kept& map) { return !map.holders.empty(); });
        fmt::print("maps between segments that stay in L1: {}, in L0: {}, with room for {} input{} (--batch)\n", held,
                   kept.size() - static_cast<std::size_t>(held), *most, *most == 1 ? "" : "s");
    }
}

}  // namespace

int compile(const Words& words) {
    po::options_description options("options");
    options.add_options()("arch", po::value<std::string>()->required()->value_name("FILE"), "hardware file of the machine (required)")(
        "program,o", po::value<std::string>()->required()->value_name("FILE"),
        "program to write (required): .mop is text with its data beside it, .mopb binary")(
        "unroll", "write the flat execution of every flow instead")("batch", po::value<std::string>()->value_name("N"),
                                                                    "inputs in a row for which the program is to be fast (default: 1)");
    add_quantise_options(options);
    add_schedule_options(options);
    add_dump_option(options);
    const std::optional<po::variables_map> values = parse({"compile", "MODEL.onnx", 1, "model"}, options, words);
    if (!values) {
        return 0;
    }
    const std::vector<std::string> dumped = passes_to_dump(*values);
    const hw::Machine machine = machine_of((*values)["arch"].as<std::string>());
    Network network = network_of(*values, false);
    const compiler::Graph imported =
        dumped.empty() ? compiler::Graph{} : network.graph;  // large networks are not kept beside their program
    const compiler::Compiled compiled = compiler::compile(std::move(network.graph), network.ranges, machine,
                                                          schedule_options(*values, number_option(*values, "batch", 1, 1 << 20, 1)));
    print_dumps(dumped, imported, compiled);
    const std::shared_future<compiler::Prediction> prediction = predict_meanwhile(compiled.program, machine, 1);
    const std::string path = (*values)["program"].as<std::string>();
    if (values->count("unroll") > 0) {
        verify_for(compiled.program, machine, 1);
        emit_qdq(*values, compiled.network);
        std::ostringstream text;
        isa::print_unrolled(text, compiled.program, 1, most_unrolled_lines);
        compiler::write_file_atomically(path, text.str());
    } else {
        std::future<isa::PendingProgram> written =
            std::async(std::launch::async, [&] { return isa::PendingProgram(compiled.program, path); });
        verify_for(compiled.program, machine, 1);
        isa::PendingProgram program = written.get();
        emit_qdq(*values, compiled.network);
        program.put_in_place();
    }
    fmt::print("calibrated on {}\n", network.calibrated_on);
    print_table(compiled, prediction.get(), machine);
    return 0;
}

}  // namespace cim::cli

#include "cli/trace.h"

#include <cstdlib>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "cli/session.h"
#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/io/file.h"
#include "compiler/io/tensor_file.h"

namespace cim::cli {

using compiler::InputError;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::string make_trace(const isa::Program& program, const hw::Machine& machine, const platform::SimulationResult& result) {
    std::string out;
    const auto line = [&](const std::string& text) { out += text + "\n"; };
    const platform::Statistics& s = result.statistics;
    const std::array<double, hw::event_count> prices = hw::event_prices(machine);
    line(fmt::format("ticks_per_second {}", machine.ticks_per_second));
    line(fmt::format("setup {}", result.setup_ticks));
    line(fmt::format("total {}", result.ticks));
    for (std::size_t i = 0; i < program.operators.size(); ++i) {
        const platform::OperatorStatistics& op = s.operators[i];
        std::string text = fmt::format("operator {} start {} end {}", program.operators[i].name, op.start, op.end);
        for (std::size_t c = 0; c + 1 < platform::cause_count; ++c) {
            text += fmt::format(" {} {}", platform::cause_names[c], op.times[c]);
        }
        double pj = 0;
        for (std::size_t e = 0; e < hw::event_count; ++e) {
            pj += static_cast<double>(op.events[e]) * prices[e];
        }
        line(text + fmt::format(" energy_pj {:.6f}", pj));
    }
    for (const isa::OpInfo& info : isa::op_table()) {
        line(fmt::format("mop {} {}", info.text, s.operations[static_cast<std::size_t>(info.opcode)]));
    }
    for (std::size_t e = 0; e < hw::event_count; ++e) {
        std::int64_t count = 0;
        for (const platform::OperatorStatistics& op : s.operators) {
            count += op.events[e];
        }
        line(fmt::format("event {} {} energy_pj {:.6f}", hw::event_info(static_cast<hw::Event>(e)).name, count,
                         static_cast<double>(count) * prices[e]));
    }
    return out;
}

std::string simulate_case(const TraceCase& test, const std::filesystem::path& root) {
    const hw::Machine machine = machine_of((root / test.arch).string());
    const compiler::Graph graph = compiler::import_onnx(root / test.network);
    const compiler::Dims& shape = graph.values[static_cast<std::size_t>(graph.inputs[0])].shape;
    const compiler::Ranges ranges =
        compiler::calibrate(graph, compiler::read_samples(root / test.calibration, shape), compiler::CalibrationMethod::MinMax);
    const compiler::Compiled compiled = compiler::compile(graph, ranges, machine);
    verify_for(compiled.program, machine, test.batch);
    platform::SimulationOptions options;
    options.functional = false;
    options.batch = test.batch;
    const platform::SimulationResult result = platform::simulate(compiled.program, machine, options, {});
    if (!result.deadlock.empty()) {
        throw InputError("deadlock: " + result.deadlock);
    }
    return make_trace(compiled.program, machine, result);
}

/// "start 10 end 20 ..." as name -> value.
std::map<std::string, std::string> fields_of(const std::string& line, std::size_t words_to_skip) {
    std::istringstream in(line);
    std::string name;
    std::string value;
    for (std::size_t i = 0; i < words_to_skip; ++i) {
        in >> name;
    }
    std::map<std::string, std::string> fields;
    while (in >> name >> value) {
        fields[name] = value;
    }
    return fields;
}

/// "operator conv1" of an operator's line, "mop cim.read_xb", "total": what it is about.
std::string subject(const std::string& line) {
    std::istringstream in(line);
    std::string kind;
    std::string name;
    in >> kind;
    if (kind == "operator" || kind == "mop" || kind == "event") {
        in >> name;
        return kind + " " + name;
    }
    return kind;
}

/// "mop alu.mul 0": what a trace from before that operator does not have.
bool counts_nothing(const std::string& line) {
    return line.rfind("mop ", 0) == 0 && line.substr(line.rfind(' ')) == " 0";
}

std::string change(const std::string& before, const std::string& after) {
    char* end = nullptr;
    const double a = std::strtod(before.c_str(), &end);
    const double b = std::strtod(after.c_str(), &end);
    return fmt::format("{} -> {} ({:+g})", before, after, b - a);
}

}  // namespace

std::string TraceCase::text() const {
    return fmt::format("network {}\narch {}\ncalibration {}\nbatch {}\n", network, arch, calibration, batch);
}

TraceFile read_trace(const std::filesystem::path& path) {
    TraceFile trace;
    std::map<std::string, std::string> values;
    const std::vector<std::string> lines = lines_of(compiler::read_file(path));
    std::size_t i = 0;
    for (; i < lines.size() && !lines[i].empty(); ++i) {
        const std::size_t blank = lines[i].find(' ');
        if (lines[i][0] == '#') {
            continue;
        }
        const std::string key = lines[i].substr(0, blank);
        if (blank == std::string::npos || (key != "network" && key != "arch" && key != "calibration" && key != "batch")) {
            throw InputError(
                fmt::format("{}:{}: '{}' is not network, arch, calibration or batch with its value", path.string(), i + 1, lines[i]));
        }
        values[key] = lines[i].substr(blank + 1);
    }
    trace.test = {values["network"], values["arch"], values["calibration"], std::atoll(values["batch"].c_str())};
    if (trace.test.network.empty() || trace.test.arch.empty() || trace.test.calibration.empty() || trace.test.batch < 1) {
        throw InputError(fmt::format("{}: a trace begins with its case: network, arch, calibration, batch, a line each", path.string()));
    }
    trace.lines.assign(lines.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), i + 1)), lines.end());
    return trace;
}

std::vector<std::string> record(const TraceCase& test, const std::filesystem::path& root) {
    try {
        return lines_of(simulate_case(test, root));
    } catch (const std::exception& error) {
        throw InputError(fmt::format("{} on {}: {}", test.network, test.arch, error.what()));
    }
}

std::string difference(const std::vector<std::string>& golden, const std::vector<std::string>& now) {
    std::map<std::string, std::string> before;
    std::map<std::string, std::string> after;
    for (const std::string& line : golden) {
        before[subject(line)] = line;
    }
    for (const std::string& line : now) {
        after[subject(line)] = line;
    }
    std::string first;
    std::string text;
    for (const std::string& line : now) {
        const std::string about = subject(line);
        const auto old = before.find(about);
        if (old == before.end()) {
            if (counts_nothing(line)) {
                continue;
            }
            text += fmt::format("  {}: new\n", about);
            continue;
        }
        if (old->second == line) {
            continue;
        }
        const std::size_t skip = about.find(' ') == std::string::npos ? 0 : (about.rfind("operator", 0) == 0 ? 2 : 1);
        std::map<std::string, std::string> was = fields_of(old->second, skip);
        text += fmt::format("  {}:", about);
        for (const auto& [name, value] : fields_of(line, skip)) {
            if (was[name] != value) {
                text += fmt::format(" {} {}", about == name || skip == 1 ? "" : name, change(was[name], value));
            }
            const bool moved = skip == 2 && (name == "start" || name == "end") && was[name] != value;
            if (moved && first.empty()) {
                first = fmt::format("  first operator that moved: {}\n", about.substr(about.find(' ') + 1));
            }
        }
        text += "\n";
    }
    for (const std::string& line : golden) {
        if (after.count(subject(line)) == 0) {
            text += fmt::format("  {}: gone\n", subject(line));
        }
    }
    return first + text;
}

}  // namespace cim::cli

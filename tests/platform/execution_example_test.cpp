// The worked example of docs/adr/0001-example.md: machine, program and expectations are read out of that page.

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "compiler/prediction/predict.h"
#include "isa/text/print.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;

namespace {

using Row = std::vector<std::string>;

/// The page's parts, by level-two heading; each with its fenced blocks by language and its tables by first column heading.
struct Part {
    std::map<std::string, std::string> blocks;
    std::map<std::string, std::vector<Row>> tables;
};

Row cells_of(const std::string& line) {
    Row cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) {
        const std::size_t first = cell.find_first_not_of(' ');
        cells.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(' ') - first + 1));
    }
    return cells;
}

std::map<std::string, Part> read_page() {
    std::ifstream file(CIM_SOURCE_DIR "/docs/adr/0001-example.md");
    REQUIRE(file);
    std::map<std::string, Part> parts;
    std::string heading, block, table;
    for (std::string line; std::getline(file, line);) {
        if (!block.empty() && line != "```") {
            parts[heading].blocks[block] += line + "\n";
        } else if (line.rfind("```", 0) == 0) {
            block = line.substr(3);
        } else if (line.rfind("## ", 0) == 0) {
            heading = line.substr(3);
        } else if (line.rfind("|", 0) != 0) {
            table.clear();
        } else if (table.empty()) {
            table = cells_of(line)[0];
        } else if (line.rfind("|---", 0) != 0) {
            parts[heading].tables[table].push_back(cells_of(line));
        }
    }
    return parts;
}

/// Something that was held from one cycle to another, in words: "core 0 xb A 10..20".
std::string held(const std::string& where, const std::string& op, Ticks begin, Ticks end) {
    return where + " " + op + " " + std::to_string(begin) + ".." + std::to_string(end);
}

constexpr const char* engine_names[] = {"move", "crossbar", "alu"};

std::vector<std::string> expected_intervals(const Part& part) {
    std::vector<std::string> lines;
    for (const Row& row : part.tables.at("begin")) {
        const Ticks begin = std::stoll(row[0]);
        lines.push_back(held(row[2], row[3], begin, std::stoll(row[1])));
        const std::size_t xb = row[2].find(" xb");
        if (xb != std::string::npos) {
            lines.push_back(held(row[2].substr(0, xb) + " crossbar", row[3], begin, begin + 1));
        }
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::vector<std::string> seen_intervals(const Outcome& outcome, const isa::Program& program) {
    std::vector<std::string> lines;
    std::map<std::string, std::pair<Ticks, int>> open;
    for (const Trace& t : outcome.trace) {
        const bool engine = t.kind == Trace::Kind::Engine;
        if (t.at < outcome.setup_ticks || (!engine && t.kind != Trace::Kind::Crossbar)) {
            continue;
        }
        const std::string where = "core " + std::to_string(t.where) + " " + (engine ? engine_names[t.what] : "xb");
        const Ticks at = t.at - outcome.setup_ticks;
        if (t.value >= 0) {
            REQUIRE(open.count(where) == 0);
            open[where] = {at, t.value};
        } else if (open.count(where) != 0) {  // else: the end of setup
            const auto [begin, op] = open[where];
            lines.push_back(held(where, program.operators[static_cast<std::size_t>(op)].name, begin, at));
            open.erase(where);
        }
    }
    CHECK(open.empty());
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::vector<Row> seen_counters(const Outcome& outcome, const isa::Program& program) {
    std::vector<Row> rows;
    isa::Index counter = 0;
    for (const isa::CounterArray& array : program.counters) {
        for (isa::Index i = 0; i < array.size; ++i, ++counter) {
            std::string cycles;
            int value = 0;
            for (const Trace& t : outcome.trace) {
                if (t.kind == Trace::Kind::Counter && t.where == counter) {
                    CHECK(t.value == ++value);
                    cycles += (cycles.empty() ? "" : " ") + std::to_string(t.at - outcome.setup_ticks);
                }
            }
            rows.push_back({array.name + "[" + std::to_string(i) + "]", cycles});
        }
    }
    return rows;
}

std::vector<Row> seen_books(const Outcome& outcome) {
    using platform::Cause;
    std::vector<Row> rows;
    for (std::size_t core = 0; core < 4; ++core) {
        for (std::size_t engine = 0; engine < isa::engine_count; ++engine) {
            const platform::CauseTimes& times = outcome.engines[core][engine].times;
            Row row{"core " + std::to_string(core) + " " + engine_names[engine]};
            for (const Cause cause : {Cause::Busy, Cause::Link, Cause::Crossbar, Cause::Data, Cause::Space, Cause::Done}) {
                row.push_back(std::to_string(times[static_cast<std::size_t>(cause)]));
            }
            CHECK(times[static_cast<std::size_t>(Cause::Port)] + times[static_cast<std::size_t>(Cause::Memory)] == 0);
            rows.push_back(row);
        }
    }
    return rows;
}

void compare(const Part& part, const isa::Program& program, const hw::Machine& machine, Ticks setup, Ticks cycles) {
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), 1)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
    }
    RunOptions options;
    options.trace = true;
    const Outcome outcome = run(program, machine, options);
    CHECK(outcome.setup_ticks == setup);
    CHECK(outcome.ticks == cycles);
    CHECK(seen_intervals(outcome, program) == expected_intervals(part));
    CHECK(seen_counters(outcome, program) == part.tables.at("counter"));
    CHECK(seen_books(outcome) == part.tables.at("engine"));
}

}  // namespace

TEST_CASE("the worked example runs as worked out by hand, without contention") {
    const std::map<std::string, Part> page = read_page();
    const hw::Machine machine = machine_from(page.at("Machine").blocks.at("yaml"));
    const isa::Program program = program_of(page.at("Program").blocks.at("mop"));
    compare(page.at("Without contention"), program, machine, 5, 94);
    const compiler::Prediction prediction = compiler::predict(program, machine, 1);
    CHECK(prediction.setup_ticks == 5);
    CHECK(prediction.ticks == 94);
}

TEST_CASE("the worked example loses the cycles worked out by hand at a shared link") {
    const std::map<std::string, Part> page = read_page();
    std::string yaml = page.at("Machine").blocks.at("yaml");
    const std::size_t begin = yaml.find("    model: cost-matrix");
    const std::size_t end = yaml.find("  l0:");
    REQUIRE(begin != std::string::npos);
    yaml.replace(begin, end - begin, page.at("With contention").blocks.at("noc"));
    const hw::Machine machine = machine_from(yaml);
    const isa::Program program = program_of(page.at("Program").blocks.at("mop"));
    compare(page.at("With contention"), program, machine, 27, 106);
}

TEST_CASE("the worked example's program is written as it is printed") {
    const std::string text = read_page().at("Program").blocks.at("mop");
    std::string printed = isa::print_text(program_of(text), isa::DataRef{});
    const auto without_data = [](std::string s) {
        const std::size_t at = s.find("data ");
        return s.erase(at, s.find('\n', at) - at);
    };
    CHECK(without_data(printed) == without_data(text));
}

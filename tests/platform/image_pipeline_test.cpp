// A pipeline worked out by hand from ADR-0001: every dispatch and completion as the tables of image_pipeline.md have it.

#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "compiler/prediction/predict.h"
#include "isa/verifier/verify.h"
#include "tests/platform/example_machine.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;

namespace {

/// Lines of the document below a heading, up to the next.
std::vector<std::string> section(const std::string& heading) {
    std::ifstream file(CIM_SOURCE_DIR "/tests/platform/image_pipeline.md");
    std::vector<std::string> lines;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("## ", 0) == 0) {
            inside = line == "## " + heading;
        } else if (inside) {
            lines.push_back(line);
        }
    }
    REQUIRE_FALSE(lines.empty());
    return lines;
}

isa::Program example_program() {
    std::string text;
    bool code = false;
    for (const std::string& line : section("Program")) {
        if (line.rfind("```", 0) == 0) {
            code = !code;
        } else if (code) {
            text += line + "\n";
        }
    }
    isa::Program program = program_of(text);
    for (isa::Weight& weight : program.weights) {
        for (std::size_t i = 0; i < weight.values.size(); ++i) {
            weight.values[i] = i % 5 == 0 ? 2 : 0;  // B doubles
        }
    }
    return program;
}

/// `begin..end resource op` of each row of the section's table.
std::multiset<std::string> table(const std::string& heading) {
    std::multiset<std::string> rows;
    for (const std::string& line : section(heading)) {
        if (line.size() < 3 || line[0] != '|' || line[2] < '0' || line[2] > '9') {
            continue;
        }
        std::vector<std::string> cells;
        std::istringstream in(line.substr(2));
        for (std::string cell; std::getline(in, cell, '|');) {
            cells.push_back(cell.substr(cell.find_first_not_of(' '), cell.find_last_not_of(' ') + 1 - cell.find_first_not_of(' ')));
            if (cells.size() == 4) {
                break;
            }
        }
        REQUIRE(cells.size() == 4);
        rows.insert(fmt::format("{}..{} {} {}", cells[0], cells[1], cells[2], cells[3]));
    }
    REQUIRE(rows.size() == 33);
    return rows;
}

/// The same from what the observer saw, after setup: of move and ALU engines the time held, of crossbars the time that they worked.
std::multiset<std::string> observed(const Outcome& outcome) {
    constexpr std::array<const char*, isa::engine_count> engines{"move", "crossbar", "alu"};
    std::multiset<std::string> rows;
    std::map<std::string, std::pair<Ticks, int>> open;
    for (const Trace& event : outcome.trace) {
        std::string where;
        if (event.kind == Trace::Kind::Engine && event.what != static_cast<int>(isa::Engine::Crossbar)) {
            where = event.where == 4 ? "chip" : fmt::format("core {}", event.where);
            where += std::string(" ") + engines[static_cast<std::size_t>(event.what)];
        } else if (event.kind == Trace::Kind::Crossbar) {
            where = fmt::format("core {} crossbar {}", event.where, event.what);
        } else {
            continue;
        }
        const Ticks at = event.at - outcome.setup_ticks;
        if (event.value >= 0) {
            open[where] = {at, event.value};
        } else if (const auto [begin, op] = open.at(where); begin >= 0) {
            rows.insert(fmt::format("{}..{} {} {}", begin, at, where, std::string(1, static_cast<char>('A' + op))));
        }
    }
    return rows;
}

/// Values of a counter and when they were reached, from the end of setup.
std::vector<std::pair<Ticks, int>> values_of(const Outcome& outcome, const isa::Program& program, const std::string& name) {
    int index = 0;
    for (const isa::CounterArray& counter : program.counters) {
        if (counter.name == name) {
            break;
        }
        index += counter.size;
    }
    std::vector<std::pair<Ticks, int>> values;
    for (const Trace& event : outcome.trace) {
        if (event.kind == Trace::Kind::Counter && event.where == index) {
            values.emplace_back(event.at - outcome.setup_ticks, event.value);
        }
    }
    return values;
}

Outcome run_example(const isa::Program& program, const hw::Machine& machine) {
    RunOptions options;
    options.trace = true;
    return run(program, machine, options, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}});
}

using Values = std::vector<std::pair<Ticks, int>>;
const std::vector<std::uint8_t> triple{12, 12, 12, 12, 15, 18, 21, 24, 27, 30, 33, 36};

}  // namespace

TEST_CASE("the image pipeline is a program that the verifier passes") {
    const isa::Program program = example_program();
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine_from(example_machine(ideal_noc))), 1)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
    }
}

TEST_CASE("the image pipeline with an ideal network runs as worked out") {
    const isa::Program program = example_program();
    const hw::Machine machine = machine_from(example_machine(ideal_noc));
    const Outcome outcome = run_example(program, machine);
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.setup_ticks == 4);
    CHECK(outcome.ticks == 43);
    CHECK(observed(outcome) == table("Ideal network"));
    CHECK(outcome.outputs == std::vector<std::vector<std::uint8_t>>{triple});
    CHECK(values_of(outcome, program, "image.ready") == Values{{3, 1}, {5, 2}, {7, 3}});
    CHECK(values_of(outcome, program, "b0.ready") == Values{{8, 1}, {13, 2}});
    CHECK(values_of(outcome, program, "b0.read") == Values{{18, 1}, {28, 2}});
    CHECK(values_of(outcome, program, "c.skipped") == Values{{9, 1}, {12, 2}, {32, 3}});
    CHECK(values_of(outcome, program, "c.ready") == Values{{24, 1}, {34, 2}});
    CHECK(values_of(outcome, program, "c.taken") == Values{{30, 1}, {35, 2}, {40, 3}});
    CHECK(values_of(outcome, program, "result.ready") == Values{{31, 1}, {36, 2}, {41, 3}});
    const compiler::Prediction prediction = compiler::predict(program, machine, 1);
    CHECK(prediction.setup_ticks == 4);
    CHECK(prediction.ticks == 43);
}

TEST_CASE("where the cycles of the image pipeline go") {
    const Outcome outcome = run_example(example_program(), machine_from(example_machine(ideal_noc)));
    using platform::Cause;
    const auto times = [&](int place, isa::Engine engine) {
        std::map<std::string, Ticks> named;
        const platform::CauseTimes& all = outcome.engines[static_cast<std::size_t>(place)][static_cast<std::size_t>(engine)].times;
        for (std::size_t cause = 0; cause < platform::cause_count; ++cause) {
            if (all[cause] > 0) {
                named[platform::cause_names[cause]] = all[cause];
            }
        }
        return named;
    };
    using Named = std::map<std::string, Ticks>;
    // Busy 9 cycles; 0..3, 4..5 for data; 12..30 the copies are done and the skip waits for room.
    CHECK(times(0, isa::Engine::Move) == Named{{"busy", 9}, {"data", 4}, {"space", 18}, {"done", 12}});
    CHECK(times(0, isa::Engine::Alu) == Named{{"busy", 6}, {"data", 5}, {"done", 32}});
    // Issue in 8..9 and 18..19; 13..18 the second read stands ready and its crossbar works.
    CHECK(times(1, isa::Engine::Crossbar) == Named{{"busy", 2}, {"data", 12}, {"crossbar", 5}, {"done", 24}});
    CHECK(times(3, isa::Engine::Alu) == Named{{"busy", 15}, {"data", 24}, {"done", 4}});
    CHECK(times(4, isa::Engine::Move) == Named{{"busy", 12}, {"data", 31}});
    CHECK(times(0, isa::Engine::Crossbar) == Named{{"done", 43}});
}

TEST_CASE("the image pipeline with one contended link runs as worked out") {
    const isa::Program program = example_program();
    const hw::Machine machine = machine_from(example_machine(switch_noc));
    const Outcome outcome = run_example(program, machine);
    CHECK(outcome.deadlock.empty());
    CHECK(outcome.setup_ticks == 36);
    CHECK(outcome.ticks == 68);
    CHECK(observed(outcome) == table("Contended network"));
    CHECK(outcome.outputs == std::vector<std::vector<std::uint8_t>>{triple});
    CHECK(values_of(outcome, program, "c.ready") == Values{{36, 1}, {55, 2}});
    CHECK(values_of(outcome, program, "c.taken") == Values{{42, 1}, {57, 2}, {62, 3}});
    const auto lost = [&](int core) {
        return outcome.engines[static_cast<std::size_t>(core)][static_cast<std::size_t>(isa::Engine::Move)]
            .times[static_cast<std::size_t>(platform::Cause::Link)];
    };
    CHECK(lost(0) == 0);
    CHECK(lost(1) == 1);
    CHECK(lost(2) == 4);
    CHECK(lost(3) == 0);
    const compiler::Prediction prediction = compiler::predict(program, machine, 1);
    CHECK(prediction.setup_ticks == 20);
    CHECK(prediction.ticks == 67);
}

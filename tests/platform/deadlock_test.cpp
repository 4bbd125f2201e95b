// Programs that wait for ever come back and say who waits for what.

#include <catch2/catch.hpp>

#include "compiler/prediction/predict.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

constexpr const char* templates = R"(template pingpong(mine, theirs) {
  alu.fill dst=0 n=8
  signal mine[0] += 2
  await theirs[1] >= 1
  signal mine[1] += 1
}
template hang(c) {
  cim.write_xb xb=0 weight=0
  await c[3] >= 7
}
template fill(c) {
  alu.fill dst=64 n=8
  signal c[2] += 1
}
template wait(c, n) {
  await c[2] >= n
}
)";

}  // namespace

TEST_CASE("two flows that wait for each other are named with counter, value wanted and value there") {
    const isa::Program program = timing_program(std::string(templates) + R"(flow left core[0] alu op=0 pingpong(@c0, @c1)
flow right core[1] alu op=1 pingpong(@c1, @c0)
flow fine core[2] alu op=1 fill(@c2)
)");
    const Outcome outcome = run(program, bare_machine());
    CHECK(contains(outcome.deadlock, "flow 'left' (line "));
    CHECK(contains(outcome.deadlock, "waits for c1[1] >= 1, which is 0"));
    CHECK(contains(outcome.deadlock, "flow 'right' (line "));
    CHECK(contains(outcome.deadlock, "waits for c0[1] >= 1, which is 0"));
    CHECK_FALSE(contains(outcome.deadlock, "fine"));
    CHECK(outcome.ticks == 1);
    CHECK_FALSE(compiler::predict(program, bare_machine(), 1).complete);
}

TEST_CASE("the value that a counter has reached is said") {
    const isa::Program program = timing_program(std::string(templates) + R"(flow once core[0] alu op=0 fill(@c0)
flow enough core[0] move op=1 wait(@c0, 1)
flow more core[0] crossbar op=1 wait(@c0, 2)
)");
    const Outcome outcome = run(program, bare_machine());
    CHECK(contains(outcome.deadlock, "flow 'more' (line "));
    CHECK(contains(outcome.deadlock, "waits for c0[2] >= 2, which is 1"));
    CHECK_FALSE(contains(outcome.deadlock, "'enough'"));
}

TEST_CASE("a setup that never ends is told as such, and nothing runs after it") {
    const isa::Program program = timing_program(std::string(templates) + R"(setup flow stuck core[0] crossbar op=0 hang(@c0)
flow after core[0] alu op=1 fill(@c0)
)");
    hw::Machine machine = bare_machine();
    machine.device.write_latency = 10;
    RunOptions options;
    options.trace = true;
    const Outcome outcome = run(program, machine, options);
    CHECK(contains(outcome.deadlock, "flow 'stuck' (line "));
    CHECK(contains(outcome.deadlock, "waits for c0[3] >= 7, which is 0"));
    CHECK(growth(outcome, program, "c0", 2).empty());
    CHECK(outcome.operators[1].start == -1);
    const compiler::Prediction prediction = compiler::predict(program, machine, 1);
    CHECK_FALSE(prediction.complete);
    CHECK(prediction.operators[1].start == -1);
}

TEST_CASE("of very many flows that wait, the first are named") {
    std::string body = templates;
    for (int i = 0; i < 40; ++i) {
        body += "flow waiter" + std::to_string(i) + " core[0] move op=0 wait(@c0, 1)\n";
    }
    const Outcome outcome = run(timing_program(body), bare_machine());
    CHECK(contains(outcome.deadlock, "'waiter0'"));
    CHECK(contains(outcome.deadlock, "'waiter9'"));
    CHECK_FALSE(contains(outcome.deadlock, "'waiter10'"));
    CHECK(contains(outcome.deadlock, "..."));
}

#include "tests/platform/timing.h"

#include <catch2/catch.hpp>

#include "compiler/prediction/predict.h"
#include "tests/platform/networks.h"

namespace cim::test {

hw::Machine bare_machine() {
    hw::Machine m = without_contention(machine_of("tiny"), true);
    m.core.noc.model = "ideal";
    for (hw::AluSpec* alu : {&m.core.alu, &m.chip.alu}) {
        alu->rate = {};
        alu->latency = 0;
    }
    for (hw::Clock* clock : {&m.chip_clock, &m.core_clock, &m.crossbar_clock}) {
        clock->ticks_per_cycle = 1;
    }
    m.chip.sync_latency = 0;
    m.crossbar.rows = 4;
    m.crossbar.parallel_row = 4;
    m.crossbar.read_latency = 1;
    m.crossbar.dac.bits = 8;
    m.crossbar.pipelined = false;
    m.crossbar.adc.sample_latency = 0;
    m.crossbar.shift_add.latency = 0;
    m.device.write_latency = 0;
    return m;
}

std::string preamble() {
    std::string text = R"(mop 1
program "timing"
machine "tiny" WLM
data "timing.data" 0
operator "first" "Test"
operator "second" "Test"
)";
    for (int core = 0; core < 4; ++core) {
        text += "buffer l1." + std::to_string(core) + " l1[" + std::to_string(core) + "] 0 4096\n";
    }
    text += "buffer l0 l0 0 4096\nbuffer ext ext 0 4096\n";
    text += "counter done[4] chip data\n";
    for (int core = 0; core < 4; ++core) {
        text += "counter c" + std::to_string(core) + "[4] core[" + std::to_string(core) + "] data\n";
    }
    return text + "weight w 4x2 bits=8 ext=0\nparam q n=256 zero=0 lo=0 hi=255\n";
}

isa::Program timing_program(const std::string& body) {
    return program_of(preamble() + body);
}

std::vector<Ticks> growth(const Outcome& outcome, const isa::Program& program, const std::string& name, int index) {
    isa::Index counter = index;
    for (const isa::CounterArray& array : program.counters) {
        if (array.name == name) {
            break;
        }
        counter += array.size;
    }
    std::vector<Ticks> ticks;
    for (const Trace& t : outcome.trace) {
        if (t.kind == Trace::Kind::Counter && t.where == counter) {
            ticks.push_back(t.at - outcome.setup_ticks);
        }
    }
    return ticks;
}

Ticks time_of_one(const hw::Machine& machine, const std::string& place, const std::string& engine, const std::string& op) {
    const bool async = op.rfind("cim.", 0) == 0;
    const std::string counter = place == "chip" ? "done" : "c" + place.substr(5, 1);
    const isa::Program program =
        timing_program("template write(w) {\ncim.write_xb xb=0 weight=w\n}\ntemplate one(w, q, c) {\n" + op +
                       (async ? " => c[0] += 1" : "\nsignal c[0] += 1") + "\n}\nsetup flow s core[0] crossbar op=0 write(@w)\nflow f " +
                       place + " " + engine + " op=0 one(@w, @q, @" + counter + ")\n");
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), 1)) {
        FAIL(finding.rule << ": " << finding.message);
    }
    RunOptions options;
    options.trace = true;
    const Outcome outcome = run(program, machine, options);
    const std::vector<Ticks> ticks = growth(outcome, program, counter);
    REQUIRE(ticks.size() == 1);
    CHECK(outcome.ticks == ticks[0]);
    CHECK(outcome.operators[0].start == 0);
    CHECK(outcome.operators[0].end == ticks[0]);
    // Alone on the machine, so the predictor must agree.
    CHECK(compiler::predict(program, machine, 1).ticks == ticks[0]);
    return ticks[0];
}

}  // namespace cim::test

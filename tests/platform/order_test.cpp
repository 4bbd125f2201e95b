// Who goes first: engines, crossbars, ports, links, signals. Every time below follows from ADR-0001 and the few prices that a test sets.

#include <catch2/catch.hpp>

#include "compiler/prediction/predict.h"
#include "tests/platform/networks.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;

namespace {

using List = std::vector<Ticks>;

struct Watched {
    isa::Program program;
    Outcome outcome;
    List operator()(const std::string& counter, int index = 0) const { return growth(outcome, program, counter, index); }
    Ticks engine(int place, isa::Engine engine, platform::Cause cause) const {
        return outcome.engines[static_cast<std::size_t>(place)][static_cast<std::size_t>(engine)].times[static_cast<std::size_t>(cause)];
    }
};

Watched watch(const hw::Machine& machine, const std::string& body) {
    Watched watched{timing_program(body), {}};
    for (const isa::Diagnostic& finding : isa::verify(watched.program, limits_of(machine), 1)) {
        FAIL(finding.rule << ": " << finding.message);
    }
    RunOptions options;
    options.trace = true;
    watched.outcome = run(watched.program, machine, options);
    REQUIRE(watched.outcome.deadlock.empty());
    return watched;
}

void same_as_predicted(const Watched& watched, const hw::Machine& machine) {
    const compiler::Prediction prediction = compiler::predict(watched.program, machine, 1);
    CHECK(prediction.complete);
    CHECK(prediction.setup_ticks == watched.outcome.setup_ticks);
    CHECK(prediction.ticks == watched.outcome.ticks);
    for (std::size_t op = 0; op < 2; ++op) {
        CHECK(prediction.operators[op].start == watched.outcome.operators[op].start);
        CHECK(prediction.operators[op].end == watched.outcome.operators[op].end);
    }
}

constexpr const char* fill_template = R"(template fill(dst, n, c, i) {
  alu.fill dst=dst n=n
  signal c[i] += 1
}
)";
constexpr const char* write_template = R"(template write(xb, w) {
  cim.write_xb xb=xb weight=w
}
)";
constexpr const char* write_flows = R"(setup flow write0 core[0] crossbar op=0 write(0, @w)
setup flow write1 core[0] crossbar op=0 write(1, @w)
setup flow write2 core[0] crossbar op=0 write(2, @w)
)";

hw::Machine slow_alu() {
    hw::Machine m = bare_machine();
    m.core.alu.rate = {false, 1};
    return m;
}

}  // namespace

TEST_CASE("flows that become ready together go by their ids, then by when they came") {
    const hw::Machine m = slow_alu();
    // c and a, b stand ready at 0; a's second operator is ready at 3, when b and c have waited since 0.
    const Watched w = watch(m, std::string(fill_template) + R"(template twice(dst, c, i) {
  alu.fill dst=dst n=3
  signal c[i] += 1
  alu.fill dst=dst n=3
  signal c[i] += 1
}
flow a core[0] alu op=0 twice(0, @c0, 0)
flow b core[0] alu op=1 fill(16, 5, @c0, 1)
flow c core[0] alu op=1 fill(32, 7, @c0, 2)
)");
    CHECK(w("c0", 0) == List{3, 3 + 5 + 7 + 3});
    CHECK(w("c0", 1) == List{3 + 5});
    CHECK(w("c0", 2) == List{3 + 5 + 7});
    same_as_predicted(w, m);
}

TEST_CASE("who came first goes first, whatever its id") {
    const hw::Machine m = slow_alu();
    // late (id 0) becomes ready at 4 by a signal of the move engine, early (id 1) at 2; the engine is taken until 10.
    const Watched w = watch(m, std::string(fill_template) + R"(template after(dst, n, c, from, at, i) {
  await from[0] >= at
  alu.fill dst=dst n=n
  signal c[i] += 1
}
template tick(c) {
  for i in 0..4 {
    mov.copy dst=3000 src=3100 n=8
    signal c[0] += 1
  }
}
flow late core[0] alu op=0 after(0, 3, @c0, @c1, 4, 1)
flow early core[0] alu op=1 after(16, 5, @c0, @c1, 2, 2)
flow first core[0] alu op=1 fill(32, 10, @c0, 3)
flow ticks core[0] move op=1 tick(@c1)
)");
    CHECK(w("c1") == List{1, 2, 3, 4});
    CHECK(w("c0", 3) == List{10});
    CHECK(w("c0", 2) == List{15});
    CHECK(w("c0", 1) == List{18});
    same_as_predicted(w, m);
}

TEST_CASE("a flow whose crossbar works is passed over, and comes back when it is free") {
    hw::Machine m = bare_machine();
    m.crossbar.read_latency = 20;
    const Watched w = watch(m, std::string(write_template) + R"(template reads(xb, dst, count, c, i) {
  for k in 0..count {
    cim.read_xb xb=xb src=0 n=4 dst=dst + k*8 cols=2 => c[i] += 1
  }
}
flow a core[0] crossbar op=0 reads(0, 64, 2, @c0, 0)
flow b core[0] crossbar op=1 reads(1, 128, 2, @c0, 1)
)" + write_flows);
    CHECK(w("c0", 0) == List{20, 40});
    CHECK(w("c0", 1) == List{21, 41});
    // Issues at 0, 1, 20 and 21; from 2 to 20 and from 22 on flows stood before working crossbars, or were done.
    CHECK(w.engine(0, isa::Engine::Crossbar, platform::Cause::Busy) == 4);
    CHECK(w.engine(0, isa::Engine::Crossbar, platform::Cause::Crossbar) == 18);
    CHECK(w.engine(0, isa::Engine::Crossbar, platform::Cause::Done) == 41 - 22);
    // a waited from 1 to 20; b from 0 to 1 for the engine and from 2 to 21.
    CHECK(w.outcome.operators[0].times[static_cast<std::size_t>(platform::Cause::Crossbar)] == 19);
    CHECK(w.outcome.operators[1].times[static_cast<std::size_t>(platform::Cause::Crossbar)] == 20);
    same_as_predicted(w, m);
}

TEST_CASE("operators of a parallel block start in one cycle, without a barrier, and ask the port in order of crossbars") {
    hw::Machine m = bare_machine();
    m.crossbar.read_latency = 20;
    m.core.control.issue_latency = 3;
    const std::string body = std::string(write_template) + R"(template both(c) {
  parallel {
    cim.read_xb xb=2 src=0 n=4 dst=64 cols=2 => c[0] += 1
    cim.read_xb xb=0 src=8 n=4 dst=80 cols=2 => c[1] += 1
  }
  cim.read_xb xb=1 src=16 n=4 dst=96 cols=2 => c[2] += 1
}
flow a core[0] crossbar op=0 both(@c0)
)" + write_flows;
    SECTION("ideal port") {
        const Watched w = watch(m, body);
        CHECK(w("c0", 0) == List{20});
        CHECK(w("c0", 1) == List{20});
        CHECK(w("c0", 2) == List{23});
        CHECK(w.engine(0, isa::Engine::Crossbar, platform::Cause::Busy) == 6);
        same_as_predicted(w, m);
    }
    SECTION("a port of four cycles: crossbar 0 goes first though it is written second") {
        m.core.l1.latency = 4;
        const Watched w = watch(m, body);
        // In: 0 at 0..4, 2 at 4..8, 1 (issued at 3) at 8..12. Out: 24..28, 28..32, 32..36.
        CHECK(w("c0", 1) == List{28});
        CHECK(w("c0", 0) == List{32});
        CHECK(w("c0", 2) == List{36});
        CHECK(w.outcome.operators[0].times[static_cast<std::size_t>(platform::Cause::Port)] == 4 + 5);
    }
    SECTION("a block waits until all its crossbars are free, others go before it") {
        const Watched w = watch(m, std::string(write_template) + R"(template both(c) {
  parallel {
    cim.read_xb xb=0 src=0 n=4 dst=64 cols=2 => c[0] += 1
    cim.read_xb xb=1 src=8 n=4 dst=80 cols=2 => c[1] += 1
  }
}
template one(xb, c, i) {
  cim.read_xb xb=xb src=16 n=4 dst=96 + xb*8 cols=2 => c[i] += 1
}
flow a core[0] crossbar op=0 one(1, @c0, 2)
flow b core[0] crossbar op=0 both(@c0)
flow c core[0] crossbar op=1 one(2, @c0, 3)
)" + write_flows);
        CHECK(w("c0", 2) == List{20});
        CHECK(w("c0", 3) == List{23});
        CHECK(w("c0", 0) == List{40});
        CHECK(w("c0", 1) == List{40});
        same_as_predicted(w, m);
    }
}

TEST_CASE("asynchronous signals of one flow on one counter are seen in the order of issue") {
    hw::Machine m = bare_machine();
    m.crossbar.read_latency = 10;
    m.crossbar.parallel_row = 1;
    // Four rows take 40 cycles, one row 10: the second completes first and its signal waits; so does the plain one after it.
    const Watched w = watch(m, std::string(write_template) + R"(template reads(c) {
  cim.read_xb xb=0 src=0 n=4 dst=64 cols=2 => c[0] += 1
  cim.read_row xb=1 row=0 src=0 n=1 dst=80 cols=2 => c[0] += 10
  signal c[0] += 100
  signal c[1] += 1
}
flow a core[0] crossbar op=0 reads(@c0)
)" + write_flows);
    CHECK(w("c0", 0) == List{40, 40, 40});
    CHECK(w("c0", 1) == List{2});
    CHECK(w.outcome.operators[0].end == 40);
    same_as_predicted(w, m);
}

TEST_CASE("a signal is seen at once at its own place, after sync_latency elsewhere") {
    hw::Machine m = slow_alu();
    m.chip.sync_latency = 6;
    const Watched w = watch(m, R"(template start(c, d) {
  alu.fill dst=0 n=5
  signal c[0] += 1
  signal d[0] += 1
}
template follow(from, to) {
  await from[0] >= 1
  alu.fill dst=64 n=3
  signal to[1] += 1
}
flow a core[0] alu op=0 start(@c0, @c1)
flow b core[0] alu op=1 follow(@c0, @c0)
flow c core[1] alu op=1 follow(@c1, @c1)
)");
    CHECK(w("c0", 0) == List{5});
    CHECK(w("c1", 0) == List{11});
    CHECK(w("c0", 1) == List{8});
    CHECK(w("c1", 1) == List{14});
    CHECK(w.engine(1, isa::Engine::Alu, platform::Cause::Data) == 11);
    same_as_predicted(w, m);
}

TEST_CASE("setup ends when its last operator has completed; a signal still on its way arrives in the run") {
    hw::Machine m = slow_alu();
    m.chip.sync_latency = 20;
    m.device.write_latency = 2;
    const Watched w = watch(m, R"(template prepare(w, c) {
  cim.write_xb xb=0 weight=w
  signal c[0] += 1
}
template fill(dst, n) {
  alu.fill dst=dst n=n
}
template follow(from, to) {
  await from[0] >= 1
  alu.fill dst=64 n=3
  signal to[1] += 1
}
template now(to) {
  alu.fill dst=96 n=4
  signal to[2] += 1
}
setup flow s core[0] crossbar op=0 prepare(@w, @c1)
setup flow t core[1] alu op=0 fill(0, 5)
flow a core[1] alu op=1 follow(@c1, @c1)
flow b core[1] alu op=0 now(@c1)
)");
    CHECK(w.outcome.setup_ticks == 8);
    CHECK(w("c1", 0) == List{1 + 20 - 8});
    CHECK(w("c1", 2) == List{4});
    CHECK(w("c1", 1) == List{13 + 3});
    CHECK(w.outcome.ticks == 16);
    same_as_predicted(w, m);
}

TEST_CASE("the books end with the last completion, not with the last signal") {
    hw::Machine m = slow_alu();
    m.chip.sync_latency = 50;
    const Watched w = watch(m, R"(template start(c) {
  alu.fill dst=0 n=5
  signal c[0] += 1
}
template follow(from) {
  await from[0] >= 1
}
flow a core[0] alu op=0 start(@c1)
flow b core[1] alu op=1 follow(@c1)
)");
    CHECK(w("c1", 0) == List{55});
    CHECK(w.outcome.ticks == 5);
    CHECK(w.engine(1, isa::Engine::Alu, platform::Cause::Data) == 5);
    CHECK(w.engine(1, isa::Engine::Alu, platform::Cause::Done) == 0);
}

TEST_CASE("a port serves one at a time: by arrival, then by place, the chip last") {
    hw::Machine m = bare_machine();
    m.chip.l0.latency = 10;
    const Watched w = watch(m, R"(template load(c, wait) {
  for i in 0..wait {
    mov.copy dst=0 src=64 n=8
  }
  mov.load dst=0 src=0 n=8
  signal c[0] += 1
}
template fill(c) {
  alu.fill dst=100 n=8
  signal c[0] += 1
}
flow chip chip alu op=0 fill(@done)
flow later core[0] move op=0 load(@c0, 1)
flow b core[2] move op=1 load(@c2, 0)
flow a core[1] move op=1 load(@c1, 0)
)");
    CHECK(w("c1") == List{10});
    CHECK(w("c2") == List{20});
    CHECK(w("done") == List{30});
    CHECK(w("c0") == List{40});
    // The waveform has the port taken once, for all four.
    List port;
    for (const Trace& t : w.outcome.trace) {
        if (t.kind == Trace::Kind::Port && t.where == 4 && (port.size() % 2 == 0) == (t.value == 1)) {
            port.push_back(t.at);
        }
    }
    CHECK(port == List{0, 40});
    CHECK(w.engine(2, isa::Engine::Move, platform::Cause::Port) == 10);
    CHECK(w.engine(4, isa::Engine::Alu, platform::Cause::Port) == 20);
    CHECK(w.engine(0, isa::Engine::Move, platform::Cause::Port) == 29);
    CHECK(w.engine(0, isa::Engine::Move, platform::Cause::Busy) == 11);
}

TEST_CASE("engines of one core ask its port in the order move, crossbar, alu") {
    hw::Machine m = bare_machine();
    m.core.l1.latency = 10;
    const Watched w = watch(m, std::string(write_template) + R"(template fill(c) {
  alu.fill dst=100 n=8
  signal c[0] += 1
}
template store(c) {
  mov.store dst=100 src=200 n=8
  signal c[1] += 1
}
template read(c) {
  cim.read_xb xb=0 src=0 n=4 dst=64 cols=2 => c[2] += 1
}
flow alu core[0] alu op=0 fill(@c0)
flow xb core[0] crossbar op=0 read(@c0)
flow move core[0] move op=1 store(@c0)
)" + write_flows);
    CHECK(w("c0", 1) == List{10});
    // The window until 20, one cycle of crossbar; the fill until 30; the sums until 40.
    CHECK(w("c0", 0) == List{30});
    CHECK(w("c0", 2) == List{40});
}

TEST_CASE("external memory is one port") {
    hw::Machine m = bare_machine();
    m.chip.external_memory.latency = 7;
    m.device.write_latency = 1;
    const Watched w = watch(m, R"(template fetch(c) {
  mov.fetch dst=0 src=1000 n=8
  signal c[0] += 1
}
template write(w, c) {
  cim.write_xb xb=0 weight=w => c[0] += 1
}
flow f chip move op=0 fetch(@done)
flow a core[0] crossbar op=1 write(@w, @c0)
flow b core[1] crossbar op=1 write(@w, @c1)
)");
    CHECK(w("c0") == List{7 + 4});
    CHECK(w("c1") == List{14 + 4});
    CHECK(w("done") == List{21});
    CHECK(w.engine(4, isa::Engine::Move, platform::Cause::Memory) == 14);
    CHECK(w.outcome.operators[1].times[static_cast<std::size_t>(platform::Cause::Memory)] == 7);
}

TEST_CASE("packets go along the row, then along the column, and wait for a link that another holds") {
    hw::Machine m = bare_machine();
    m.chip.noc.model = "mesh-packet";
    m.chip.noc.flit_bits = 64;
    m.chip.noc.hop_latency = 2;
    m.chip.noc.inject_latency = 1;
    const Watched w = watch(m, R"(template send(c, wait, to, at) {
  for i in 0..wait {
    mov.copy dst=0 src=64 n=8
  }
  mov.send core=to dst=at src=0 n=32
  signal c[0] += 1
}
flow a core[0] move op=0 send(@c0, 0, 3, 1024)
flow b core[1] move op=1 send(@c1, 0, 3, 2048)
flow c core[2] move op=1 send(@c2, 0, 0, 2048)
)");
    // b: into router 1 at 1, holds its southern link until 5, at core 3's link at 3, last flit at 3+1+3.
    CHECK(w("c1") == List{7});
    // a: in router 0 at 1, in router 1 at 3; the southern link is free at 5, so it is 2 late: 1+2+2+1+3 = 9 alone.
    CHECK(w("c0") == List{11});
    CHECK(w.engine(0, isa::Engine::Move, platform::Cause::Link) == 2);
    CHECK(w("c2") == List{1 + 2 + 1 + 3});
    for (std::size_t link = 0; link < w.outcome.link_names.size(); ++link) {
        const std::string& name = w.outcome.link_names[link];
        INFO(name);
        const bool twice = name == "router1.south" || name == "core3.eject";
        const bool once = name == "core0.inject" || name == "core1.inject" || name == "core2.inject" || name == "router0.east" ||
                          name == "router2.north" || name == "core0.eject";
        CHECK(w.outcome.link_busy[link] == (twice ? 8 : once ? 4 : 0));
    }
}

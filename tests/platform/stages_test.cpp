// How long each stage of each kind of operator takes, one operator at a time: the counter that it signals is 0 one cycle before and 1 at
// the deadline (growth() sees every change).

#include <catch2/catch.hpp>

#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;

namespace {

hw::BufferSpec buffer(std::int64_t bits, hw::Cycles latency) {
    hw::BufferSpec spec;
    spec.model = "single-port";
    spec.bandwidth = {false, bits};
    spec.latency = latency;
    return spec;
}

}  // namespace

TEST_CASE("nothing that takes no time takes less than the issue") {
    hw::Machine m = bare_machine();
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=100") == 1);
    CHECK(time_of_one(m, "core[0]", "move", "mov.send core=3 dst=0 src=0 n=100") == 1);
    CHECK(time_of_one(m, "core[0]", "crossbar", "cim.read_xb xb=0 src=0 n=4 dst=8 cols=2") == 1);
    m.core.control.issue_latency = 7;
    m.chip.control.issue_latency = 4;
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=100") == 7);
    CHECK(time_of_one(m, "core[0]", "crossbar", "cim.read_xb xb=0 src=0 n=4 dst=8 cols=2") == 7);
    CHECK(time_of_one(m, "chip", "alu", "alu.fill dst=0 n=100") == 4);
    m.core.alu.latency = 6;
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=100") == 7);
    m.core.alu.latency = 8;
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=100") == 8);
}

TEST_CASE("an L1 port takes its latency and the bits at its rate, once an access") {
    hw::Machine m = bare_machine();
    m.core.l1 = buffer(64, 1);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=16") == 1 + 2);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=17") == 1 + 3);
    CHECK(time_of_one(m, "core[0]", "move", "mov.copy dst=64 src=0 n=16") == 2 * (1 + 2));
    CHECK(time_of_one(m, "core[0]", "move", "mov.send core=1 dst=64 src=0 n=24") == 2 * (1 + 3));
    CHECK(time_of_one(m, "core[0]", "move", "mov.send core=0 dst=64 src=0 n=24") == 2 * (1 + 3));
    CHECK(time_of_one(m, "core[0]", "move", "mov.load dst=0 src=0 n=32") == 1 + 4);
    CHECK(time_of_one(m, "core[0]", "move", "mov.store dst=0 src=0 n=40") == 1 + 5);
    // alu.requant reads four bytes an element and writes one; alu.add reads two; alu.sum reads them all.
    CHECK(time_of_one(m, "core[0]", "alu", "alu.requant dst=64 src=0 n=8 param=q") == (1 + 4) + (1 + 1));
    CHECK(time_of_one(m, "core[0]", "alu", "alu.add dst=64 a=0 b=32 n=16 param=q") == (1 + 4) + (1 + 2));
    CHECK(time_of_one(m, "core[0]", "alu", "alu.sum dst=256 src=0 n=8 count=3 pitch=32") == (1 + 12) + (1 + 4));
    // The taps of a window in, a channel each out; both factors in.
    CHECK(time_of_one(m, "core[0]", "alu", "alu.average src=0 ring=2 pitch=99 taps=2 tap=4 n=16 dst=64 param=q rows=9 cols=9") ==
          (1 + 2) + (1 + 1));
    CHECK(time_of_one(m, "core[0]", "alu", "alu.total src=0 ring=2 pitch=99 taps=2 tap=4 n=16 dst=64") == (1 + 2) + (1 + 2));
    CHECK(time_of_one(m, "core[0]", "alu", "alu.total src=0 ring=2 pitch=99 taps=2 tap=4 n=16 dst=64 add=1") == (1 + 4) + (1 + 2));
    CHECK(time_of_one(m, "core[0]", "alu", "alu.mul dst=64 a=0 b=32 n=16 param=q") == (1 + 4) + (1 + 2));
    CHECK(time_of_one(m, "core[0]", "alu", "alu.prelu dst=64 src=0 n=16 param=q") == (1 + 2) + (1 + 2));
    // Window in; two sums of four bytes out.
    CHECK(time_of_one(m, "core[0]", "crossbar", "cim.read_xb xb=0 src=0 n=4 dst=8 cols=2") == (1 + 1) + 1 + (1 + 1));
    CHECK(time_of_one(m, "core[0]", "crossbar", "cim.read_row xb=0 row=0 src=0 n=4 dst=8 cols=2") == (1 + 1) + 1 + (1 + 1));
    CHECK(time_of_one(m, "core[0]", "crossbar", "cim.read_row xb=0 row=0 src=0 n=4 dst=8 cols=2 add=1") == (1 + 1) + 1 + 2 * (1 + 1));
}

TEST_CASE("an L0 port and external memory take theirs in the order of the bytes") {
    hw::Machine m = bare_machine();
    m.chip.l0 = buffer(128, 3);
    CHECK(time_of_one(m, "chip", "alu", "alu.fill dst=0 n=33") == 3 + 3);
    CHECK(time_of_one(m, "core[2]", "move", "mov.load dst=0 src=0 n=32") == 3 + 2);
    CHECK(time_of_one(m, "core[2]", "move", "mov.store dst=0 src=0 n=32") == 3 + 2);
    CHECK(time_of_one(m, "chip", "move", "mov.copy dst=64 src=0 n=32") == 2 * (3 + 2));
    m.chip.external_memory.bandwidth = {false, 64};
    m.chip.external_memory.latency = 10;
    CHECK(time_of_one(m, "chip", "move", "mov.fetch dst=0 src=0 n=16") == (10 + 2) + (3 + 1));
    CHECK(time_of_one(m, "chip", "move", "mov.flush dst=100 src=0 n=16") == (3 + 1) + (10 + 2));
    m.device.write_latency = 5;
    CHECK(time_of_one(m, "core[1]", "crossbar", "cim.write_xb xb=1 weight=w") == (10 + 1) + 4 * 5);
    CHECK(time_of_one(m, "core[1]", "crossbar", "cim.write_row xb=1 row=1 rows=2 weight=w") == (10 + 1) + 2 * 5);
}

TEST_CASE("a latency alone occupies a port too") {
    hw::Machine m = bare_machine();
    m.core.l1.latency = 2;
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=1000") == 2);
}

TEST_CASE("a transfer in pieces takes the time of its bytes, its latencies once") {
    hw::Machine m = bare_machine();
    m.core.l1 = buffer(64, 1);
    m.chip.l0 = buffer(128, 3);
    m.chip.external_memory.bandwidth = {false, 64};
    m.chip.external_memory.latency = 10;
    const std::string pieces = "n=5 count=8 dst_pitch=5 src_pitch=9";
    const std::string apart = "n=5 count=8 dst_pitch=100 src_pitch=5";
    CHECK(time_of_one(m, "chip", "move", "mov.fetch dst=0 src=0 " + pieces) == (10 + 5) + (3 + 3));
    CHECK(time_of_one(m, "chip", "move", "mov.flush dst=100 src=0 " + apart) == (3 + 3) + (10 + 5));
    CHECK(time_of_one(m, "core[1]", "move", "mov.store dst=0 src=0 " + apart) == (1 + 5) + (3 + 3));
    CHECK(time_of_one(m, "core[1]", "move", "mov.send core=2 dst=0 src=0 " + pieces) == 2 * (1 + 5));
    CHECK(time_of_one(m, "core[1]", "move", "mov.send core=1 dst=1000 src=0 " + apart) == 2 * (1 + 5));
}

TEST_CASE("work of an ALU takes its latency and the operations at its rate") {
    hw::Machine m = bare_machine();
    m.core.alu.rate = {false, 4};
    m.core.alu.latency = 2;
    m.chip.alu.rate = {false, 16};
    m.chip.alu.latency = 1;
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=17") == 2 + 5);
    CHECK(time_of_one(m, "chip", "alu", "alu.fill dst=0 n=17") == 1 + 2);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.requant dst=64 src=0 n=8 param=q") == 2 + 6);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.add dst=64 a=0 b=32 n=8 param=q") == 2 + 8);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.sum dst=256 src=0 n=8 count=3 pitch=32") == 2 + 6);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.shift_add dst=256 src=0 n=8 count=2 pitch=32 shift=4") == 2 + 8);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.max src=0 ring=2 pitch=8 taps=2 tap=4 n=16 dst=64") == 2 + 4);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.average src=0 ring=2 pitch=8 taps=2 tap=4 n=16 dst=64 param=q rows=2 cols=2") == 2 + 7);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.mul dst=64 a=0 b=32 n=9 param=q") == 2 + 12);
    CHECK(time_of_one(m, "chip", "alu", "alu.mul dst=64 a=0 b=32 n=9 param=q") == 1 + 3);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.prelu dst=64 src=0 n=9 param=q") == 2 + 7);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.clip dst=64 src=0 n=9") == 2 + 3);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.lut dst=64 src=0 n=9 param=q") == 2 + 3);
    CHECK(time_of_one(m, "core[0]", "alu", "alu.softmax dst=64 src=0 n=9 param=q") == 2 + 9);
}

TEST_CASE("a crossbar takes its steps, and its core's network both ways") {
    hw::Machine m = bare_machine();
    const std::string read = "cim.read_xb xb=0 src=0 n=4 dst=8 cols=2";
    m.crossbar.read_latency = 16;
    m.crossbar.dac.bits = 1;
    CHECK(time_of_one(m, "core[0]", "crossbar", read) == 8 * 16);
    m.crossbar.dac.bits = 3;
    CHECK(time_of_one(m, "core[0]", "crossbar", read) == 3 * 16);
    m.crossbar.parallel_row = 3;
    CHECK(time_of_one(m, "core[0]", "crossbar", read) == 2 * 3 * 16);
    m.crossbar.adc.count = 3;
    m.crossbar.adc.sample_latency = 2;
    // 2 weights of 4 cells of 2 bits: 8 bitlines, three rounds of converters.
    CHECK(time_of_one(m, "core[0]", "crossbar", read) == 6 * (16 + 3 * 2));
    m.crossbar.pipelined = true;
    CHECK(time_of_one(m, "core[0]", "crossbar", read) == 16 + 5 * 16 + 6);
    m.crossbar.shift_add.latency = 9;
    CHECK(time_of_one(m, "core[0]", "crossbar", read) == 16 + 5 * 16 + 6 + 9);
    m.core.noc = machine_of("tiny").core.noc;
    m.core.noc.flit_bits = 16;
    m.core.noc.cost[4][0] = 3;
    m.core.noc.cost[0][4] = 5;
    // 4 bytes in are two flits; 8 bytes out are four.
    CHECK(time_of_one(m, "core[0]", "crossbar", read) == 2 * 3 + 111 + 4 * 5);
}

TEST_CASE("every network model takes the time of a transfer alone") {
    hw::Machine m = bare_machine();
    const auto send = [&](int to) {
        return time_of_one(m, "core[0]", "move", "mov.send core=" + std::to_string(to) + " dst=0 src=0 n=32");
    };
    const auto load = [&] { return time_of_one(m, "core[3]", "move", "mov.load dst=0 src=0 n=32"); };
    m.chip.noc.flit_bits = 64;
    SECTION("cost-matrix: flits times cost") {
        m.chip.noc.model = "cost-matrix";
        m.chip.noc.cost = {{0, 2, 3, 4, 5}, {2, 0, 3, 4, 5}, {2, 3, 0, 4, 5}, {2, 3, 4, 0, 5}, {2, 3, 4, 6, 0}};
        CHECK(send(1) == 4 * 2);
        CHECK(send(3) == 4 * 4);
        CHECK(load() == 4 * 6);
        CHECK(send(0) == 1);
    }
    SECTION("disjoint-buffer-switch: through the switch, then flit by flit") {
        m.chip.noc.model = "disjoint-buffer-switch";
        m.chip.noc.hop_latency = 5;
        CHECK(send(1) == 5 + 3);
        CHECK(send(3) == 5 + 3);
        CHECK(load() == 5 + 3);
        CHECK(time_of_one(m, "core[0]", "move", "mov.send core=1 dst=0 src=0 n=1") == 5 + 1);
    }
    SECTION("mesh-packet: injection, hops along the row and the column, ejection, then flit by flit") {
        m.chip.noc.model = "mesh-packet";
        m.chip.noc.hop_latency = 5;
        m.chip.noc.inject_latency = 2;
        m.chip.noc.memory_node = {0, 1};
        CHECK(send(1) == 2 + 5 + 2 + 3);
        CHECK(send(2) == 2 + 5 + 2 + 3);
        CHECK(send(3) == 2 + 5 + 5 + 2 + 3);
        CHECK(load() == 2 + 5 + 2 + 3);
        m.chip.cluster = hw::ClusterSpec{{1, 2}, {}};
        m.chip.noc.memory_node = {1, 0};
        CHECK(send(1) == 2 + 2 + 3);
        CHECK(send(3) == 2 + 5 + 2 + 3);
        CHECK(load() == 2 + 2 + 3);
    }
    SECTION("without injection latency a single flit still takes a cycle into the core") {
        m.chip.noc.model = "mesh-packet";
        m.chip.noc.hop_latency = 3;
        m.chip.noc.inject_latency = 0;
        CHECK(time_of_one(m, "core[0]", "move", "mov.send core=1 dst=0 src=0 n=1") == 3 + 1);
        CHECK(send(1) == 3 + 3);
    }
}

TEST_CASE("each part takes cycles of its own clock") {
    hw::Machine m = bare_machine();
    m.chip_clock.ticks_per_cycle = 3;
    m.core_clock.ticks_per_cycle = 5;
    m.crossbar_clock.ticks_per_cycle = 7;
    m.crossbar.read_latency = 2;
    m.core.l1 = buffer(64, 1);
    m.chip.l0 = buffer(64, 1);
    m.chip.external_memory.latency = 4;
    m.chip.noc.model = "cost-matrix";
    m.chip.noc.cost.assign(5, std::vector<hw::Cycles>(5, 6));
    m.chip.noc.flit_bits = 64;
    m.device.write_latency = 9;
    CHECK(time_of_one(m, "core[0]", "crossbar", "cim.read_xb xb=0 src=0 n=4 dst=8 cols=2") == 2 * 5 + 2 * 7 + 2 * 5);
    CHECK(time_of_one(m, "core[0]", "move", "mov.load dst=0 src=0 n=8") == 2 * 3 + 6 * 3 + 2 * 5);
    CHECK(time_of_one(m, "core[0]", "move", "mov.send core=1 dst=0 src=0 n=8") == 2 * 5 + 6 * 3 + 2 * 5);
    CHECK(time_of_one(m, "chip", "move", "mov.fetch dst=0 src=0 n=8") == 4 * 3 + 2 * 3);
    CHECK(time_of_one(m, "core[1]", "crossbar", "cim.write_xb xb=0 weight=w") == 4 * 3 + 6 * 3 + 4 * 9 * 7);
    m.core.control.issue_latency = 4;
    CHECK(time_of_one(m, "core[0]", "alu", "alu.fill dst=0 n=1") == 4 * 5);
}

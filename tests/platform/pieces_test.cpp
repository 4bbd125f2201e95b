// Transfers in pieces: which bytes go where, in what time; and sums that were in external memory meanwhile.

#include <cstring>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/platform/networks.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes some_bytes(std::size_t n) {
    std::mt19937_64 dice(5);
    Bytes bytes(n);
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(dice() % 256);
    }
    return bytes;
}

/// Fetched, loaded, sent, stored and flushed; {} stands for the fields of each transfer but core.
constexpr const char* journey = R"(mop 1
program "journey"
machine "tiny" XBM
data "d" 0
operator "op" "Test"
input "in" 1x256 scale=1 zero=0 ext=0 size=256
output "out" 1x512 scale=1 zero=0 ext=1024 size=512
buffer l0 l0 0 512
buffer a l1[0] 0 128
buffer b l1[1] 0 128
buffer ext ext 0 2048
counter at_l0[2] chip data
counter at_a[1] core[0] data
counter at_b[1] core[1] data
template fetch(to) {{
  mov.fetch {}
  signal to[0] += 1
}}
template load(from, to) {{
  await from[0] >= 1
  mov.load dst=0 src=0 n=128
  signal to[0] += 1
}}
template send(from, to) {{
  await from[0] >= 1
  mov.send core=1 {}
  signal to[0] += 1
}}
template store(from, to) {{
  await from[0] >= 1
  mov.store {}
  signal to[1] += 1
}}
template flush(from) {{
  await from[1] >= 1
  mov.flush {}
}}
flow fetch.f chip move op=0 fetch(@at_l0)
flow load.f core[0] move op=0 load(@at_l0, @at_a)
flow send.f core[0] move op=0 send(@at_a, @at_b)
flow store.f core[1] move op=0 store(@at_b, @at_l0)
flow flush.f chip move op=0 flush(@at_l0)
)";

struct Move {
    std::size_t dst, src, n, count, dst_pitch, src_pitch;
    std::string text() const {
        return fmt::format("dst={} src={} n={} count={} dst_pitch={} src_pitch={}", dst, src, n, count, dst_pitch, src_pitch);
    }
    /// As many bytes in line.
    std::string in_line() const { return fmt::format("dst={} src={} n={}", dst, src, n * count); }
    void carry(const Bytes& from, Bytes& to) const {
        for (std::size_t k = 0; k < count; ++k) {
            for (std::size_t i = 0; i < n; ++i) {
                to[dst + k * dst_pitch + i] = from[src + k * src_pitch + i];
            }
        }
    }
};

Outcome run_checked(const isa::Program& program, const hw::Machine& machine, const RunOptions& options, const std::vector<Bytes>& inputs) {
    for (const isa::Diagnostic& finding : isa::verify(program, limits_of(machine), options.batch)) {
        FAIL_CHECK(finding.rule << ": " << finding.message);
    }
    Outcome outcome = run(program, machine, options, inputs);
    CHECK(outcome.deadlock.empty());
    return outcome;
}

}  // namespace

TEST_CASE("pieces pass through all memories, gathered and scattered, in the time of as many bytes in line") {
    const Move fetch{5, 11, 20, 3, 24, 50};
    const Move send{7, 3, 10, 4, 13, 17};
    const Move store{300, 2, 6, 5, 11, 9};
    const Move flush{1030, 290, 7, 6, 33, 12};
    const isa::Program program = program_of(fmt::format(journey, fetch.text(), send.text(), store.text(), flush.text()));
    const isa::Program plain = program_of(fmt::format(journey, fetch.in_line(), send.in_line(), store.in_line(), flush.in_line()));
    Bytes ext = some_bytes(256);
    ext.resize(2048);
    Bytes l0(512);
    Bytes b(128);
    fetch.carry(ext, l0);
    send.carry(l0, b);  // core 0 holds what L0 did
    store.carry(b, l0);
    flush.carry(l0, ext);
    for (const hw::Machine& machine : {machine_of("tiny"), without_contention(machine_of("tiny"), true)}) {
        const Outcome outcome = run_checked(program, machine, {}, {some_bytes(256)});
        CHECK(outcome.outputs.at(0) == Bytes(ext.begin() + 1024, ext.begin() + 1536));
        RunOptions timing_only;
        timing_only.functional = false;
        CHECK(timing_of(run(program, machine, timing_only)) == timing_of(outcome));
        CHECK(timing_of(run_checked(plain, machine, timing_only, {})) == timing_of(outcome));
    }
}

TEST_CASE("pieces within one core") {
    const isa::Program program = program_of(R"(mop 1
program "one core"
machine "tiny" XBM
data "d" 0
operator "op" "Test"
input "in" 1x64 scale=1 zero=0 ext=0 size=64
output "out" 1x64 scale=1 zero=0 ext=64 size=64
buffer l0 l0 0 64
buffer l1 l1[0] 0 128
buffer ext ext 0 128
counter c[2] chip data
template chip(c) {
  mov.fetch dst=0 src=0 n=64
  signal c[0] += 1
  await c[1] >= 1
  mov.flush dst=64 src=0 n=64
}
template core(c) {
  await c[0] >= 1
  mov.load dst=0 src=0 n=64
  mov.send core=0 dst=66 src=1 n=5 count=6 dst_pitch=10 src_pitch=8
  mov.store dst=0 src=64 n=64
  signal c[1] += 1
}
flow chip.f chip move op=0 chip(@c)
flow core.f core[0] move op=0 core(@c)
)");
    const Bytes in = some_bytes(64);
    Bytes out(64);
    Move{2, 1, 5, 6, 10, 8}.carry(in, out);
    CHECK(run_checked(program, machine_of("tiny"), {}, {in}).outputs.at(0) == out);
}

TEST_CASE("a piece outside its memory is an error") {
    const hw::Machine m = bare_machine();
    const auto run_one = [&](const std::string& place, const std::string& op) {
        run(timing_program("template one() {\n" + op + "\n}\nflow f " + place + " move op=0 one()\n"), m);
    };
    const auto error = Catch::Contains("TLM_ADDRESS_ERROR_RESPONSE");
    CHECK_NOTHROW(run_one("chip", "mov.fetch dst=0 src=0 n=8 count=2 dst_pitch=8 src_pitch=4088"));
    CHECK_THROWS_WITH(run_one("chip", "mov.fetch dst=0 src=0 n=8 count=2 dst_pitch=8 src_pitch=4089"), error);
    CHECK_NOTHROW(run_one("chip", "mov.flush dst=0 src=0 n=8 count=3 dst_pitch=2044 src_pitch=9"));
    CHECK_THROWS_WITH(run_one("chip", "mov.flush dst=0 src=0 n=8 count=3 dst_pitch=2045 src_pitch=9"), error);
    CHECK_THROWS_WITH(run_one("core[0]", "mov.store dst=0 src=0 n=8 count=2 dst_pitch=4089 src_pitch=8"), error);
    CHECK_THROWS_WITH(run_one("core[0]", "mov.send core=1 dst=0 src=0 n=8 count=2 dst_pitch=4089 src_pitch=8"), error);
}

TEST_CASE("an output's images end when their pieces come") {
    isa::Program program = timing_program(R"(template flush() {
  mov.flush dst=1000 src=0 n=8 count=2 dst_pitch=8 src_pitch=8
  mov.flush dst=1016 src=0 n=8 count=1
}
flow f chip move op=0 flush()
)");
    program.outputs.push_back({"y", {1, 8}, 1.0F, 0, 1000, 8});
    hw::Machine m = bare_machine();
    m.chip.external_memory.latency = 5;
    RunOptions options;
    options.batch = 3;
    CHECK(run_checked(program, m, options, {}).image_ends == std::vector<Ticks>{5, 5, 10});
}

TEST_CASE("alu.sum adds sums that were in external memory to fresh ones, in buffers of their own") {
    const isa::Program program = program_of(R"(mop 1
program "spill"
machine "tiny" XBM
data "d" 0
operator "op" "Test"
input "in" 1x128 scale=1 zero=0 ext=0 size=128
output "out" 1x64 scale=1 zero=0 ext=128 size=64
buffer staging l0 0 128
buffer back l0 128 64
buffer fresh l1[0] 0 64
buffer other l1[0] 64 64
buffer spilled l1[0] 200 64
buffer in ext 0 128
buffer out ext 128 64
buffer spill ext 512 1024
counter c[3] chip data
counter d[2] core[0] data
template chip(c) {
  mov.fetch dst=0 src=0 n=128
  signal c[0] += 1
  await c[1] >= 1
  mov.flush dst=512 src=0 n=16 count=4 dst_pitch=48 src_pitch=16
  mov.fetch dst=128 src=512 n=16 count=4 dst_pitch=16 src_pitch=48
  signal c[0] += 1
  await c[1] >= 2
  mov.flush dst=128 src=0 n=64
}
template move(c, d) {
  await c[0] >= 1
  mov.load dst=0 src=0 n=64
  mov.load dst=64 src=64 n=64
  mov.store dst=0 src=64 n=64
  signal c[1] += 1
  await c[0] >= 2
  mov.load dst=200 src=128 n=64
  signal d[0] += 1
  await d[1] >= 1
  mov.store dst=0 src=0 n=64
  signal c[1] += 1
}
template sum(d) {
  await d[0] >= 1
  alu.sum dst=0 src=0 n=16 count=2 pitch=200
  signal d[1] += 1
}
flow chip.f chip move op=0 chip(@c)
flow move.f core[0] move op=0 move(@c, @d)
flow sum.f core[0] alu op=0 sum(@d)
)");
    const Bytes in = some_bytes(128);
    Bytes out(64);
    for (std::size_t i = 0; i < 64; i += 4) {
        std::uint32_t fresh = 0;
        std::uint32_t spilled = 0;
        std::memcpy(&fresh, in.data() + i, 4);
        std::memcpy(&spilled, in.data() + 64 + i, 4);
        fresh += spilled;
        std::memcpy(out.data() + i, &fresh, 4);
    }
    CHECK(run_checked(program, machine_of("tiny"), {}, {in}).outputs.at(0) == out);
}

// The rules of params, averages, products, slopes and transfers in pieces, each broken once; what such a transfer touches.

#include <limits>

#include <catch2/catch.hpp>

#include "isa/semantics/accesses.h"
#include "tests/isa/base_program.h"

using namespace cim::isa;
using namespace cim::isa::test;

namespace {

std::string findings(const Program& program) {
    std::string all;
    for (const Diagnostic& d : verify(program, base_limits(), 1)) {
        all += d.rule + ": " + d.message + "\n";
    }
    return all;
}

/// The base program with another operator in place of alu.fill. Param 0 has four constants, negative scales too; param 1 has none.
std::string findings_with(const std::string& op, Engine engine = Engine::Alu) {
    Program program = parsed(edited(base_text, "alu.fill dst=buf + i*16 n=16", op));
    program.flows[0].engine = engine;
    program.params[0].negative_scale = {1, 2, 3, 4};
    program.params.push_back({});
    program.params.back().name = "none";
    return findings(program);
}

std::string findings_of_move(const std::string& op) {
    return findings_with(op, Engine::Move);
}

struct Touched {
    Space space;
    std::int64_t address;
    std::int64_t bytes;
    bool write;
    friend bool operator==(const Touched& a, const Touched& b) {
        return a.space == b.space && a.address == b.address && a.bytes == b.bytes && a.write == b.write;
    }
};

/// What mov.store dst=100 src=200 touches.
std::vector<Touched> touched_by_store(std::int64_t n, std::int64_t count, std::int64_t dst_pitch, std::int64_t src_pitch) {
    OpInstance op;
    op.opcode = Opcode::Store;
    const std::int64_t values[] = {100, 200, n, count, dst_pitch, src_pitch};
    std::copy(std::begin(values), std::end(values), op.values.begin());
    std::vector<Touched> touched;
    for_each_access({}, 0, op, [&](const Access& a) { touched.push_back({a.space, a.address, a.bytes, a.write}); });
    return touched;
}

}  // namespace

TEST_CASE("scales are finite, and negative ones as many as the others or none") {
    const auto with = [](const std::vector<float>& scale, const std::vector<float>& negative_scale) {
        Program program = parsed(base_text);
        program.params[0].scale = scale;
        program.params[0].negative_scale = negative_scale;
        return findings(program);
    };
    const float infinite = std::numeric_limits<float>::infinity();
    const float no_number = std::numeric_limits<float>::quiet_NaN();
    CHECK(with({1, 1, 1, 1}, {}) == "");
    CHECK(with({1, 1, 1, 1}, {0, -1, 2, 3}) == "");
    CHECK(with({1, 1, 1, 1}, {1, 2, 3}) == "param: param 'q' has 4 scales and 3 negative ones; there are as many or none\n");
    CHECK(with({1, 1, 1, infinite}, {}) == "param: param 'q' has a scale that is not finite\n");
    CHECK(with({1, 1, 1, 1}, {1, 1, no_number, 1}) == "param: param 'q' has a scale that is not finite\n");
}

TEST_CASE("alu.average") {
    CHECK(findings_with("alu.average src=buf ring=2 pitch=8 taps=2 tap=4 n=16 dst=buf param=0 rows=2 cols=2") == "");
    CHECK_THAT(findings_with("alu.average src=buf tap=3 n=4 dst=buf param=0 rows=1 cols=1"),
               Catch::Contains("operand: flow 'fill.f', line 23: alu.average src=0 tap=3 n=4 dst=0 param=q rows=1 cols=1: n=4 is no "
                               "multiple of tap=3"));
    CHECK_THAT(findings_with("alu.average src=buf n=4 dst=buf param=0 rows=0 cols=1"), Catch::Contains("rows=0 is out of range [1,"));
    CHECK_THAT(findings_with("alu.average src=buf n=4 dst=buf param=0 rows=1 cols=-1"), Catch::Contains("cols=-1 is out of range [1,"));
    CHECK_THAT(findings_with("alu.average src=buf ring=0 n=4 dst=buf param=0 rows=1 cols=1"), Catch::Contains("ring=0 is out of range"));
    CHECK_THAT(findings_with("alu.average src=buf n=4 dst=buf param=1 rows=1 cols=1"),
               Catch::Contains("param: flow 'fill.f', line 23: alu.average src=0 n=4 dst=0 param=none rows=1 cols=1: param 'none' has 0 "
                               "integers and 0 scales, this takes 1 and 1"));
    CHECK_THAT(findings_with("alu.average src=buf ring=3 pitch=31 tap=4 n=12 dst=buf param=0 rows=1 cols=1"),
               Catch::Contains("range: flow 'fill.f', line 23: ") && Catch::Contains("reads l1[0] bytes 62 to 66"));
    CHECK_THAT(findings_with("alu.average src=buf taps=2 tap=4 n=8 dst=buf + 61 param=0 rows=1 cols=1"),
               Catch::Contains("writes l1[0] bytes 61 to 65"));
}

TEST_CASE("alu.total") {
    CHECK(findings_with("alu.total src=buf ring=2 pitch=8 taps=2 tap=4 n=16 dst=buf + 32") == "");
    CHECK(findings_with("alu.total src=buf ring=2 pitch=8 taps=2 tap=4 n=16 dst=buf + 32 add=1").find("operand") == std::string::npos);
    CHECK_THAT(findings_with("alu.total src=buf tap=3 n=4 dst=buf"), Catch::Contains("n=4 is no multiple of tap=3"));
    CHECK_THAT(findings_with("alu.total src=buf tap=4 n=4 dst=buf add=2"), Catch::Contains("add=2 is out of range [0,1]"));
    // Four bytes a channel.
    CHECK_THAT(findings_with("alu.total src=buf tap=4 n=4 dst=buf + 52"), Catch::Contains("writes l1[0] bytes 52 to 68"));
}

TEST_CASE("alu.mul and alu.prelu") {
    CHECK(findings_with("alu.mul dst=buf a=buf + 8 b=buf + 12 n=4 param=0") == "");
    CHECK_THAT(findings_with("alu.mul dst=buf a=buf b=buf n=0 param=0"), Catch::Contains("operand") && Catch::Contains("n=0 is out of"));
    CHECK_THAT(findings_with("alu.mul dst=buf a=buf b=buf n=4 param=1"),
               Catch::Contains("param") && Catch::Contains("has 0 integers and 0 scales, this takes 2 and 1"));
    CHECK_THAT(findings_with("alu.mul dst=buf a=buf b=buf + 61 n=4 param=0"), Catch::Contains("range"));
    CHECK(findings_with("alu.prelu dst=buf src=buf n=3 param=0 channel=1") == "");
    CHECK_THAT(findings_with("alu.prelu dst=buf src=buf n=0 param=0"), Catch::Contains("operand") && Catch::Contains("n=0 is out of"));
    CHECK_THAT(findings_with("alu.prelu dst=buf src=buf n=4 param=0 channel=-1"), Catch::Contains("channel=-1 is out of range [0,"));
    CHECK_THAT(findings_with("alu.prelu dst=buf src=buf n=4 param=0 channel=1"),
               Catch::Contains("param 'q' has 4 integers and 4 scales, this takes 1 and 5"));
    CHECK_THAT(findings(parsed(edited(base_text, "alu.fill dst=buf + i*16 n=16", "alu.prelu dst=buf src=buf n=4 param=0"))),
               Catch::Contains("param 'q' has 0 negative scales, this takes 4"));
}

TEST_CASE("pieces of a transfer need pitches, and each lies in a buffer") {
    CHECK(findings_of_move("mov.send core=1 dst=0 src=buf n=4 count=3 dst_pitch=4 src_pitch=30") == "");
    CHECK(findings_of_move("mov.store dst=0 src=buf n=4 count=1 dst_pitch=2") == "");
    CHECK_THAT(findings_of_move("mov.send core=1 dst=0 src=buf n=0"), Catch::Contains("n=0 is out of range [1,"));
    CHECK_THAT(findings_of_move("mov.send core=1 dst=0 src=buf n=4 count=0"),
               Catch::Contains("operand: flow 'fill.f', line 23: mov.send core=1 dst=0 src=0 n=4 count=0: count=0 is out of range [1,"));
    CHECK_THAT(findings_of_move("mov.send core=1 dst=0 src=buf n=4 count=2 src_pitch=4"),
               Catch::Contains("dst_pitch=0 is out of range [4,"));
    CHECK_THAT(findings_of_move("mov.store dst=0 src=buf n=4 count=2 dst_pitch=4 src_pitch=3"),
               Catch::Contains("src_pitch=3 is out of range [4,"));
    CHECK_THAT(findings_of_move("mov.store dst=0 src=buf n=4 src_pitch=-1"), Catch::Contains("src_pitch=-1 is out of range [0,"));
    CHECK_THAT(findings_of_move("mov.store dst=0 src=buf n=4 dst_pitch=-1"), Catch::Contains("dst_pitch=-1 is out of range [0,"));
    CHECK_THAT(findings_of_move("mov.store dst=0 src=buf n=536870913 count=2"), Catch::Contains("count=2 is out of range [1,1]"));
    CHECK_THAT(findings_of_move("mov.send core=1 dst=0 src=buf n=4 count=3 dst_pitch=4 src_pitch=31"),
               Catch::Contains("range: flow 'fill.f', line 23: ") && Catch::Contains("reads l1[0] bytes 62 to 66"));
    CHECK_THAT(findings_of_move("mov.send core=1 dst=0 src=buf n=4 count=3 dst_pitch=31 src_pitch=4"),
               Catch::Contains("writes l1[1] bytes 62 to 66"));
}

TEST_CASE("a race is found in a piece, and none in the gaps") {
    // The others need not wait for the moves; bytes 128 to 132 are written by then.
    const auto early = [](const std::string& pieces) {
        return findings_of_move("signal c[0] += 4 mov.send core=1 dst=0 src=buf " + pieces);
    };
    CHECK_THAT(early("n=2 count=2 dst_pitch=2 src_pitch=129"),
               Catch::Contains("race: flow 'requant.f', line 33: alu.requant dst=128 src=64 n=4 param=q: writes l1[0] bytes 128 to 132 in "
                               "buffer 'out', not ordered after mov.send of flow 'fill.f', line 23"));
    CHECK(early("n=2 count=2 dst_pitch=2 src_pitch=132") == "");
}

TEST_CASE("pieces without a gap are one access, others one each, read before written") {
    using List = std::vector<Touched>;
    CHECK(touched_by_store(8, 1, 0, 0) == List{{Space::L1, 200, 8, false}, {Space::L0, 100, 8, true}});
    CHECK(touched_by_store(8, 3, 8, 8) == List{{Space::L1, 200, 24, false}, {Space::L0, 100, 24, true}});
    CHECK(touched_by_store(8, 2, 8, 10) == List{{Space::L1, 200, 8, false}, {Space::L1, 210, 8, false}, {Space::L0, 100, 16, true}});
    CHECK(touched_by_store(8, 2, 20, 8) == List{{Space::L1, 200, 16, false}, {Space::L0, 100, 8, true}, {Space::L0, 120, 8, true}});
}

TEST_CASE("pieces are a window of the same bytes") {
    for (const Pieces& pieces : {Pieces{50, 4, 1, 0}, Pieces{50, 4, 3, 4}, Pieces{50, 4, 3, 9}}) {
        std::vector<std::int64_t> bytes;
        for_each_piece(pieces.window(), [&](std::int64_t address, std::int64_t count, std::int64_t offset) {
            CHECK(offset == static_cast<std::int64_t>(bytes.size()));
            for (std::int64_t i = 0; i < count; ++i) {
                bytes.push_back(address + i);
            }
        });
        std::vector<std::int64_t> expected;
        for (std::int64_t i = 0; i < pieces.n * pieces.count; ++i) {
            expected.push_back(pieces.address + i / pieces.n * pieces.pitch + i % pieces.n);
        }
        CHECK(bytes == expected);
    }
}

// Orders worked out by hand from ADR-0001 against what the verifier concludes.

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/isa/base_program.h"

using namespace cim::isa;
using namespace cim::isa::test;

namespace {

using Flows = std::vector<std::pair<const char*, const char*>>;  ///< engine, statements

/// Rules that a program of these flows on one core breaks, in the order found, as "rule:line". Counters c, d, e of four each; 4 KB of L1;
/// crossbars 0 to 3 written with 4x4 tiles in setup. Statements begin at line 1 of their own flow.
std::string found(const Flows& flows) {
    std::string text =
        "mop 1 program \"hb\" machine \"m\" WLM data \"d\" 0 operator \"o\" \"o\" buffer mem l1[0] 0 4096 buffer image ext 0 16 "
        "counter c[4] core[0] data counter d[4] core[0] data counter e[4] core[0] space weight w 4x4 bits=8 ext=0 "
        "param q n=64 zero=0 lo=0 hi=255 template setup.t(w) { for i in 0..4 { cim.write_xb xb=i weight=w } } ";
    for (std::size_t i = 0; i < flows.size(); ++i) {
        text += fmt::format("template t{}(c, d, e, q) {{ {} }} ", i, flows[i].second);
    }
    text += "setup flow setup.f core[0] crossbar op=0 setup.t(@w) ";
    for (std::size_t i = 0; i < flows.size(); ++i) {
        text += fmt::format("flow f{} core[0] {} op=0 t{}(@c, @d, @e, @q) ", i, flows[i].first, i);
    }
    Limits roomy = base_limits();
    roomy.crossbars_per_core = 4;
    roomy.l1 = 4096;
    const auto list = verify(parsed(text), roomy, 1);
    std::string all;
    for (const Diagnostic& d : list) {
        const std::size_t name = d.message.find("'f");
        all += fmt::format("{}{}:{}", all.empty() ? "" : " ", d.rule, d.message.substr(name + 1, 2));
        const std::size_t other = d.message.find("of flow 'f");
        all += other == std::string::npos ? "" : "-" + d.message.substr(other + 9, 2);
    }
    return all;
}

}  // namespace

TEST_CASE("two asynchronous reads on one counter are seen in issue order") {
    const char* reader = "cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 => c[0] += 1 cim.read_xb xb=1 src=0 n=4 dst=200 cols=4 => c[0] += 1";
    CHECK(found({{"crossbar", reader},
                 {"alu", "await c[0] >= 2 alu.requant dst=300 src=100 n=4 param=q alu.requant dst=304 src=200 n=4 param=q"}}) == "");
    CHECK(found({{"crossbar", reader}, {"alu", "await c[0] >= 1 alu.requant dst=300 src=100 n=4 param=q"}}) == "");
    CHECK(found({{"crossbar", reader}, {"alu", "await c[0] >= 1 alu.requant dst=304 src=200 n=4 param=q"}}) == "race:f1-f0");
}

TEST_CASE("a completion on one counter says nothing of a read on another, though it was issued before") {
    const char* reader = "cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 => c[0] += 1 cim.read_xb xb=1 src=0 n=4 dst=200 cols=4 => d[0] += 1";
    CHECK(found({{"crossbar", reader}, {"alu", "await d[0] >= 1 alu.requant dst=300 src=100 n=4 param=q"}}) == "race:f1-f0");
    CHECK(found({{"crossbar", reader}, {"alu", "await c[0] >= 1 await d[0] >= 1 alu.requant dst=300 src=100 n=4 param=q"}}) == "");
}

TEST_CASE("a flow does not know its own asynchronous operators to be complete until it waits") {
    const char* first = "cim.read_row xb=0 row=0 src=0 n=2 dst=100 cols=4 => c[0] += 1 ";
    const char* second = "cim.read_row xb=0 row=2 src=2 n=2 dst=100 cols=4 add=1 => c[0] += 1";
    CHECK(found({{"crossbar", (std::string(first) + second).c_str()}}) == "race:f0-f0");
    CHECK(found({{"crossbar", (std::string(first) + "await c[0] >= 1 " + second).c_str()}}) == "");
    CHECK(found({{"crossbar", (std::string(first) + "signal d[0] += 1 await d[0] >= 1 " + second).c_str()}}) == "race:f0-f0");
}

TEST_CASE("a plain signal after an asynchronous operator does not tell its completion, on another counter") {
    const char* reader = "cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 => c[0] += 1 signal d[0] += 1";
    CHECK(found({{"crossbar", reader}, {"alu", "await d[0] >= 1 alu.requant dst=300 src=100 n=4 param=q"}}) == "race:f1-f0");
}

TEST_CASE("an operator whose completion nobody is told is never known to be over") {
    CHECK(found({{"crossbar", "cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 signal d[0] += 1"},
                 {"alu", "await d[0] >= 1 alu.requant dst=300 src=100 n=4 param=q"}}) == "race:f1-f0");
    CHECK(found({{"crossbar", "cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 cim.read_xb xb=1 src=0 n=4 dst=100 cols=4"}}) == "race:f0-f0");
}

TEST_CASE("operators of a parallel block are not ordered among themselves") {
    CHECK(found({{"crossbar",
                  "parallel { cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 => c[0] += 1 cim.read_xb xb=1 src=0 n=4 dst=108 cols=4 => c[1] += "
                  "1 }"}}) == "race:f0-f0");
    CHECK(found({{"crossbar",
                  "parallel { cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 => c[0] += 1 cim.read_xb xb=1 src=0 n=4 dst=116 cols=4 => c[1] += "
                  "1 }"}}) == "");
}

TEST_CASE("order passes through flows that touch nothing") {
    const char* writer = "alu.fill dst=0 n=8 signal c[0] += 1";
    const char* relay = "await c[0] >= 1 signal d[0] += 1";
    CHECK(found({{"alu", writer}, {"move", relay}, {"move", "await d[0] >= 1 mov.copy dst=100 src=0 n=8"}}) == "");
    CHECK(found({{"alu", writer}, {"move", "signal d[0] += 1 await c[0] >= 1"}, {"move", "await d[0] >= 1 mov.copy dst=100 src=0 n=8"}}) ==
          "race:f2-f0");
    // Three hops, and the reader comes first in the program.
    CHECK(found({{"move", "await e[0] >= 1 mov.copy dst=100 src=0 n=8"},
                 {"alu", writer},
                 {"move", relay},
                 {"alu", "await d[0] >= 1 signal e[0] += 1"}}) == "");
}

TEST_CASE("a wait knows of the signals up to its value only, however far the signaller has run") {
    const char* writer = "for i in 0..4 { alu.fill dst=8*i n=8 signal c[0] += 1 }";
    CHECK(found({{"alu", writer}, {"move", "await c[0] >= 3 mov.copy dst=100 src=0 n=24"}}) == "");
    CHECK(found({{"alu", writer}, {"move", "await c[0] >= 3 mov.copy dst=100 src=0 n=25"}}) == "race:f1-f0");
    CHECK(found({{"alu", writer}, {"move", "await c[0] >= 4 await c[0] >= 1 mov.copy dst=100 src=0 n=32"}}) == "");
    CHECK(found({{"alu", "alu.fill dst=0 n=8 signal c[0] += 5 alu.fill dst=8 n=8 signal c[0] += 5"},
                 {"move", "await c[0] >= 5 mov.copy dst=100 src=0 n=8 await c[0] >= 6 mov.copy dst=100 src=8 n=8"}}) == "");
    CHECK(found({{"alu", "alu.fill dst=0 n=8 signal c[0] += 5 alu.fill dst=8 n=8 signal c[0] += 5"},
                 {"move", "await c[0] >= 5 mov.copy dst=100 src=0 n=16"}}) == "race:f1-f0");
    CHECK(found({{"alu", writer}, {"move", "await c[0] >= 0 mov.copy dst=100 src=0 n=8"}}) == "race:f1-f0");
}

TEST_CASE("a write waits for every reader") {
    const char* writer = "alu.fill dst=0 n=8 signal c[0] += 1 await d[0] >= 1 await e[0] >= 1 alu.fill dst=0 n=8";
    const char* half = "alu.fill dst=0 n=8 signal c[0] += 1 await d[0] >= 1 alu.fill dst=0 n=8";
    const char* reader = "await c[0] >= 1 mov.copy dst=100 src=0 n=8 signal d[0] += 1";
    const char* other = "await c[0] >= 1 mov.copy dst=200 src=4 n=8 signal e[0] += 1";
    CHECK(found({{"alu", writer}, {"move", reader}, {"move", other}}) == "");
    CHECK(found({{"alu", half}, {"move", reader}, {"move", other}}) == "race:f0-f2");
    CHECK(found({{"alu", half}, {"move", other}, {"move", reader}}) == "race:f0-f1");
}

TEST_CASE("readers need no order among themselves") {
    CHECK(found({{"move", "mov.copy dst=100 src=0 n=8"}, {"move", "mov.copy dst=200 src=0 n=8"}, {"alu", "alu.clip dst=300 src=4 n=8"}}) ==
          "");
}

TEST_CASE("waiting for several counters knows what all of them tell") {
    const Flows flows{{"alu", "alu.fill dst=0 n=8 signal c[1] += 1"},
                      {"move", "mov.copy dst=8 src=100 n=8 signal c[2] += 1"},
                      {"move", "await c[1, 2] >= 1 mov.copy dst=50 src=0 n=16"}};
    CHECK(found(flows) == "");
    CHECK(found({flows[0], flows[1], {"move", "await c[2, 1] >= 1 mov.copy dst=50 src=0 n=16"}}) == "race:f2-f0");
}

TEST_CASE("a credit that is one too loose is a race in a ring, the right one is not") {
    const auto producer = [](int slack) {
        return fmt::format("for i in 0..20 {{ await d[0] >= i - {} alu.fill dst=i mod 3*16 n=16 signal c[0] += 1 }}", slack);
    };
    const char* consumer = "for i in 0..20 { await c[0] >= i + 1 mov.copy dst=100 src=i mod 3*16 n=16 signal d[0] += 1 }";
    CHECK(found({{"alu", producer(2).c_str()}, {"move", consumer}}) == "");
    CHECK(found({{"alu", producer(3).c_str()}, {"move", consumer}}).substr(0, 4) == "race");
    CHECK(found({{"alu", producer(1).c_str()}, {"move", consumer}}) == "");
    CHECK(found({{"alu", producer(-1).c_str()}, {"move", consumer}}).substr(0, 8) == "deadlock");
}

TEST_CASE("a window that wraps round its ring touches the rows that it names") {
    // Rows 2, 0, 1 of three; each row is 8 bytes of which the window reads 2 and 3.
    const char* window = "mov.copy dst=100 src=0 ring=3 pitch=8 y=2 x=2 taps=2 tap=1 n=6";
    CHECK(found({{"move", window}, {"alu", "alu.fill dst=4 n=6 alu.fill dst=12 n=6 alu.fill dst=20 n=4 alu.fill dst=0 n=2"}}) == "");
    CHECK(found({{"move", window}, {"alu", "alu.fill dst=18 n=1"}}) == "race:f1-f0");
    CHECK(found({{"move", window}, {"alu", "alu.fill dst=3 n=1"}}) == "race:f1-f0");
    CHECK(found({{"move", window}, {"alu", "alu.fill dst=11 n=1"}}) == "race:f1-f0");
    // Its second half alone: rows 0 and 1 from the middle on.
    CHECK(found({{"move", "mov.copy dst=100 src=0 ring=3 pitch=8 y=2 x=2 taps=2 tap=1 from=3 n=3"},
                 {"alu", "alu.fill dst=18 n=1 alu.fill dst=2 n=1"}}) == "");
}

TEST_CASE("crossbars are rewritten in order with their reads") {
    const char* write = "await d[0] >= 1 cim.write_xb xb=0 weight=0";
    CHECK(found({{"crossbar", "cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 => c[0] += 1 signal d[0] += 1"}, {"crossbar", write}}) == "");
    CHECK(found({{"crossbar", "signal d[0] += 1 cim.read_xb xb=0 src=0 n=4 dst=100 cols=4 => c[0] += 1"}, {"crossbar", write}})
              .substr(0, 4) == "race");
}

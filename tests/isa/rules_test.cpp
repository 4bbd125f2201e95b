// Every rule of the verifier against a program that breaks it and nothing else.

#include <functional>
#include <set>

#include <catch2/catch.hpp>

#include "tests/isa/base_program.h"

using namespace cim::isa;
using namespace cim::isa::test;

namespace {

struct Case {
    const char* rule;
    const char* from;  ///< edit of the text
    const char* to;
    std::function<void(Program&)> spoil;  ///< edit of the program
    const char* message;                  ///< part of what must be said
};

const std::vector<Case>& cases() {
    static const std::vector<Case> list{
        // form
        {"form", "", "", [](Program& p) { p.flows[0].op = 7; }, "flow 'fill.f': its operator does not exist"},
        {"form", "", "", [](Program& p) { p.power_limit_uw = 0; }, "program: the power limit is 1 to 1000000000000 uW"},
        {"batch", "", "", [](Program& p) { p.batch_limit = 1; }, "a run over 2 inputs; its buffers have room for 1"},
        {"form", "", "", [](Program& p) { p.batch_limit = 0; }, "program: a run has 1 to 1073741824 inputs"},
        {"form", "", "", [](Program& p) { p.buffers[0].later = 1; }, "memory, core, offset, size or segment is impossible"},
        {"form", "", "", [](Program& p) { p.flows[0].body = -1; }, "flow 'fill.f': its template does not exist"},
        {"form", "", "",
         [](Program& p) {
             p.flows[0].args[0] = {ArgKind::Slice, 9};
         },
         "an argument names entry 9"},
        {"form", "", "", [](Program& p) { p.templates[0].stmts[0].exprs.pop_back(); },
         "template 'fill', line 22: a statement with 1 expressions in place of 2"},
        {"form", "", "", [](Program& p) { p.templates[0].stmts[1].exprs[0] = 99; },
         "template 'fill', line 23: a reference to expression 99"},
        {"form", "", "", [](Program& p) { p.templates[0].stmts[0].body = {0}; }, "statement 0 is part of two blocks"},
        {"form", "", "", [](Program& p) { p.templates[0].stmts[0].body.pop_back(); }, "is part of no block"},
        {"form", "", "",
         [](Program& p) {
             p.templates[0].exprs[0] = {ExprOp::Add, 0, 0, 0};
         },
         "expression node 0 is malformed"},
        {"form", "", "", [](Program& p) { p.templates[0].stmts[1].signals = true; }, "with 3 expressions in place of 6"},
        {"form", "dst=buf + i*16", "dst=buf mod (i + 1)", {}, "div or mod by something with a loop variable"},
        {"form", "", "", [](Program& p) { p.slices[0].param = 5; }, "slice 's': its param does not exist"},
        {"form", "", "", [](Program& p) { p.counters[0].size = 1 << 30; }, "counter 'ready'"},
        {"form", "", "", [](Program& p) { p.weights[0].bits = 17; }, "weight 'w'"},
        {"form", "", "", [](Program& p) { p.inputs[0].shape.clear(); }, "tensor 'image'"},
        {"form", "", "", [](Program& p) { p.buffers[0].core = chip; }, "buffer 'in'"},
        // names
        {"names", "", "", [](Program& p) { p.buffers[1].name = "in"; }, "two things have the name 'in'"},
        {"names", "", "", [](Program& p) { p.flows[1].name = "9x"; }, "'9x' cannot be the name of a flow"},
        {"names", "", "", [](Program& p) { p.templates[0].params[0] = "batch"; }, "template 'fill': 'batch'"},
        {"names", "", "", [](Program& p) { p.templates[0].stmts[0].variable = "buf"; }, "'buf' names two parameters or loop variables"},
        {"names", "", "", [](Program& p) { p.operators[0].name = "a\xC3("; }, "operator 'a\\xc3(': the name is not UTF-8"},
        {"names", "", "", [](Program& p) { p.inputs[0].name = "a\n"; }, "tensor 'a\\x0a': the name is not UTF-8 or has control characters"},
        {"names", "", "", [](Program& p) { p.operators.push_back(p.operators[0]); }, "two operators have the name 'op'"},
        {"arity", "", "", [](Program& p) { p.flows[0].args.pop_back(); }, "flow 'fill.f': template 'fill' takes 2 arguments, here are 1"},
        // structure
        {"kind",
         "fill(@in, @ready)",
         "fill(@ready, @ready)",
         {},
         "flow 'fill.f', line 23: parameter 'buf' of template 'fill' is used as an address in the flow's own memory, but the argument is "
         "counter 'ready'"},
        {"kind", "fill(@in, @ready)", "fill(@in, 0)", {}, "is used as a counter, but the argument is the number 0"},
        {"kind", "fill(@in, @ready)", "fill(@far, @ready)", {}, "but the argument is buffer 'far' in l1[1]"},
        {"kind", "fill(@in, @ready)", "fill(@fm, @ready)", {}, "but the argument is buffer 'fm' in l0"},
        {"kind", "write(@w)", "write(@q)", {}, "is used as a weight, but the argument is param 'q'"},
        {"kind", "signal c[0]", "signal (c + 1)[0]", {}, "counters are named by a parameter alone"},
        {"place", "flow fill.f core[0]", "flow fill.f core[2]", {}, "flow 'fill.f' is at core 2, the machine has 2 cores"},
        {"place", "buffer far l1[1]", "buffer far l1[9]", {}, "buffer 'far' is at core 9"},
        {"place", "counter room[1] core[0]", "counter room[1] core[5]", {}, "counter 'room' is at core 5"},
        {"place", "flow read.f core[0]", "flow read.f chip", {}, "flow 'read.f': the chip controller has no crossbar engine"},
        {"place", "flow read.f core[0]", "flow read.f chip", {}, "flow 'read.f', line 29: cim.read_xb is for flows of a core"},
        {"place", "alu.fill dst=buf + i*16 n=16", "mov.fetch dst=buf src=0 n=16", {}, "mov.fetch is for flows of the chip"},
        {"engine",
         "flow fill.f core[0] alu",
         "flow fill.f core[0] move",
         {},
         "flow 'fill.f', line 23: alu.fill belongs to the alu engine, the flow to the move engine"},
        {"mode", "\"m\" WLM", "\"m\" CM", {}, "flow 'read.f', line 29: cim.read_xb belongs to computing mode XBM, the program is for CM"},
        {"parallel",
         "    alu.fill dst=buf + i*16 n=16",
         "parallel { alu.fill dst=buf + i*16 n=16 }",
         {},
         "template 'fill', line 23: alu.fill is synchronous"},
        {"parallel",
         "  await c[0] >= 4",
         "  await c[0] >= 4 parallel {}",
         {},
         "template 'read', line 28: a parallel block without operators"},
        {"parallel",
         "  cim.write_xb xb=0 weight=w",
         "parallel { cim.write_xb xb=0 weight=w cim.write_xb xb=0 weight=w }",
         {},
         "flow 'write.f', line 36: cim.write_xb xb=0 weight=w: crossbar 0 is used twice"},
        {"memory",
         "buffer out l1[0] 128 32",
         "buffer out l1[0] 128 129",
         {},
         "buffer 'out' takes bytes 128 to 257 of a memory of 256 bytes"},
        {"memory", "buffer fm l0 0 128", "buffer fm l0 9223372036854775807 1", {}, "buffer 'fm' takes bytes"},
        {"overlap",
         "buffer sums l1[0] 64 64",
         "buffer sums l1[0] 63 64",
         {},
         "buffers 'in' (bytes 0 to 64) and 'sums' (bytes 63 to 127) overlap"},
        {"weight",
         "weight w 8x4",
         "weight w 17x4",
         {},
         "weight 'w' of 17x4 with 8 bits takes 17 rows and 32 columns of cells; a crossbar has 16 and 32"},
        {"weight", "weight w 8x4 bits=8", "weight w 8x4 bits=9", {}, "36 columns of cells"},
        {"weight", "", "", [](Program& p) { p.weights[0].values[3] = 128; }, "weight 'w' holds 128, which does not fit 8 bits"},
        {"weight", "", "", [](Program& p) { p.weights[0].values.pop_back(); }, "weight 'w' has 31 values, 8x4 wants 32"},
        {"slice", "channels=4", "channels=5", {}, "slice 's': channels 0 to 5, param 'q' has constants for 4"},
        {"slice", "channels=4", "channel=1 channels=4", {}, "slice 's': channels 1 to 5, param 'q' has constants for 4"},
        {"slice", "param=q channels=4", "channels=0", {}, "slice 's': 0 channels"},
        {"slice", "{ xb=0 weight=w row=0 col=0 }", "{ xb=2 weight=w row=0 col=0 }", {}, "slice 's': crossbar 2, a core has 2"},
        {"slice",
         "{ xb=0 weight=w row=0 col=0 }",
         "{ xb=0 weight=w row=0 col=0 } { xb=0 weight=w2 row=8 col=0 }",
         {},
         "slice 's': two tiles on crossbar 0"},
        {"slice", "row=0 col=0 }", "row=0 col=1 }", {}, "slice 's': tile 'w' gives channels 1 to 5, the slice has 4"},
        {"slice", " { xb=0 weight=w row=0 col=0 }", "", {}, "slice 's': it has no tiles"},
        // run
        {"divisor", "dst=buf + i*16", "dst=buf + i*16 mod (batch - 1)", {}, "mod by 0; the divisor must be a constant of 1 or more"},
        {"operand", "n=16", "n=0", {}, "flow 'fill.f', line 23: alu.fill dst=0 n=0: n=0 is out of range [1,"},
        {"operand", "dst=buf + i*16", "dst=buf - 1", {}, "alu.fill dst=-1 n=16: dst=-1 is out of range"},
        {"operand", "n=16", "n=16 value=256", {}, "value=256 is out of range [0,255]"},
        {"operand", "src=in n=8", "src=in n=8 ring=0", {}, "ring=0 is out of range"},
        {"operand", "xb=0 src=in", "xb=2 src=in", {}, "xb=2 is out of range [0,1]"},
        {"operand", "cols=4", "cols=4 bits=17", {}, "bits=17 is out of range [1,16]"},
        {"param",
         "n=4 param=q",
         "n=4 param=q channel=1",
         {},
         "flow 'requant.f', line 33: alu.requant dst=128 src=64 n=4 param=q channel=1: param 'q' has 4 integers and 4 scales, this takes 5 "
         "and 5"},
        {"rows",
         "src=in n=8",
         "src=in n=9",
         {},
         "flow 'read.f', line 29: cim.read_xb xb=0 src=0 n=9 dst=64 cols=4: rows 0 to 9 of tile 'w' in crossbar 0, which has 8"},
        {"rows", "n=8 dst=sums cols=4", "n=9 dst=sums cols=4 bits=9", {}, "n=9 bytes are no whole number of inputs of 9 bits"},
        {"rows",
         "cim.read_xb xb=0 src=in n=8 dst=sums cols=4",
         "cim.read_core slice=0 src=in n=7 dst=sums",
         {},
         "tile 'w' of slice 's' takes elements 0 to 8 of a window of n=7 bytes"},
        {"parallel-row",
         "cim.read_xb xb=0 src=in n=8",
         "cim.read_row xb=0 row=0 src=in n=5",
         {},
         "cim.read_row xb=0 row=0 src=0 n=5 dst=64 cols=4: 5 wordlines active at once, the crossbar allows 4"},
        {"columns", "cols=4", "cols=5", {}, "5 columns of tile 'w' in crossbar 0, which has 4"},
        {"unwritten",
         "cim.write_xb xb=0",
         "cim.write_xb xb=1",
         {},
         "flow 'read.f', line 29: cim.read_xb xb=0 src=0 n=8 dst=64 cols=4: row 0 of crossbar 0 was not written before"},
        {"unwritten",
         "setup flow",
         "flow",
         {},
         "flow 'read.f', line 29: cim.read_xb xb=0 src=0 n=8 dst=64 cols=4: row 0 of crossbar 0 was not written before"},
        {"unwritten",
         "cim.write_xb xb=0",
         "cim.write_row xb=0 row=0 rows=7",
         {},
         "row 7 of crossbar 0 was not written with tile 'w' before"},
        {"unwritten",
         "cim.read_xb xb=0 src=in n=8 dst=sums cols=4",
         "cim.write_xb xb=0 weight=1 cim.read_core slice=0 src=in n=8 dst=sums",
         {},
         "crossbar 0 holds 'w2', the slice wants 'w' there"},
        {"counter", "await done[0]", "await done[1]", {}, "flow 'requant.f', line 32: done[1] is outside of the array"},
        {"counter", "signal c[0]", "signal c[2*i]", {}, "flow 'fill.f', line 24: ready[2] is outside of the array"},
        {"counter", "await c[0] >= 4", "await c[0, 3] >= 0", {}, "ready[0] and 3 counters in all is outside"},
        {"counter", "signal c[0]", "signal c[4294967296*i]", {}, "ready[an impossible index]"},
        {"amount", "signal c[0] += 1", "signal c[0] += 1 - 2*i", {}, "flow 'fill.f', line 24: ready[0] += -1; a signal adds 0"},
        {"one-signaller",
         "alu.requant dst=out",
         "signal done[0] += 1 alu.requant dst=out",
         {},
         "flow 'requant.f', line 33: done[0] is signalled here and by flow 'read.f'"},
        {"range",
         "dst=buf + i*16",
         "dst=buf + i*17",
         {},
         "flow 'fill.f', line 23: alu.fill dst=51 n=16: writes l1[0] bytes 51 to 67, which are not inside one buffer; the nearest is 'in', "
         "bytes 0 to 64"},
        {"range",
         "weight w 8x4 bits=8 ext=0",
         "weight w 8x4 bits=8 ext=48",
         {},
         "flow 'write.f', line 36: cim.write_xb xb=0 weight=w: reads ext bytes 48 to 80"},
        {"race",
         "  await done[0] >= 1\n",
         "",
         {},
         "flow 'requant.f', line 32: alu.requant dst=128 src=64 n=4 param=q: reads l1[0] bytes 64 to 80 in buffer 'sums', not ordered "
         "after cim.read_xb of flow 'read.f', line 29"},
        {"race",
         "setup flow write.f",
         "flow again core[0] crossbar op=0 write(@w)\nsetup flow write.f",
         {},
         "cim.write_xb xb=0 weight=w: crossbar 0 not ordered after cim.read_xb of flow 'read.f', line 29"},
        {"deadlock",
         "await done[0] >= 1",
         "await done[0] >= 2",
         {},
         "flow 'requant.f', line 32, waits for done[0] >= 2, which stays at 1; flow 'read.f', which signals it, has ended"},
        {"deadlock",
         "signal c[0] += 1",
         "signal c[0] += 1 await c[1] >= 1",
         {},
         "flow 'fill.f', line 24, waits for ready[1] >= 1, which stays at 0; flow 'fill.f' signals it: a cycle (3 flows stand still)"},
        {"deadlock",
         "fill(@in, @ready)",
         "fill(@in, @room)",
         {},
         "flow 'read.f', line 28, waits for ready[0] >= 4, which stays at 0; no flow signals it"},
        {"run-length",
         "for i in 0..4 {",
         "for k in 0..4611686018427387904 { } for i in 0..4 {",
         {},
         "flow 'fill.f': the run takes more than the 100000 steps"},
        {"run-length",
         "for i in 0..4 {",
         "for k in 0..1000000 { for l in 0..1000000 { for m in 0..0 { alu.fill dst=buf n=1 } } } for i in 0..4 {",
         {},
         "flow 'fill.f': the run takes more"},
    };
    return list;
}

}  // namespace

TEST_CASE("the base program passes the verifier") {
    const auto found = verify(parsed(base_text), base_limits(), 1);
    CHECK(found.empty());
    for (const Diagnostic& d : found) {
        UNSCOPED_INFO(d.rule << ": " << d.message);
    }
}

TEST_CASE("each rule is broken by a program that the verifier refuses") {
    std::set<std::string_view> covered;
    for (const Case& c : cases()) {
        Program program = parsed(*c.from == 0 ? base_text : edited(base_text, c.from, c.to));
        if (c.spoil) {
            c.spoil(program);
        }
        Limits limits = base_limits();
        limits.most_work = 100'000;
        std::string all;
        bool hit = false;
        for (const Diagnostic& d : verify(program, limits, program.batch_limit ? 2 : 1)) {
            all += d.rule + ": " + d.message + "\n";
            hit = hit || (d.rule == c.rule && d.message.find(c.message) != std::string::npos);
        }
        INFO("rule " << c.rule << ", wanted: " << c.message << "\nfound:\n" << all);
        CHECK(hit);
        covered.insert(c.rule);
    }
    for (const Rule& rule : rules()) {
        INFO("rule without a negative test: " << rule.name);
        CHECK(covered.count(rule.name) == 1);
    }
}

TEST_CASE("a program for a finer mode than the machine's is refused") {
    Limits limits = base_limits();
    limits.mode = Mode::XBM;
    const auto found = verify_structure(parsed(base_text), limits);
    REQUIRE(found.size() == 1);
    CHECK(found[0].rule == "mode");
    CHECK(found[0].message == "the program is for computing mode WLM, the machine has XBM");
}

TEST_CASE("findings stop at the cap, and a loop's repeats count once") {
    Limits limits = base_limits();
    const Program program = parsed(edited(base_text, "n=16", "n=0"));
    CHECK(verify(program, limits, 1).size() == 1);
    limits.most_findings = 1;
    Program bad = parsed(base_text);
    bad.flows[0].op = bad.flows[1].op = 9;
    CHECK(verify(bad, limits, 1).size() == 1);
}

TEST_CASE("a setup flow that waits for a flow after setup never ends") {
    const Program program = parsed(
        edited(edited(base_text, "template write(w) {", "template write(w, c) {\n await c[0] >= 1"), "write(@w)", "write(@w, @ready)"));
    const auto found = verify(program, base_limits(), 1);
    REQUIRE(found.size() == 1);
    CHECK(found[0].message ==
          "flow 'write.f', line 36, waits for ready[0] >= 1, which stays at 0; flow 'fill.f', which signals it, begins only after this "
          "segment");
}

TEST_CASE("a program cannot make the verifier take long or much memory") {
    Limits limits = base_limits();
    limits.most_work = 1'000'000;
    for (const char* loop : {"for k in 0..9000000000000000000 { signal c[1] += 1 }", "for k in 0..9000000000000000000 { await c[1] >= 0 }",
                             "for k in 0..9000000000000000000 { alu.max src=buf n=1000000000 taps=2 tap=1 step=2 dst=buf }"}) {
        const auto found = verify(parsed(edited(base_text, "for i in 0..4 {", std::string(loop) + " for i in 0..4 {")), limits, 1);
        REQUIRE(!found.empty());
        CHECK(found.back().rule == "run-length");
    }
}

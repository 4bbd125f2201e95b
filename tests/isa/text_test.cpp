// Printer and parser.

#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "isa/binary/data.h"
#include "isa/generate/random_program.h"
#include "isa/names.h"
#include "isa/text/print.h"
#include "isa/text/unroll.h"
#include "tests/isa/base_program.h"

using namespace cim::isa;
using namespace cim::isa::test;

namespace {

std::string error_of(const std::string& text) {
    try {
        parse_text(text, "x.mop");
    } catch (const ParseError& error) {
        return error.what();
    }
    return "";
}

std::string printed_again(const std::string& text) {
    DataRef data;
    const Program program = parse_text(text, "x.mop", {}, &data);
    return print_text(program, data);
}

/// A template's body around an expression, as printed.
std::string expression_printed(const std::string& expression) {
    const std::string text =
        printed_again("mop 1 program \"p\" machine \"m\" CM template t(a, b) { for x in 0..9 { alu.fill dst=" + expression + " n=1 } }");
    const std::size_t from = text.find("dst=") + 4;
    return text.substr(from, text.find(" n=1") - from);
}

}  // namespace

TEST_CASE("10,000 generated programs print, parse and print the same") {
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
        const Program program = random_program(seed);
        const std::string data = encode_data(program);
        const std::string text = print_text(program);
        const Program again = parse_text(text, "generated", [&](const DataRef&) { return data; });
        if (!(again == program) || print_text(again) != text) {
            FAIL("seed " << seed << "\n" << text);
        }
    }
    SUCCEED();
}

TEST_CASE("generated programs are well formed") {
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        const auto found = verify_form(random_program(seed));
        INFO("seed " << seed << ": " << (found.empty() ? "" : found[0].message));
        REQUIRE(found.empty());
    }
}

TEST_CASE("the name most like a text is a name, and a name itself") {
    for (const char* const text : {"", "/", "//a//b", "42", "a..b", "a.", "...", "Identity:0", "sp ace",
                                   "Stra\xC3\x9F"
                                   "e",
                                   "-x", "a\n"}) {
        INFO(text);
        CHECK(is_name(name_like(text)));
        CHECK(name_like(name_like(text)) == name_like(text));
    }
    CHECK(name_like("/conv1/Conv") == "conv1/Conv");
    CHECK(name_like("layer1.0.conv1") == "layer1.0.conv1");
    CHECK(name_like("42:0") == "_42_0");
}

TEST_CASE("a title is UTF-8 without control characters") {
    for (const char* const good : {"", "a b",
                                   "Stra\xC3\x9F"
                                   "e",
                                   "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEE\x80\x80"}) {
        CHECK(is_title(good));
    }
    // Control characters of both sets; cut off; too long a form; a surrogate; past the last character; a byte that begins nothing.
    for (const char* const bad :
         {"\n", "a\x7F", "\xC2\x80", "\xC3", "\xE2\x82", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\x80"}) {
        INFO(printable(bad));
        CHECK_FALSE(is_title(bad));
    }
    CHECK(printable("Stra\xC3\x9F"
                    "e\n\xC3(") ==
          "Stra\xC3\x9F"
          "e\\x0a\\xc3(");
    CHECK(printable(std::string(40, 'a')) == std::string(40, 'a'));
    CHECK(printable(std::string(39, 'a') + "\xC3\x9F"
                                           "b") == std::string(39, 'a') + "\xC3\x9F...");
}

TEST_CASE("control characters in a text are escaped, though no title may have them") {
    Program program = parsed(base_text);
    program.operators[0].name = "two\nlines\t\x01\\\"";
    const std::string text = print_text(program);
    CHECK(text.find('\x01') == std::string::npos);
    CHECK(parse_text(text, "generated").operators[0].name == program.operators[0].name);
}

TEST_CASE("the canonical text of the base program is itself") {
    CHECK(printed_again(base_text) == base_text);
}

TEST_CASE("spacing and comments are read and not kept") {
    std::string loose;
    for (const char c : base_text) {
        loose += c == ' ' ? "\t " : std::string(1, c);
        if (c == '\n') {
            loose += "\r\n # a comment with \"quotes\" { and braces\n";
        }
    }
    CHECK(printed_again(loose) == base_text);
}

TEST_CASE("brackets are printed where precedence needs them") {
    for (const char* e :
         {"a + b*x", "(a + b)*x", "a - (b - x)", "a - b - x", "a*(b div 2)", "a*b div 2 mod 3", "-5*x", "x - -5", "min(a, b + 1)*2",
          "max(min(a, x), 0)", "a + (b + x)", "(x - 1) mod 6", "batch*a", "9223372036854775807", "-9223372036854775808"}) {
        CHECK(expression_printed(e) == e);
    }
    CHECK(expression_printed("((a)) + (b*(x))") == "a + b*x");
    CHECK(expression_printed("a*b+x") == "a*b + x");
}

TEST_CASE("lines are kept for messages") {
    const Program program = parse_text(base_text, "x.mop");
    CHECK(program.templates[0].stmts[1].line == 23);
    CHECK(program.flows[0].line == 38);
}

TEST_CASE("parser errors have a place and a hint") {
    const auto spoiled = [](const char* from, const char* to) { return error_of(edited(base_text, from, to)); };
    CHECK(spoiled("alu.fill", "alu.fil") == "x.mop:23:5: unknown operator 'alu.fil' (did you mean 'alu.fill'?)");
    CHECK(spoiled("alu.fill dst", "alu.fill dts") == "x.mop:23:14: alu.fill has no field 'dts' (did you mean 'dst'?)");
    CHECK(spoiled("n=16", "n=16 n=16") == "x.mop:23:34: field 'n' stands twice");
    CHECK(spoiled(" n=16", "") == "x.mop:23:5: alu.fill needs field 'n'");
    CHECK(spoiled("buf + i*16", "buff + i*16") ==
          "x.mop:23:18: 'buff' is no parameter or loop variable of template 'fill' (did you mean 'buf'?)");
    CHECK(spoiled("buf + i*16", "buf-i") ==
          "x.mop:23:18: 'buf-i' is no parameter or loop variable of template 'fill'; write spaces around a minus sign");
    CHECK(spoiled("counter ready", "conter ready") == "x.mop:14:1: unknown section 'conter' (did you mean 'counter'?)");
    CHECK(spoiled("weight w 8x4", "buffer late l0 0 1 weight w 8x4") == "x.mop:17:1: 'buffer' stands before 'counter' in a program");
    CHECK(spoiled("buffer sums", "buffer in") == "x.mop:8:8: the name 'in' is taken");
    CHECK(spoiled("fill(@in,", "fill(@inn,") ==
          "x.mop:38:36: there is no buffer, counter, weight, param or slice 'inn' (did you mean 'in'?)");
    CHECK(spoiled("fill(@in, @ready)", "fill(@in)") == "x.mop:38:30: template 'fill' takes 2 arguments, here are 1");
    CHECK(spoiled("core[0] alu op=0 fill", "core[0] alu op=1 fill") == "x.mop:38:25: op=1, but the program has 1 operators");
    CHECK(spoiled("core[0] alu op=0 fill", "core[0] alu op=0 fil") == "x.mop:38:30: there is no template 'fil' (did you mean 'fill'?)");
    CHECK(spoiled("core[0] alu", "core[0] alou") == "x.mop:38:21: 'alou' is no engine; move, crossbar and alu are");
    CHECK(spoiled("for i in", "for buf in") == "x.mop:22:7: loop variable 'buf' hides another of that name");
    CHECK(spoiled("fill(buf, c)", "fill(batch, c)") == "x.mop:21:15: 'batch' cannot be the name of a parameter");
    CHECK(spoiled("alu.fill dst=buf + i*16 n=16", "alu.fill dst=buf n=16 => c[0] += 1") ==
          "x.mop:23:27: alu.fill is synchronous: its flow goes on at its completion, so signal in a statement after it");
    CHECK(spoiled("buffer in l1[0] 0 64", "buffer in l1[0] 0 99999999999999999999") ==
          "x.mop:7:19: size: 99999999999999999999 is out of range [0,9223372036854775807]");
    CHECK(spoiled("\"m\" WLM", "\"m\" WLM power_limit 0 uW") == "x.mop:3:29: the power limit: 0 is out of range [1,1000000000000]");
    CHECK(spoiled("\"m\" WLM", "\"m\" WLM power_limit 5 W") == "x.mop:3:31: expected 'uW', found 'W'");
    CHECK(spoiled("\"m\" WLM", "\"m\" WLM batch_limit 0") == "x.mop:3:29: the most inputs of a run: 0 is out of range [1,1073741824]");
    CHECK(spoiled("l1[0] 0 64", "l1[0] 0 64 segment 3 to 3") ==
          "x.mop:7:35: the number of the last segment: 3 is out of range [4,2147483647]");
    CHECK(spoiled("\"m\" WLM", "\"m\" WLM level fine") == "x.mop:3:23: 'fine' is no level; none, cg, mvm and vvm are");
    CHECK(spoiled("\"m\" WLM", "\"m\" abc WLN") == "x.mop:3:17: 'WLN' is no computing mode; CM, XBM and WLM are");
    CHECK(spoiled("scale=0.5", "scale=1e99") == "x.mop:6:29: scale: '1e99' is no number that a float can hold");
    CHECK(spoiled("8x4", "8x") == "x.mop:17:10: rows x columns: '8x' is no row of numbers with x between");
    CHECK(spoiled("\"base\"", "\"base") == "x.mop:2:9: a string that is not closed on its line");
    CHECK(spoiled("data \"d\" 0\n", "").substr(0, 10) == "x.mop:41:1");
    CHECK(spoiled("setup flow", "setup template") == "x.mop:41:7: only a flow can be of the setup or of a segment");
    CHECK(error_of("") == "x.mop:1:1: expected 'mop', found the end of the file");
    CHECK(error_of("mop 2") == "x.mop:1:5: the version of the program text: 2 is out of range [1,1]");
}

TEST_CASE("hostile texts give one error each") {
    const std::string start = "mop 1 program \"p\" machine \"m\" CM template t(a) { ";
    CHECK(error_of(start + "alu.fill n=1 dst=" + std::string(1'000'000, '(')).find("nested more than 100 deep") != std::string::npos);
    std::string sum = "a";
    std::string loops;
    std::string minima;
    for (int i = 0; i < 100'000; ++i) {
        sum += " + a";
        loops += fmt::format("for v{} in 0..1 {{ ", i);
        minima += "min(a, ";
    }
    CHECK(error_of(start + "alu.fill n=1 dst=" + sum).find("more than 100 nested operators") != std::string::npos);
    CHECK(error_of(start + loops).find("more than 32 loops in one another") != std::string::npos);
    CHECK(error_of(start + "alu.fill n=1 dst=" + minima).find("nested more than 100 deep") != std::string::npos);
    CHECK(error_of(std::string("\0\xFF\x7F", 3)) == "x.mop:1:1: '\\x00' has no meaning here");
    CHECK(error_of("mop 1 program \"p\" machine \"m\" CM counter c[999999999999] chip data").find("out of range") != std::string::npos);
    CHECK(error_of("mop 1 program \"p\" machine \"m\" CM data \"d\" 0 param p n=99999999 zero=0 lo=0 hi=0").find("out of range") !=
          std::string::npos);
    CHECK(error_of("mop 1 program \"" + std::string(1'000'000, 'x')).size() < 200);
    CHECK(error_of(std::string(1'000'000, 'x')).size() < 200);
}

TEST_CASE("a text cut anywhere, or with a byte changed, is refused or is another program") {
    const std::string whole = print_text(random_program(7)) + base_text.substr(base_text.size() - 1);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        try {
            parse_text(whole.substr(0, length), "cut");
        } catch (const ProgramError&) {
        }
    }
    for (std::size_t i = 0; i < base_text.size(); ++i) {
        for (const char c : {'\0', '{', '9', '"', '\n', '\xFF', '-'}) {
            std::string text = base_text;
            text[i] = c;
            try {
                const Program program = parse_text(text, "flipped");
                if (verify_form(program).empty()) {
                    DataRef data;
                    print_text(program, data);
                }
            } catch (const ProgramError&) {
            }
        }
    }
    SUCCEED();
}

TEST_CASE("a parsed program is well formed, whatever the text") {
    // What the parser lets through must be safe to print and resolve.
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        CHECK(verify_form(parse_text(print_text(random_program(seed)), "generated")).empty());
    }
}

TEST_CASE("unrolled, a flow shows each operator with its numbers") {
    std::ostringstream out;
    const Program program = parsed(base_text);
    CHECK(print_unrolled(out, program, 1, 100));
    CHECK(out.str() == R"(flow fill.f core[0] alu {
  alu.fill dst=0 n=16
  signal ready[0] += 1
  alu.fill dst=16 n=16
  signal ready[0] += 1
  alu.fill dst=32 n=16
  signal ready[0] += 1
  alu.fill dst=48 n=16
  signal ready[0] += 1
}
flow read.f core[0] crossbar {
  await ready[0] >= 4
  cim.read_xb xb=0 src=0 n=8 dst=64 cols=4 => done[0] += 1
}
flow requant.f core[0] alu {
  await done[0] >= 1
  alu.requant dst=128 src=64 n=4 param=q
}
setup flow write.f core[0] crossbar {
  cim.write_xb xb=0 weight=w
}
)");
    std::ostringstream cut;
    CHECK_FALSE(print_unrolled(cut, program, 1, 3));
    CHECK(cut.str() ==
          "flow fill.f core[0] alu {\n  alu.fill dst=0 n=16\n  signal ready[0] += 1\n# ... cut here: the limit of lines is reached\n");
}

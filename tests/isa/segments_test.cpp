// Segments: what may share bytes, and what one may know of another.

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/isa/base_program.h"

using namespace cim::isa;
using namespace cim::isa::test;

namespace {

/// Findings of a program with these buffers and flows, as "rule: message".
std::string found(const std::string& buffers, const std::string& flows) {
    const std::string text = "mop 1 program \"s\" machine \"m\" WLM operator \"o\" \"o\" " + buffers +
                             " counter c[2] core[0] data template fill(dst, n, c) { alu.fill dst=dst n=n signal c[0] += 1 } "
                             "template wait(c) { await c[0] >= 1 } " +
                             flows;
    std::string all;
    for (const Diagnostic& d : verify(parsed(text), base_limits(), 1)) {
        all += fmt::format("{}{}: {}", all.empty() ? "" : "\n", d.rule, d.message);
    }
    return all;
}

}  // namespace

TEST_CASE("buffers of different segments share bytes, those of one segment or of the whole run do not") {
    const std::string flows = "flow f core[0] alu op=0 fill(@a, 8, @c)";
    CHECK(found("buffer a l1[0] 0 64 segment 0 buffer b l1[0] 32 64 segment 1", flows).empty());
    CHECK(found("buffer a l1[0] 0 64 segment 1 buffer b l1[0] 32 64 segment 1", flows) ==
          "overlap: buffers 'a' (bytes 0 to 64) and 'b' (bytes 32 to 96) overlap");
    CHECK(found("buffer a l1[0] 0 64 buffer b l1[0] 32 64 segment 1", flows) ==
          "overlap: buffers 'a' (bytes 0 to 64) and 'b' (bytes 32 to 96) overlap");
    // A long one hides behind a short one that begins later.
    CHECK(found("buffer a l1[0] 0 96 segment 1 buffer b l1[0] 16 16 segment 0 buffer d l1[0] 64 64 segment 1", flows) ==
          "overlap: buffers 'a' (bytes 0 to 96) and 'd' (bytes 64 to 128) overlap");
}

TEST_CASE("a buffer is there in its own segment only") {
    CHECK(found("buffer a l1[0] 0 64 segment 1", "segment 1 flow f core[0] alu op=0 fill(@a, 8, @c)").empty());
    CHECK_THAT(found("buffer a l1[0] 0 64 segment 1", "flow f core[0] alu op=0 fill(@a, 8, @c)"), Catch::Contains("not inside one buffer"));
}

TEST_CASE("a crossbar may be written a segment before it is read, after the last read of that segment") {
    const std::string again = "segment 1 flow read.g core[0] crossbar op=0 again(@in, @sums, @more)\n";
    const auto program = [&](const std::string& written, const std::string& read, const std::string& before) {
        std::string text = edited(base_text, "counter room", "counter more[1] core[0] data\ncounter room");
        text = edited(text, "template write(w)",
                      "template again(in, sums, more) { cim.read_xb xb=" + read +
                          " src=in n=8 dst=sums cols=4 => more[0] += 1 }\n"
                          "template early(w, done) { " +
                          before + " cim.write_xb xb=" + written + " weight=w }\ntemplate write(w)");
        text += "flow early.f core[0] crossbar op=0 early(@w2, @done)\n" + again;
        std::string all;
        for (const Diagnostic& d : verify(parsed(text), base_limits(), 1)) {
            all += d.rule + ": " + d.message + "\n";
        }
        return all;
    };
    // One that the first segment does not use; and one that it does, when that is over.
    CHECK(program("1", "1", "").empty());
    CHECK(program("0", "0", "await done[0] >= 1").empty());
    CHECK_THAT(program("0", "0", ""), Catch::Contains("race: flow 'early.f'") || Catch::Contains("unwritten: flow 'read.f'"));
    CHECK_THAT(program("0", "1", "await done[0] >= 1"), Catch::Contains("row 0 of crossbar 1 was not written before"));
}

TEST_CASE("all that a segment does comes before the next, and nothing of it waits for the next") {
    const std::string buffer = "buffer a l1[0] 0 64";
    CHECK_THAT(found(buffer, "flow f core[0] alu op=0 fill(@a, 8, @c) flow g core[0] move op=0 fill(@a, 8, @c)"), Catch::Contains("flow"));
    CHECK(found(buffer, "flow f core[0] alu op=0 fill(@a, 8, @c) segment 1 flow g core[0] alu op=0 wait(@c)").empty());
    CHECK_THAT(found(buffer, "segment 1 flow f core[0] alu op=0 fill(@a, 8, @c) flow g core[0] alu op=0 wait(@c)"),
               Catch::Contains("flow 'f', which signals it, begins only after this segment"));
    CHECK_THAT(found(buffer, "segment 65537 flow f core[0] alu op=0 fill(@a, 8, @c)"), Catch::Contains("the segment is impossible"));
}

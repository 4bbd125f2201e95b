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

TEST_CASE("a buffer of several segments shares bytes with none that is alive in one of them") {
    const std::string flows = "flow f core[0] alu op=0 fill(@a, 8, @c)";
    const std::string kept = "buffer a l1[0] 0 64 segment 0 to 2 ";
    CHECK(found(kept + "buffer b l1[0] 32 64 segment 3", flows).empty());
    CHECK(found(kept + "buffer b l1[0] 32 64 segment 3 to 5 buffer d l1[0] 96 64 segment 1 to 4", flows).empty());
    for (const char* of : {"segment 0", "segment 2", "segment 1 to 7", "segment 2 to 3", ""}) {
        INFO(of);
        CHECK(found(kept + "buffer b l1[0] 32 64 " + of, flows) == "overlap: buffers 'a' (bytes 0 to 64) and 'b' (bytes 32 to 96) overlap");
    }
    // One that begins later hides neither part of a long one.
    CHECK(found("buffer a l1[0] 0 96 segment 0 to 2 buffer b l1[0] 16 16 segment 3 buffer d l1[0] 64 64 segment 2", flows) ==
          "overlap: buffers 'a' (bytes 0 to 96) and 'd' (bytes 64 to 128) overlap");
    CHECK(found("buffer a l1[0] 0 96 segment 0 to 2 buffer b l1[0] 96 16 segment 1 buffer d l1[0] 100 64 segment 0", flows).empty());
}

TEST_CASE("a buffer of several segments is there in each of them, and in no other") {
    for (int segment = 0; segment < 4; ++segment) {
        const std::string all =
            found("buffer a l1[0] 0 64 segment 1 to 2", fmt::format("segment {} flow f core[0] alu op=0 fill(@a, 8, @c)", segment));
        INFO(segment << ": " << all);
        CHECK(all.empty() == (segment == 1 || segment == 2));
        CHECK((all.find("not inside one buffer") == std::string::npos) == all.empty());
    }
}

TEST_CASE("a run has no more inputs than its buffers have room for") {
    const std::string text = "mop 1 program \"s\" machine \"m\" WLM batch_limit 2 operator \"o\" \"o\"";
    CHECK(verify(parsed(text), base_limits(), 2).empty());
    const std::vector<Diagnostic> found = verify(parsed(text), base_limits(), 3);
    REQUIRE(found.size() == 1);
    CHECK(found[0].rule == "batch");
    CHECK(found[0].message == "a run over 3 inputs; its buffers have room for 2: compile it for as many (--batch)");
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

// Files that are no hardware file at all, by accident or on purpose: a diagnostic, never a crash.

#include <algorithm>
#include <filesystem>
#include <random>

#include <catch2/catch.hpp>

#include "hw_models/spec/load.h"
#include "tests/hw/support.h"

using cim::test::complaints;
using Lines = std::vector<std::string>;

namespace {

bool contains(const Lines& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

}  // namespace

TEST_CASE("A file that is not there or not a file is a diagnostic", "[hw]") {
    const auto missing = cim::hw::load_machine("no/such/file.yaml");
    REQUIRE(missing.diagnostics.size() == 1);
    CHECK(missing.diagnostics[0].text() == "no/such/file.yaml: cannot be read: No such file or directory");
    const std::string folder = std::filesystem::temp_directory_path().string();
    CHECK_FALSE(cim::hw::load_machine(folder).ok());
    CHECK(cim::hw::show_machine("no/such/file.yaml").empty());
}

TEST_CASE("Text that is no YAML mapping is refused", "[hw]") {
    CHECK(complaints("") == Lines{"m.yaml:1:1: the file is empty"});
    CHECK(complaints("\n# only a comment\n") == Lines{"m.yaml:1:1: the file is empty"});
    CHECK(complaints("tiny") == Lines{"m.yaml:1:1: a hardware file is a mapping of keys to values"});
    CHECK(complaints("- a\n- b\n") == Lines{"m.yaml:1:1: a hardware file is a mapping of keys to values"});
    CHECK(complaints("a: b: c\n") == Lines{"m.yaml:1:5: not valid YAML: illegal map value"});
    CHECK(complaints("name: {a: 1\n") == Lines{"m.yaml:1:1: not valid YAML: end of map flow not found"});
    CHECK(complaints("name: \"tiny\n") == Lines{"m.yaml:1:1: not valid YAML: a quote is opened and not closed before here"});
    CHECK(complaints("name: *nothing\n") == Lines{"m.yaml:1:7: not valid YAML: the referenced anchor is not defined"});
}

TEST_CASE("Bytes that are no text are refused", "[hw]") {
    CHECK(complaints(std::string("name: a\0b", 9)) == Lines{"m.yaml:1:8: byte 0x00 is not text: the file must be UTF-8"});
    CHECK(complaints("\xff\xfe name") == Lines{"m.yaml:1:1: byte 0xff is not text: the file must be UTF-8"});
    CHECK(complaints("name: a\n \xc3(") == Lines{"m.yaml:2:2: byte 0xc3 is not text: the file must be UTF-8"});
    CHECK(complaints("name: \xe2\x82") == Lines{"m.yaml:1:7: byte 0xe2 is not text: the file must be UTF-8"});
    CHECK(complaints("name: \x1b[0m") == Lines{"m.yaml:1:7: byte 0x1b is not text: the file must be UTF-8"});
}

TEST_CASE("Line ends, byte order mark and a name in any script do not matter", "[hw]") {
    const std::string tiny = cim::test::config_text("tiny");
    const std::string hash = cim::hw::load_machine_text(tiny, "m").machine.hash;
    std::string windows;
    for (const char c : tiny) {
        windows += c == '\n' ? "\r\n" : std::string(1, c);
    }
    CHECK(cim::hw::load_machine_text(windows, "m").machine.hash == hash);
    CHECK(cim::hw::load_machine_text("\xef\xbb\xbf" + tiny, "m").machine.hash == hash);
    CHECK(cim::hw::load_machine_text(tiny + "...\n", "m").machine.hash == hash);
    const auto named = cim::hw::load_machine_text(cim::test::replaced(tiny, "name: tiny", "name: \xe6\xa0\xb8"), "m");
    REQUIRE(named.ok());
    CHECK(named.machine.name == "\xe6\xa0\xb8");
}

TEST_CASE("Anchors, aliases and tags are refused where they stand", "[hw]") {
    const Lines bomb = complaints("name: &a [x, x]\nchip: &b [*a, *a]\ncore: [*b, *b]\n");
    CHECK(contains(bomb, "m.yaml:1:7: name: anchors (`&name`) are not allowed: write the value out where it is needed"));
    CHECK(contains(bomb, "m.yaml:3:8: core: aliases (`*name`) are not allowed: write the value out"));
    CHECK(contains(complaints("mode: !wlm CM\n"), "m.yaml:1:7: mode: the tag `!wlm` is not allowed"));
    CHECK(contains(complaints("? [a, b]\n: 1\n"), "m.yaml:1:3: a key must be a word, not a list or a mapping"));
    CHECK(contains(complaints("name: a\n---\nname: b\n"), "m.yaml:3:1: a second document in the file: one file describes one machine"));
}

TEST_CASE("Deep and huge files end in a diagnostic", "[hw]") {
    CHECK(contains(complaints(std::string(200'000, '[')), "m.yaml:1:9: nested more than 16 levels deep"));
    std::string block;
    for (std::size_t i = 0; i < 1000; ++i) {
        block += std::string(i, ' ') + "a:\n";
    }
    CHECK(complaints(block) == Lines{"m.yaml:17:17: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: nested more than 16 levels deep"});
    std::string list = "chip: [";
    for (int i = 0; i < 1'000'001; ++i) {
        list += "1,";
    }
    CHECK(complaints(list + "1]") == Lines{"m.yaml:1:2000008: chip: more than 1000000 values in one file"});
    CHECK(complaints(std::string(5'000'000, '#')) == Lines{"m.yaml:1:1: the file has 5000000 bytes; at most 4194304 are read"});
}

TEST_CASE("Damaged files never crash the loader", "[hw]") {
    const std::string tiny = cim::test::config_text("tiny");
    std::mt19937 random(20240427);
    const std::string bytes = "\n :[]{}\"'&*!|>-?#,%@`~0eE.\t\\/";
    for (int round = 0; round < 400; ++round) {
        std::string text = tiny;
        for (int k = 0; k < 1 + round % 8; ++k) {
            const std::size_t at = random() % text.size();
            switch (random() % 3) {
                case 0: text[at] = bytes[random() % bytes.size()]; break;
                case 1: text.erase(at, random() % 40); break;
                default: text.insert(at, text.substr(random() % text.size(), random() % 40)); break;
            }
        }
        const auto result = cim::hw::load_machine_text(text, "m.yaml");
        for (const auto& diagnostic : result.diagnostics) {
            CHECK(diagnostic.line >= 1);
            CHECK_FALSE(diagnostic.message.empty());
        }
        CHECK(result.machine.hash.empty() != result.ok());
    }
}

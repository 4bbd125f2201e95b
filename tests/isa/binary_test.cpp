// Binary form, data file, programs on disk.

#include <filesystem>
#include <fstream>
#include <limits>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "isa/binary/codec.h"
#include "isa/binary/data.h"
#include "isa/files/program_file.h"
#include "isa/generate/random_program.h"
#include "isa/text/print.h"
#include "tests/isa/base_program.h"

using namespace cim::isa;
using namespace cim::isa::test;
namespace fs = std::filesystem;

namespace {

/// A folder that is gone with the test.
class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "cim-isa-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    std::size_t files() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator())); }

  private:
    fs::path path_;
};

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string load_error(const std::string& path) {
    try {
        load_program(path);
    } catch (const ProgramError& error) {
        return error.what();
    }
    return "";
}

Program with_values() {
    Program program = parsed(base_text);
    program.weights[0].values[2] = -128;
    program.weights[1].bits = 16;
    program.weights[1].values[5] = -32768;
    program.params[0].scale.push_back(-0.0F);
    program.params[0].negative_scale = {0.5F, -0.25F, 0, 1, 2};
    program.params[0].bias[1] = std::numeric_limits<std::int32_t>::min();
    return program;
}

}  // namespace

TEST_CASE("10,000 generated programs pass through the binary form unchanged") {
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
        const Program program = random_program(seed);
        const std::string bytes = encode_binary(program);
        const Program again = decode_binary(bytes, "generated");
        if (!(again == program) || encode_binary(again) != bytes) {
            FAIL("seed " << seed);
        }
    }
    SUCCEED();
}

TEST_CASE("binary keeps the lines of the text") {
    const Program again = decode_binary(encode_binary(parsed(base_text)), "x");
    CHECK(again.templates[0].stmts[1].line == 23);
    CHECK(again.flows[0].line == 38);
}

TEST_CASE("a binary program cut anywhere is refused") {
    for (const std::uint64_t seed : {1, 2, 3}) {
        const std::string bytes = encode_binary(random_program(seed));
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            CHECK_THROWS_AS(decode_binary(std::string_view(bytes).substr(0, length), "cut"), ProgramError);
        }
        CHECK_THROWS_WITH(decode_binary(bytes + "x", "long"), Catch::Contains("1 bytes follow the end"));
    }
}

TEST_CASE("a binary program with changed bytes is refused or is another well-formed program") {
    for (const std::uint64_t seed : {4, 5, 6}) {
        const std::string bytes = encode_binary(random_program(seed));
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            for (const int change : {1, 2, 0x40, 0x80, 0xFF}) {
                std::string spoiled = bytes;
                spoiled[i] = static_cast<char>(spoiled[i] ^ change);
                try {
                    const Program program = decode_binary(spoiled, "flipped");
                    print_text(program);
                    verify(program, base_limits(), 1);
                } catch (const ProgramError&) {
                }
            }
        }
    }
    SUCCEED();
}

TEST_CASE("absurd sizes cost nothing") {
    ByteWriter out;
    out.raw("MOPB");
    out.byte(6);
    out.varint(std::numeric_limits<std::uint64_t>::max());
    CHECK_THROWS_WITH(decode_binary(out.take(), "x"), Catch::Contains("items announced, but only 0 bytes are left"));
    CHECK_THROWS_WITH(decode_binary("MOPB\x01", "x"), "x: byte 5: version 1 of the binary form; this program reads version 6");
    CHECK_THROWS_WITH(decode_binary("mop 1", "x"), Catch::Contains("does not begin with MOPB"));
}

TEST_CASE("numbers of all sizes pass through varints") {
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{-64}, std::int64_t{64},
                                     std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
        ByteWriter out;
        out.signed_varint(value);
        const std::string bytes = out.take();
        ByteReader in(bytes, "x");
        CHECK(in.signed_varint() == value);
        CHECK(in.remaining() == 0);
    }
    ByteReader in(std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", 10), "x");
    CHECK_THROWS_WITH(in.varint(), Catch::Contains("more than 64 bits"));
}

TEST_CASE("programs are saved and loaded in both forms") {
    const Folder folder;
    const Program program = with_values();
    save_program(program, folder / "a.mop");
    save_program(program, folder / "a.mopb");
    CHECK(load_program(folder / "a.mop") == program);
    CHECK(load_program(folder / "a.mopb") == program);
    CHECK(folder.files() == 3);
    CHECK(content(folder / "a.mop").find("data \"a.data\" " + content_hash(content(folder / "a.data"))) != std::string::npos);
    CHECK_THROWS_WITH(save_program(program, folder / "a.txt"), Catch::Contains("ends in .mop (text) or .mopb (binary)"));

    Program plain = parsed(base_text);
    plain.weights.clear();
    plain.params.clear();
    plain.slices.clear();
    plain.templates.resize(2);
    plain.flows.resize(2);
    save_program(plain, folder / "b.mop");
    CHECK(load_program(folder / "b.mop") == plain);
    CHECK_FALSE(fs::exists(folder / "b.data"));
}

TEST_CASE("data that is missing, foreign or elsewhere is refused") {
    const Folder folder;
    save_program(with_values(), folder / "a.mop");
    std::string text = content(folder / "a.mop");
    std::string data = content(folder / "a.data");
    data[data.size() - 1] ^= 1;
    std::ofstream(folder / "a.data", std::ios::binary) << data;
    CHECK_THAT(load_error(folder / "a.mop"), Catch::Contains("the data file 'a.data' is not the one that this program was written with"));
    fs::remove(folder / "a.data");
    CHECK_THAT(load_error(folder / "a.mop"), Catch::Contains("a.data: cannot be read: No such file or directory"));
    std::ofstream(folder / "b.mop") << edited(text, "\"a.data\"", "\"../a.data\"");
    CHECK_THAT(load_error(folder / "b.mop"), Catch::Contains("must be named without a folder"));
    CHECK_THAT(load_error(folder / "none.mop"), Catch::Contains("No such file"));
    fs::create_directory(folder / "dir.mop");
    CHECK_THAT(load_error(folder / "dir.mop"), Catch::Contains("is a folder"));
}

TEST_CASE("data of another shape is refused though its hash fits") {
    const Program program = parsed(base_text);
    Program other = program;
    other.weights[0].values.pop_back();
    const std::string data = encode_data(other);
    CHECK_THROWS_WITH(parse_text(print_text(program, {"d", content_hash(data)}), "x.mop", [&](const DataRef&) { return data; }),
                      Catch::Contains("weight 'w' has 31 values, its shape 8x4 wants 32"));
    for (std::size_t length = 0; length < data.size(); ++length) {
        Program into = program;
        CHECK_THROWS_AS(decode_data(std::string_view(data).substr(0, length), into, "cut"), ProgramError);
    }
}

TEST_CASE("a save that fails leaves the old program whole") {
    const Folder folder;
    const Program program = with_values();
    save_program(program, folder / "a.mop");
    CHECK_THROWS_AS(save_program(program, folder / "no/such/folder/a.mop"), ProgramError);
    // The text cannot replace a folder: the data that was put in place before must go back.
    fs::create_directory(folder / "b.mop");
    std::ofstream(folder / "b.data") << "old";
    CHECK_THROWS_AS(save_program(program, folder / "b.mop"), ProgramError);
    CHECK(content(folder / "b.data") == "old");
    CHECK(load_program(folder / "a.mop") == program);
    CHECK(folder.files() == 4);
}

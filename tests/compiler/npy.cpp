#include "compiler/io/npy.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/io/file.h"
#include "compiler/io/tensor_file.h"
#include "tests/compiler/onnx_files.h"

using namespace cim::compiler;
using namespace cim::test;
using Catch::Matchers::Contains;

namespace {

void write_npy_text(const std::filesystem::path& path, const std::string& dictionary, const std::string& data) {
    std::string header = dictionary;
    header.resize((header.size() + 10 + 64) / 64 * 64 - 10, ' ');
    header.back() = '\n';
    std::ofstream(path, std::ios::binary) << std::string("\x93NUMPY\x01\x00", 8) << static_cast<char>(header.size() & 0xffU)
                                          << static_cast<char>(header.size() >> 8U) << header << data;
}

}  // namespace

TEST_CASE("a tensor written is the tensor read, whatever its rank", "[compiler][io]") {
    const TemporaryFolder folder;
    for (const Dims& shape : {Dims{}, Dims{3}, Dims{2, 3}, Dims{1, 2, 3, 4}, Dims{0, 5}}) {
        const FloatTensor tensor = noise(shape);
        write_npy(folder / "t.npy", tensor);
        CHECK(std::filesystem::file_size(folder / "t.npy") % 64 == tensor.data.size() * 4 % 64);
        const FloatTensor back = read_npy(folder / "t.npy");
        CHECK(back.shape == tensor.shape);
        CHECK(back.data == tensor.data);
    }
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("element types of .npy", "[compiler][io]") {
    const TemporaryFolder folder;
    write_npy_text(folder / "u1.npy", "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", "\x01\x80\xff");
    CHECK(read_npy(folder / "u1.npy").data == std::vector<float>{1, 128, 255});
    CHECK(read_npy_integers(folder / "u1.npy") == std::vector<std::int64_t>{1, 128, 255});
    write_npy_text(folder / "i8.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", std::string(8, '\xff'));
    CHECK(read_npy_integers(folder / "i8.npy") == std::vector<std::int64_t>{-1});
    write_npy_text(folder / "f4.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", std::string(4, '\0'));
    CHECK_THROWS_WITH(read_npy_integers(folder / "f4.npy"), Contains("f4.npy: element type '<f4' is not one of little-endian integers"));
}

TEST_CASE("files that are not .npy, or lie about themselves", "[compiler][io]") {
    const TemporaryFolder folder;
    const auto file = folder / "x.npy";
    const auto message = [&](const std::string& dictionary, const std::string& data) {
        write_npy_text(file, dictionary, data);
        try {
            read_npy(file);
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK_THAT(message("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", "123"),
               Contains("x.npy: shape 2x2 of '<f4' needs 16 bytes, the file has 3"));
    CHECK_THAT(message("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "1234"), Contains("only C order is supported"));
    CHECK_THAT(message("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "1234"), Contains("element type '>f4'"));
    CHECK_THAT(message("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "1234"), Contains("element type '|O'"));
    CHECK_THAT(message("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", ""), Contains("too large"));
    CHECK_THAT(message("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 1099511627776), }", ""), Contains("too large"));
    CHECK_THAT(message("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", ""), Contains("not a list of numbers"));
    CHECK_THAT(message("{'descr': '<f4', 'shape': (1,), }", "1234"), Contains("header is not complete"));
    CHECK_THAT(message("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "1234"), Contains("key 'more'"));
    CHECK_THAT(message("{'descr", ""), Contains("string without end"));

    std::ofstream(file) << "hello";
    CHECK_THROWS_WITH(read_npy(file), Contains("x.npy: not a .npy file"));
    std::ofstream(file, std::ios::binary) << std::string("\x93NUMPY\x03\x00\x00\x00", 10);
    CHECK_THROWS_WITH(read_npy(file), Contains(".npy format 3.0 is not supported"));
    std::ofstream(file, std::ios::binary) << std::string("\x93NUMPY\x01\x00\xff\xff{", 11);
    CHECK_THROWS_WITH(read_npy(file), Contains("cut off in its header"));
    std::ofstream(file, std::ios::binary) << std::string("\x93NUMPY\x02\x00\xff\xff", 10);
    CHECK_THROWS_WITH(read_npy(file), Contains("cut off in its header"));
    CHECK_THROWS_WITH(read_npy(folder / "none.npy"), Contains("none.npy: no such file"));
}

TEST_CASE("samples come from one file or a folder, in order", "[compiler][io]") {
    const TemporaryFolder folder;
    write_npy(folder / "b.npy", {{2, 1, 2}, {3, 4, 5, 6}});
    write_npy(folder / "a.npy", {{1, 1, 2}, {1, 2}});
    onnx::TensorProto proto;
    proto.set_data_type(onnx::TensorProto::FLOAT);
    proto.add_dims(1);
    proto.add_dims(2);
    proto.add_float_data(7);
    proto.add_float_data(8);
    std::ofstream(folder / "c.pb", std::ios::binary) << proto.SerializeAsString();
    const std::vector<FloatTensor> samples = read_samples(folder.path(), {1, 1, 2});
    REQUIRE(samples.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(samples[i].shape == Dims{1, 1, 2});
        CHECK(samples[i].data == std::vector<float>{static_cast<float>(2 * i + 1), static_cast<float>(2 * i + 2)});
    }
    CHECK_THROWS_WITH(read_samples(folder / "b.npy", {1, 3, 2}), Contains("a tensor of shape 2x1x2 holds none of shape 1x3x2"));
    CHECK_THROWS_WITH(read_tensor(folder / "t.txt"), Contains("t.txt: not a tensor file (.npy or .pb)"));
    std::ofstream(folder / "bad.pb") << "nonsense";
    CHECK_THROWS_WITH(read_tensor(folder / "bad.pb"), Contains("bad.pb: not an ONNX TensorProto, or cut off"));
}

TEST_CASE("a file that cannot be written leaves nothing", "[compiler][io]") {
    const TemporaryFolder folder;
    CHECK_THROWS_WITH(write_file_atomically(folder / "no/such/folder.txt", "x"), Contains("folder.txt: cannot be written"));
    std::filesystem::create_directory(folder / "taken");
    CHECK_THROWS_WITH(write_file_atomically(folder / "taken", "x"), Contains("taken: cannot be written"));
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("files are named after tensors, one each, in their folder", "[compiler][io]") {
    FileNames names;
    CHECK(names.of("a/b") == "a_b");
    CHECK(names.of("a_b") == "a_b_2");
    CHECK(names.of("a/b") == "a_b");
    CHECK(names.of("../x") == "_._x");
    CHECK(names.of(std::string(300, 'x')).size() == 200);
    CHECK(names.of(std::string(301, 'x')) == std::string(200, 'x') + "_2");
}

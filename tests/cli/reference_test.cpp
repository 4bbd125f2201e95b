// cimmlc reference, and the quantised network as ONNX.
#include <catch2/catch.hpp>

#include "compiler/io/npy.h"
#include "tests/cli/program.h"

using namespace cim::test;
namespace fs = std::filesystem;

TEST_CASE("the reference gives what a machine gives") {
    const Folder folder;
    const std::string scores = folder.path("scores.npy").string();
    const std::string reference = folder.path("reference").string();
    REQUIRE(cimmlc("run " + lenet + images + "--batch 2 --arch configs/machine-h.yaml --quiet --output " + scores).status == 0);
    const Outcome outcome = cimmlc("reference " + lenet + images + "--tensors --output " + reference);
    CHECK(outcome.status == 0);
    CHECK(outcome.out == "calibrated on 64 inputs of networks/fashion_mnist/calibration.npy\n64 inputs\n");
    const auto by_machine = cim::compiler::read_npy(scores);
    const auto by_reference = cim::compiler::read_npy(fs::path(reference) / "scores.npy");
    CHECK(by_reference.shape == cim::compiler::Dims{64, 10});
    CHECK(std::equal(by_machine.data.begin(), by_machine.data.end(), by_reference.data.begin()));
    CHECK(cim::compiler::read_npy(fs::path(reference) / "tensors" / "63" / "image.npy").shape == cim::compiler::Dims{1, 1, 28, 28});
    CHECK(cim::compiler::read_npy(fs::path(reference) / "tensors" / "0" / "scores.npy").shape == cim::compiler::Dims{1, 10});
    CHECK(!fs::exists(fs::path(reference) / "tensors" / "64"));
}

TEST_CASE("the float reference needs no calibration, and differs") {
    const Folder folder;
    const std::string in_float = folder.path("float").string();
    const std::string in_int8 = folder.path("int8").string();
    CHECK(cimmlc("reference networks/lenet.onnx " + images + "--float --output " + in_float).status == 0);
    CHECK(cimmlc("reference " + lenet + images + "--output " + in_int8).status == 0);
    const auto a = cim::compiler::read_npy(fs::path(in_float) / "scores.npy");
    const auto b = cim::compiler::read_npy(fs::path(in_int8) / "scores.npy");
    REQUIRE(a.data.size() == b.data.size());
    CHECK(a.data != b.data);
    for (std::size_t i = 0; i < a.data.size(); ++i) {
        CHECK(a.data[i] == Approx(b.data[i]).margin(0.1));
    }
    const Outcome both = cimmlc("reference networks/lenet.onnx --float --emit-qdq q.onnx --output " + in_float);
    CHECK(both.status == 2);
    CHECK(both.err.find("--emit-qdq writes the quantised network, --float does not make one") != std::string::npos);
}

TEST_CASE("compile, run and reference write the same quantised network") {
    const Folder folder;
    const auto path = [&](const char* name) { return folder.path(name).string(); };
    CHECK(cimmlc("compile " + lenet + "--arch configs/machine-h.yaml -o " + path("l.mop") + " --emit-qdq " + path("a.onnx")).status == 0);
    CHECK(cimmlc("run " + lenet + images + "--batch 1 --quiet --arch configs/machine-h.yaml --emit-qdq " + path("b.onnx")).status == 0);
    CHECK(cimmlc("reference " + lenet + images + "--output " + path("r") + " --emit-qdq " + path("c.onnx")).status == 0);
    const std::string written = read_text(path("a.onnx"));
    CHECK(written.size() > 200'000);
    CHECK(written.size() < 300'000);  // weights are bytes
    CHECK(read_text(path("b.onnx")) == written);
    CHECK(read_text(path("c.onnx")) == written);
    CHECK(folder.listing().find("tmp") == std::string::npos);
}

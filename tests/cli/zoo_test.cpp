#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

TEST_CASE("zoo lists its networks") {
    const Outcome outcome = cimmlc("zoo");
    CHECK(outcome.status == 0);
    for (const char* line : {"vgg7          32x32    12.98 M", "vgg16        224x224  138.36 M", "resnet18     224x224   11.69 M",
                             "resnet34     224x224   21.80 M", "resnet50     224x224   25.56 M", "resnet101    224x224   44.55 M",
                             "mobilenetv2  224x224    3.50 M"}) {
        INFO(line);
        CHECK(("\n" + outcome.out).find(std::string("\n") + line) != std::string::npos);
    }
}

TEST_CASE("zoo writes a network and ranges that the other commands take") {
    const Folder folder;
    const std::string model = folder.path("m.onnx").string();
    const std::string ranges = folder.path("m.ranges").string();
    const Outcome made = cimmlc("zoo mobilenetv2 --input-size 32x48 --classes 7 --seed 3 -o " + model + " --ranges " + ranges);
    INFO(made.err);
    CHECK(made.status == 0);
    CHECK(made.out.find("mobilenetv2: image 1x3x32x48, scores 1x7, 2.23 M parameters") == 0);
    CHECK(folder.listing() == "m.onnx m.ranges ");
    CHECK(read_json(ranges)["tensors"].contains("block1.project"));

    const Outcome used = cimmlc("reference " + model + " --calibration " + ranges + " --output " + folder.path("out").string());
    INFO(used.err);
    CHECK(used.status == 0);
    CHECK(std::filesystem::exists(folder.path("out") / "scores.npy"));

    const std::string again = folder.path("again.onnx").string();
    CHECK(cimmlc("zoo mobilenetv2 --input-size 32x48 --classes 7 --seed 3 -o " + again).status == 0);
    CHECK(read_text(again) == read_text(model));
}

TEST_CASE("zoo says what is wrong") {
    const Folder folder;
    const std::string to = " -o " + folder.path("m.onnx").string();
    const std::pair<std::string, const char*> cases[] = {
        {"zoo resnet19" + to, "no network 'resnet19' (did you mean 'resnet18'?); 'cimmlc zoo' lists them"},
        {"zoo resnet18", "'--output' is required"},
        {"zoo" + to, "takes NAME, 0 given"},
        {"zoo vgg7 vgg16" + to, "takes NAME, 2 given"},
        {"zoo resnet18 --input-size 64" + to, "--input-size: '64' is not HxW"},
        {"zoo resnet18 --input-size 64x64x3" + to, "--input-size: '64x64x3' is not HxW"},
        {"zoo resnet18 --input-size 16x64" + to, "--input-size: '16x64' is not HxW with both from 32 to 1024, what resnet18 can take"},
        {"zoo vgg16 --input-size 1024x1024" + to, "more than the 2 GiB of an ONNX file hold"},
        {"zoo vgg7 --classes 0" + to, "--classes: '0' is not a whole number from 1"},
        {"zoo vgg7 --seed -1" + to, "--seed: '-1' is not a whole number from 0"},
        {"zoo vgg7 --sead 1" + to, "did you mean '--seed'"},
        {"zoo vgg7 --ranges " + folder.path("m.onnx").string() + to, "is where the network goes"},
        {"zoo vgg7 --input-size 8x8 -o " + folder.path("none/m.onnx").string(), "none/m.onnx"},
    };
    for (const auto& [words, says] : cases) {
        const Outcome outcome = cimmlc(words);
        INFO("cimmlc " << words << "\n" << outcome.err);
        CHECK(outcome.status == 2);
        CHECK(outcome.out.empty());
        CHECK(outcome.err.find(says) != std::string::npos);
        CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
    }
    CHECK(folder.listing().empty());
}

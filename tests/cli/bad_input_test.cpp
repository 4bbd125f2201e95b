// Whatever the user gives, there is one clear message, exit status 2, and no file half written.
#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

namespace {

struct Case {
    const char* what;
    std::string words;
    std::string says;
};

void check(const Case& c) {
    const Outcome outcome = cimmlc(c.words);
    INFO(c.what << ": cimmlc " << c.words << "\n" << outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find(c.says) != std::string::npos);
}

}  // namespace

TEST_CASE("wrong words") {
    for (const Case& c : std::initializer_list<Case>{
             {"no command", "", "usage: cimmlc"},
             {"unknown command", "rum x", "did you mean 'run'"},
             {"unknown option", "run x.onnx --arch y --bath 3", "did you mean '--batch'"},
             {"no model", "run --arch configs/puma.yaml", "takes MODEL.onnx, 0 given"},
             {"no arch", "run networks/lenet.onnx", "arch"},
             {"bad batch", "run networks/lenet.onnx --arch configs/puma.yaml --batch many", "--batch: 'many' is not a whole number"},
             {"bad method", "run networks/lenet.onnx --arch configs/puma.yaml --calibration-method best",
              "there are min-max and mean-square"},
             {"unknown level", "run networks/lenet.onnx --arch configs/puma.yaml --level fine",
              "--level: no level 'fine'; there are best, none, cg, mvm and vvm"},
             {"level finer than CM", "run networks/lenet.onnx --arch configs/jia2021.yaml --level mvm",
              "machine 'jia2021' has computing mode CM: level mvm needs mode XBM"},
             {"level finer than XBM", "compile networks/lenet.onnx --arch configs/puma.yaml -o x.mop --level vvm",
              "machine 'puma' has computing mode XBM: level vvm needs mode WLM"},
             {"unknown rule of copies", "run networks/lenet.onnx --arch configs/puma.yaml --copies most",
              "--copies: no rule 'most'; there are optimal, poly and poly-uniform"},
             {"no copies to give", "run networks/lenet.onnx --arch configs/puma.yaml --copies poly --disable duplication",
              "--copies: there are no copies with --disable duplication"},
             {"no copies at all", "run networks/lenet.onnx --arch configs/puma.yaml --copies poly --level none",
              "--copies: there are no copies with --level none"},
             {"nothing to choose for an objective",
              "run networks/lenet.onnx --arch configs/puma.yaml --objective interval --disable spread",
              "--objective: with --disable spread, --level none or --copies the first schedule is taken, whatever the objective"},
             {"nothing to schedule", "reference networks/lenet.onnx --level cg --output x", "no option '--level'"},
             {"bad shape", "run networks/lenet.onnx --arch configs/puma.yaml --input-shape image:1xx", "is not NAME:1x3x224x224"},
             {"labels without data", "run networks/lenet.onnx --arch configs/puma.yaml --timing-only --labels x.npy",
              "--timing-only moves no data"},
             {"arch verb", "arch sow x", "no verb 'sow'"},
         }) {
        check(c);
    }
}

TEST_CASE("wrong files") {
    const Folder folder;
    const std::string onnx = read_text(std::string(CIM_SOURCE_DIR) + "/networks/lenet.onnx");
    const std::string truncated = folder.write("truncated.onnx", onnx.substr(0, onnx.size() / 2));
    const std::string text = folder.write("text.onnx", "this is no network\n");
    const std::string yaml = folder.write("bad.yaml", "name: x\nchip: [1, 2\n");
    const std::string program = folder.write("bad.mop", "mop 1\nprogram \"x\"\nbufer x l1[0] 0 4\n");
    const std::string npy = folder.write("bad.npy", "\x93NUMPY nothing");
    for (const Case& c : std::initializer_list<Case>{
             {"no network", "run nowhere.onnx --arch configs/puma.yaml", "nowhere.onnx"},
             {"truncated network", "run " + truncated + " --arch configs/puma.yaml", "truncated.onnx"},
             {"no ONNX", "run " + text + " --arch configs/puma.yaml", "text.onnx"},
             {"no machine", "run networks/lenet.onnx --arch nowhere.yaml", "nowhere.yaml"},
             {"broken machine", "run networks/lenet.onnx --arch " + yaml, "bad.yaml:"},
             {"broken program", "simulate " + program + " --arch configs/puma.yaml", "bad.mop:3:"},
             {"no program", "simulate nowhere.mop --arch configs/puma.yaml", "nowhere.mop"},
             {"broken input", "run networks/lenet.onnx --arch configs/puma.yaml --input " + npy, "bad.npy"},
             {"input of another shape", "run networks/lenet.onnx --arch configs/puma.yaml --input networks/fashion_mnist/labels.npy",
              "labels.npy"},
             {"too few inputs", "run " + lenet + images + "--arch configs/puma.yaml --batch 65", "--batch 65"},
             {"ranges as inputs", "calibrate networks/lenet.onnx --inputs " + text + " -o " + folder.path("r").string(),
              "is neither .npy nor .pb"},
             {"ranges of nothing", "run networks/lenet.onnx --arch configs/puma.yaml --calibration " + text, "text.onnx"},
         }) {
        check(c);
    }
}

TEST_CASE("a network that does not fit") {
    const Folder folder;
    const std::string puma = read_text(std::string(CIM_SOURCE_DIR) + "/configs/puma.yaml");
    check({"L1", "run " + lenet + "--arch " + folder.write("l1.yaml", replaced(puma, "size: 1 KiB", "size: 64 byte")), "bytes of L1"});
    check({"L0", "run " + lenet + "--arch " + folder.write("l0.yaml", replaced(puma, "size: 96 KiB", "size: 64 byte")),
           "bytes of L0, it has 64"});
}

TEST_CASE("a program on a machine that it was not made for") {
    const Folder folder;
    const std::string program = folder.path("p.mop").string();
    REQUIRE(cimmlc("compile " + lenet + "--arch configs/puma.yaml --disable duplication --disable spread -o " + program).status == 0);
    check({"too small", "simulate " + program + " --arch configs/tiny.yaml", "it was compiled for another machine, 'puma'"});
    CHECK(cimmlc("simulate " + program + " --arch configs/machine-h.yaml --quiet").status == 0);
}

TEST_CASE("outputs that cannot be written leave nothing behind") {
    const Folder folder;
    const std::string nowhere = folder.path("no/such/folder/file").string();
    for (const std::string& option : {"--report " + nowhere, "--output " + nowhere}) {
        const Outcome outcome = cimmlc("run " + lenet + images + "--batch 1 --arch configs/puma.yaml --quiet " + option);
        INFO(option << outcome.err);
        CHECK(outcome.status == 2);
        CHECK(outcome.err.find(nowhere) != std::string::npos);
    }
    const std::string compile = "compile " + lenet + "--arch configs/puma.yaml -o ";
    CHECK(cimmlc(compile + nowhere + ".mop").status == 2);
    CHECK(cimmlc(compile + nowhere + ".mop --emit-qdq " + folder.path("qdq.onnx").string()).status == 2);
    CHECK(cimmlc(compile + folder.path("program.mop").string() + " --emit-qdq " + nowhere).status == 2);
    CHECK(folder.listing().empty());
}

TEST_CASE("a truncated program is an error at every length") {
    const Folder folder;
    const std::string program = folder.path("p.mopb").string();
    REQUIRE(cimmlc("compile " + lenet + "--arch configs/puma.yaml -o " + program).status == 0);
    const std::string bytes = read_text(program);
    for (std::size_t length = 0; length < bytes.size(); length += bytes.size() / 12 + 1) {
        const Outcome outcome =
            cimmlc("simulate " + folder.write("short.mopb", bytes.substr(0, length)) + " --arch configs/puma.yaml --timing-only");
        INFO(length);
        CHECK(outcome.status == 2);
    }
}

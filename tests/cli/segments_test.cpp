// Networks larger than the chip, seen from outside.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

namespace {

nlohmann::ordered_json resnet8_on(const std::string& machine, const std::string& words) {
    const Folder folder;
    return report_after(folder, "run " + resnet8 + images + "--arch configs/" + machine + ".yaml --batch 1 " + words);
}

int most_copies(const nlohmann::ordered_json& report) {
    int most = 0;
    for (const auto& one : report["operators"]) {
        most = std::max(most, one["duplication"].get<int>());
    }
    return most;
}

}  // namespace

TEST_CASE("what is larger than the chip has copies in its segments, and is the faster for it") {
    const auto copied = resnet8_on("jain2021", "");
    const auto single = resnet8_on("jain2021", "--disable duplication");
    CHECK(copied["verification"]["mismatches"] == 0);
    CHECK(single["verification"]["mismatches"] == 0);
    CHECK(single["segments"].size() > 1);
    CHECK(copied["segments"].size() > 1);
    CHECK(most_copies(copied) > 1);
    CHECK(most_copies(single) == 1);
    CHECK(copied["cycles"].get<double>() < 0.95 * single["cycles"].get<double>());
}

TEST_CASE("a network that fits the chip is cut for one image where that is faster, and stays resident for several") {
    const Folder folder;
    const std::string model = folder.path("resnet18.onnx").string();
    const std::string ranges = folder.path("resnet18.ranges").string();
    REQUIRE(cimmlc("zoo resnet18 --input-size 64x64 -o " + model + " --ranges " + ranges).status == 0);
    const auto report = [&](const std::string& words) {
        return report_after(folder, "run " + model + " --calibration " + ranges + " --timing-only --arch configs/" + words);
    };
    const auto reloaded = report("isaac-baseline.yaml --batch 1");
    const auto resident = report("isaac-baseline.yaml --batch 1 --disable reload");
    const auto apart = report("isaac-baseline.yaml --batch 1 --disable join");
    CHECK(apart["segments"].size() > 1);
    CHECK(reloaded["setup_cycles"] == 0);
    CHECK(resident["segments"].size() == 1);
    CHECK(resident["setup_cycles"] > 0);
    CHECK(reloaded["cycles"] < apart["cycles"]);
    CHECK(apart["cycles"] < resident["cycles"]);
    const auto in_l0 = report("isaac-baseline.yaml --batch 1 --disable join --disable hold");
    CHECK(apart["cycles"] < in_l0["cycles"]);
    CHECK(reloaded["device"]["loads_until_worn"] <= resident["device"]["loads_until_worn"]);
    CHECK(resident["cycles"] < report("isaac-baseline.yaml --batch 1 --disable reload --disable forward")["cycles"]);
    CHECK(report("isaac-baseline.yaml --batch 2")["segments"].size() == 1);
    // Where weights take longer to write than an image takes, too.
    CHECK(report("machine-h.yaml --batch 1")["segments"].size() == 1);
}

TEST_CASE("a thorough search finds what a quick one does, or better") {
    const auto quick = resnet8_on("isaac-baseline", "");
    const auto thorough = resnet8_on("isaac-baseline", "--search thorough");
    CHECK(thorough["verification"]["mismatches"] == 0);
    CHECK(thorough["cycles"] <= quick["cycles"]);
    for (const std::string words : {"--search slow", "--search thorough --disable spread"}) {
        const Outcome refused = cimmlc("run " + resnet8 + images + "--arch configs/isaac-baseline.yaml " + words);
        CHECK(refused.status == 2);
        CHECK_THAT(refused.err, Catch::StartsWith("cimmlc run: --search"));
    }
}

TEST_CASE("maps between segments stay on the chip where there is room, and the outputs stay") {
    for (const char* machine : {"jia2021", "tiny"}) {
        INFO(machine);
        const auto external_bytes = [](const nlohmann::ordered_json& report) {
            std::int64_t bytes = 0;
            for (const auto& leaf : report["energy_pj"]["leaves"]) {
                bytes += leaf["component"] == "external_memory" && leaf["kind"] == "dynamic" ? leaf["count"].get<std::int64_t>() : 0;
            }
            return bytes;
        };
        const auto kept = resnet8_on(machine, "");
        const auto moved = resnet8_on(machine, "--disable keep");
        CHECK(kept["verification"]["mismatches"] == 0);
        CHECK(moved["verification"]["mismatches"] == 0);
        CHECK(kept["cycles"] < moved["cycles"]);
        CHECK(external_bytes(kept) < external_bytes(moved));
    }
}

TEST_CASE("a program that keeps maps runs over as many inputs as they have room for, and over no more") {
    const Folder folder;
    const auto compiled = [&](int batch) {
        return cimmlc("compile " + resnet8 + " --arch configs/tiny.yaml --batch " + std::to_string(batch) + " -o " +
                      folder.path("p.mop").string());
    };
    const Outcome two = compiled(2);
    REQUIRE(two.status == 0);
    const auto limit = [&](const char* program) {
        const std::string text = read_text(folder.path(program));
        const std::size_t at = text.find("\nbatch_limit ");
        return at == std::string::npos ? -1 : std::stoi(text.substr(at + 13));
    };
    const int most = limit("p.mop");
    CHECK(most >= 2);
    CHECK_THAT(two.out, Catch::Contains("that stay in L1") && Catch::Contains("room for " + std::to_string(most) + " inputs"));
    // Made for one there is room for more.
    REQUIRE(cimmlc("compile " + resnet8 + " --arch configs/jia2021.yaml -o " + folder.path("more.mop").string()).status == 0);
    CHECK(limit("more.mop") > 1);
    const auto simulated = [&](int batch) {
        return cimmlc("simulate " + folder.path("p.mop").string() + " --arch configs/tiny.yaml --timing-only --batch " +
                      std::to_string(batch));
    };
    CHECK(simulated(most).status == 0);
    const auto refused = simulated(most + 1);
    CHECK(refused.status == 2);
    CHECK_THAT(refused.err, Catch::Contains("its buffers have room for " + std::to_string(most)));
}

TEST_CASE("weights of the next segment are written early where that is faster, and the outputs stay") {
    for (const char* machine : {"jia2021", "tiny"}) {
        INFO(machine);
        const auto early = resnet8_on(machine, "--disable keep");
        const auto late = resnet8_on(machine, "--disable keep --disable prewrite");
        CHECK(early["verification"]["mismatches"] == 0);
        CHECK(late["verification"]["mismatches"] == 0);
        CHECK(early["cycles"].get<double>() < 0.96 * late["cycles"].get<double>());
    }
}

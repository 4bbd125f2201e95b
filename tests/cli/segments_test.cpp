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
    CHECK(copied["cycles"].get<double>() < 0.9 * single["cycles"].get<double>());
}

TEST_CASE("weights of the next segment are written early where that is faster, and the outputs stay") {
    for (const char* machine : {"jia2021", "tiny"}) {
        INFO(machine);
        const auto early = resnet8_on(machine, "");
        const auto late = resnet8_on(machine, "--disable prewrite");
        CHECK(early["verification"]["mismatches"] == 0);
        CHECK(late["verification"]["mismatches"] == 0);
        CHECK(early["cycles"].get<double>() < 0.96 * late["cycles"].get<double>());
    }
}

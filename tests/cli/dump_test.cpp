#include <algorithm>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

namespace {

std::size_t lines_with(const std::string& text, const std::string& word) {
    std::istringstream stream(text);
    std::size_t count = 0;
    for (std::string line; std::getline(stream, line);) {
        count += line.find(word) != std::string::npos ? 1 : 0;
    }
    return count;
}

/// From the heading of a pass to the next one.
std::string part(const std::string& text, const std::string& pass) {
    const std::string heading = "# after " + pass + "\n";
    const std::size_t begin = text.find(heading);
    REQUIRE(begin != std::string::npos);
    return text.substr(begin, text.find("\n# after ", begin) - begin);
}

}  // namespace

TEST_CASE("each pass can be looked at, and what it shows agrees with the report") {
    const Folder folder;
    const std::string report = folder.path("r.json").string();
    const Outcome run = cimmlc("run " + lenet + images +
                               "--arch configs/puma.yaml --batch 1 --quiet --dump-after import --dump-after quantise --dump-after segments "
                               "--dump-after copies --dump-after places --dump-after memories --report " +
                               report);
    INFO(run.err);
    REQUIRE(run.status == 0);
    const auto json = read_json(report);
    CHECK(part(run.out, "import").find("conv1.Conv: Conv, image [1x1x28x28] -> ") != std::string::npos);
    CHECK(part(run.out, "quantise").find("matrix 25x16") != std::string::npos);
    CHECK(lines_with(part(run.out, "segments"), ": from ") == json["segments"].size());
    std::size_t crossbars = 0;
    std::size_t copies = 0;
    for (const auto& op : json["operators"]) {
        crossbars += op["crossbars"].get<std::size_t>();
        copies += op["name"] == "conv1.Conv" ? op["duplication"].get<std::size_t>() : 0;
    }
    CHECK(lines_with(part(run.out, "places"), ", crossbar ") == crossbars);
    CHECK(part(run.out, "copies").find("conv1.Conv: " + std::to_string(copies) + " copies") != std::string::npos);
    CHECK(lines_with(part(run.out, "memories"), "bytes at") > 10);
}

TEST_CASE("a pass that does not exist cannot be looked at") {
    const Folder folder;
    const Outcome outcome =
        cimmlc("compile " + lenet + "--arch configs/tiny.yaml --dump-after places --dump-after dreams -o " + folder.path("p.mop").string());
    CHECK(outcome.status == 2);
    CHECK(outcome.err ==
          "cimmlc compile: --dump-after: no pass 'dreams'; there are import, quantise, segments, copies, places, memories\n");
    CHECK(folder.listing().empty());
}

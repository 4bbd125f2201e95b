// --peak-power-limit as a user meets it.
#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

namespace {

const std::string on_isaac = lenet + "--arch configs/isaac-baseline.yaml ";

}  // namespace

TEST_CASE("the report's peak power stays below the limit, and a looser limit is never slower") {
    const Folder folder;
    const std::string words = "run " + on_isaac + images + "--batch 2";
    const auto free = report_after(folder, words);
    CHECK(free["peak_power_limit_mw"].is_null());
    double before = 1e300;
    for (const double part : {0.05, 0.3, 0.5, 0.7, 0.9, 2.0}) {
        const double limit = part * free["peak_power_mw"].get<double>();
        const auto report = report_after(folder, words + " --peak-power-limit " + std::to_string(limit));
        INFO("limit " << limit << " mW");
        CHECK(report["peak_power_mw"].get<double>() <= limit);
        CHECK(report["peak_power_limit_mw"].get<double>() <= limit);
        CHECK(report["verification"]["mismatches"] == 0);
        CHECK(report["cycles"].get<double>() <= before);
        before = report["cycles"].get<double>();
    }
    CHECK(before <= free["cycles"].get<double>() * 1.01);
}

TEST_CASE("a program file carries its limit, as text and as binary") {
    const Folder folder;
    const auto direct = report_after(folder, "run " + on_isaac + "--timing-only --peak-power-limit 200");
    for (const char* name : {"p.mop", "p.mopb"}) {
        const std::string file = folder.path(name).string();
        REQUIRE(cimmlc("compile " + on_isaac + "--peak-power-limit 200 -o " + file).status == 0);
        const auto report = report_after(folder, "simulate " + file + " --arch configs/isaac-baseline.yaml --timing-only");
        CHECK(report["cycles"] == direct["cycles"]);
        CHECK(report["peak_power_mw"] == direct["peak_power_mw"]);
        CHECK(report["peak_power_limit_mw"] == direct["peak_power_limit_mw"]);
    }
    const std::string text = read_text(folder.path("p.mop"));
    CHECK(text.find("\npower_limit ") != std::string::npos);
    folder.write("p.mop", text.substr(0, text.find("power_limit ")) + "power_limit 2 " + text.substr(text.find("uW\n")));
    const Outcome outcome = cimmlc("simulate " + folder.path("p.mop").string() + " --arch configs/isaac-baseline.yaml --timing-only");
    CHECK(outcome.status == 2);
    CHECK(outcome.err.find("one of its operations alone needs") != std::string::npos);
}

TEST_CASE("a limit below one operation, or that is no power, is an error that says what would do") {
    for (const char* limit : {"0.5", "0", "-3", "much", "1e12", "nan"}) {
        const Outcome outcome = cimmlc("run " + on_isaac + "--timing-only --peak-power-limit " + limit);
        INFO(limit << ": " << outcome.err);
        CHECK(outcome.status == 2);
        CHECK(outcome.out.empty());
        CHECK(outcome.err.find(limit == std::string("0.5") ? "one operation alone needs" : "is not a power in mW") != std::string::npos);
    }
}

// What counts as a difference between two timing traces.

#include "cli/trace.h"

#include <catch2/catch.hpp>

using namespace cim;

TEST_CASE("an operator that a trace does not know yet is no difference while nothing uses it") {
    const std::vector<std::string> golden{"total 100", "mop alu.add 3"};
    CHECK(cli::difference(golden, {"total 100", "mop alu.add 3", "mop alu.mul 0"}).empty());
    CHECK_THAT(cli::difference(golden, {"total 100", "mop alu.add 3", "mop alu.mul 10"}), Catch::Contains("mop alu.mul: new"));
    CHECK_THAT(cli::difference(golden, {"total 100", "mop alu.add 0"}), Catch::Contains("3 -> 0 (-3)"));
    CHECK_THAT(cli::difference(golden, {"total 100"}), Catch::Contains("mop alu.add: gone"));
}

// Where programs have their memory from.

#include <cstdlib>

#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

#ifndef __SANITIZE_ADDRESS__  // sanitizers have their own
TEST_CASE("cimmlc asks for memory in huge pages") {
    setenv("MALLOC_CONF", "stats_print:true", 1);
    const Outcome outcome = cimmlc("--help");
    unsetenv("MALLOC_CONF");
    CHECK(outcome.status == 0);
    CHECK(outcome.err.find("opt.thp: \"always\"") != std::string::npos);
    CHECK(outcome.err.find("opt.metadata_thp: \"always\"") != std::string::npos);
}
#endif

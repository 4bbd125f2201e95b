// Where programs have their memory from.

#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/cli/program.h"

using namespace cim::test;

#ifndef __SANITIZE_ADDRESS__  // sanitizers have their own
TEST_CASE("cimmlc asks for memory in huge pages") {
    setenv("MALLOC_CONF", "stats_print:true", 1);
    const Outcome outcome = cimmlc("--help");
    unsetenv("MALLOC_CONF");
    CHECK(outcome.status == 0);
    // jemalloc asks for none where it cannot find out whether the system has any: in a chroot without /sys.
    const bool known = std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled").good();
    CHECK(outcome.err.find(known ? "opt.thp: \"always\"" : "opt.thp: \"not supported\"") != std::string::npos);
    CHECK(outcome.err.find("opt.metadata_thp: \"always\"") != std::string::npos);
}
#endif

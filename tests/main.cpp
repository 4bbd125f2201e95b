// Entry of every test program. SystemC supplies main and calls sc_main.
#define CATCH_CONFIG_RUNNER
#include <cstdlib>
#include <systemc>

#include <catch2/catch.hpp>

namespace {

__attribute__((constructor)) void silence_banner() {
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
}

}  // namespace

int sc_main(int argc, char** argv) {
    // A warning of the kernel is a fault of the platform. What is fatal would abort before Catch names the assertion it was in.
    for (const sc_core::sc_severity severity : {sc_core::SC_WARNING, sc_core::SC_ERROR, sc_core::SC_FATAL}) {
        sc_core::sc_report_handler::set_actions(severity, sc_core::SC_THROW);
    }
    return Catch::Session().run(argc, argv);
}

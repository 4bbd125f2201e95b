#include <cstdlib>
#include <systemc>

#include "cli/command.h"

namespace {

/// SystemC prints its banner before sc_main; this runs earlier.
__attribute__((constructor)) void silence_banner() {
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
}

}  // namespace

int sc_main(int argc, char** argv) {
    return cim::cli::dispatch({argv + 1, argv + argc});
}

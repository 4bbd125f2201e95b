// A process simulates as often as it likes: each simulation has a SystemC kernel of its own.

#include <stdexcept>
#include <systemc>

#include <catch2/catch.hpp>

#include "platform/kernel/fresh_kernel.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;

namespace {

constexpr const char* templates = R"(template fill(c) {
  alu.fill dst=64 n=8
  signal c[0] += 1
}
template wait(c, n) {
  await c[0] >= n
  alu.fill dst=0 n=8
}
)";

isa::Program waits_for(int value) {
    return timing_program(
        templates + ("flow first core[0] alu op=0 fill(@c0)\nflow second core[1] alu op=1 wait(@c0, " + std::to_string(value) + ")\n"));
}

class Thrower final : public platform::Observer {
  public:
    void engine(Ticks, int, isa::Engine, int) override { throw std::runtime_error("seen enough"); }
    void crossbars(Ticks, int, int, int) override {}
    void crossbar(Ticks, int, int, int) override {}
    void port(Ticks, int, bool) override {}
    void link(Ticks, int, bool) override {}
    void counter(Ticks, isa::Index, std::int64_t) override {}
};

}  // namespace

TEST_CASE("a simulation is the same after others, after a deadlock, and after one that was thrown out of") {
    RunOptions options;
    options.trace = true;
    const isa::Program program = waits_for(1);
    const hw::Machine machine = bare_machine();
    const std::string first = all_of(run(program, machine, options));
    CHECK(all_of(run(program, machine, options)) == first);

    CHECK_FALSE(run(waits_for(2), machine).deadlock.empty());
    CHECK(all_of(run(program, machine, options)) == first);

    Thrower thrower;
    platform::SimulationOptions observed;
    observed.observer = &thrower;
    CHECK_THROWS(platform::simulate(program, machine, observed, {}));
    CHECK(all_of(run(program, machine, options)) == first);
}

TEST_CASE("a kernel made afresh is at time zero, and the one before comes back as it was") {
    const sc_core::sc_simcontext* before = sc_core::sc_get_curr_simcontext();
    {
        const platform::FreshKernel kernel;
        CHECK(sc_core::sc_get_curr_simcontext() != before);
        const sc_core::sc_signal<bool> signal("agenda");
        sc_core::sc_start(5, sc_core::SC_NS);
        CHECK(sc_core::sc_time_stamp() == sc_core::sc_time(5, sc_core::SC_NS));
        {
            const platform::FreshKernel within;
            CHECK(sc_core::sc_time_stamp() == sc_core::SC_ZERO_TIME);
            CHECK(sc_core::sc_get_top_level_objects().empty());
        }
        CHECK(sc_core::sc_time_stamp() == sc_core::sc_time(5, sc_core::SC_NS));
        CHECK(std::string(signal.name()) == "agenda");
    }
    CHECK(sc_core::sc_get_curr_simcontext() == before);
}

// What the platform keeps time and power with, and what it says about transfers that no memory has.

#include <algorithm>
#include <map>
#include <numeric>
#include <systemc>

#include <catch2/catch.hpp>

#include "isa/generate/dice.h"
#include "platform/kernel/wheel.h"
#include "platform/observe/power.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;

TEST_CASE("the wheel gives every entry at its tick, near or far") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        isa::Dice dice(seed);
        platform::Wheel<int> wheel;
        std::multimap<Ticks, int> expected;
        Ticks now = 0;
        int next = 0;
        const auto add = [&] {
            // Around the wheel's size most of all.
            const Ticks ahead = dice.once_in(3) ? dice.roll(4090, 4100) : (dice.once_in(2) ? dice.roll(1, 20) : dice.roll(1, 30'000));
            wheel.add(now + ahead, next);
            expected.emplace(now + ahead, next++);
        };
        add();
        for (int step = 0; step < 3000 && !expected.empty(); ++step) {
            REQUIRE(wheel.next() == expected.begin()->first);
            now = wheel.next();
            std::vector<int> taken;
            for (int item = 0; wheel.take(now, item);) {
                taken.push_back(item);
            }
            std::vector<int> due;
            for (auto it = expected.begin(); it != expected.end() && it->first == now; it = expected.erase(it)) {
                due.push_back(it->second);
            }
            std::sort(taken.begin(), taken.end());
            std::sort(due.begin(), due.end());
            REQUIRE(taken == due);
            for (std::int64_t n = step < 2000 ? dice.roll(expected.empty() ? 1 : 0, 2) : 0; n > 0; --n) {
                add();
            }
        }
        CHECK(expected.empty());
        CHECK(wheel.next() == platform::Wheel<int>::none);
    }
}

TEST_CASE("waits longer than the wheel come out to the tick") {
    hw::Machine m = bare_machine();
    m.chip_clock.ticks_per_cycle = 1;
    for (const hw::Cycles latency : {4094, 4095, 4096, 4097, 8191, 8192, 8193, 1'000'000}) {
        m.chip.external_memory.latency = latency;
        CHECK(time_of_one(m, "chip", "move", "mov.fetch dst=0 src=0 n=8") == latency);
    }
}

TEST_CASE("a power profile keeps all energy, spread evenly, however long the run") {
    platform::PowerProfile profile(10);
    profile.add(0, 10, 5);
    profile.add(5, 25, 20);
    CHECK(profile.energy() == std::vector<double>{5 + 5, 10, 5});
    CHECK(profile.largest() == 10);
    const Ticks far = Ticks{10} << 20;
    profile.add(far, far + 1, 3);
    CHECK(profile.window() > 10);
    CHECK(profile.energy().size() <= (1U << 18U) + 1);
    const std::vector<double> energy = profile.energy();
    CHECK(std::accumulate(energy.begin(), energy.end(), 0.0) == Approx(28));
    CHECK(profile.energy()[0] == Approx(25));
}

TEST_CASE("a warning of SystemC is thrown, and fails a simulation") {
    CHECK_THROWS_WITH(SC_REPORT_WARNING("test", "something is odd"), Catch::Contains("something is odd"));
}

TEST_CASE("a transfer outside its memory is an error, whether the memory takes time or not") {
    const isa::Program program = timing_program(R"(template fetch(at) {
  mov.fetch dst=0 src=at n=8
}
flow f chip move op=0 fetch(4092)
)");
    hw::Machine m = bare_machine();
    CHECK_THROWS_WITH(run(program, m), Catch::Contains("TLM_ADDRESS_ERROR_RESPONSE"));
    m.chip.external_memory.latency = 5;
    CHECK_THROWS_WITH(run(program, m), Catch::Contains("TLM_ADDRESS_ERROR_RESPONSE"));
    RunOptions timing_only;
    timing_only.functional = false;
    CHECK(run(program, m, timing_only).ticks == 5);
}

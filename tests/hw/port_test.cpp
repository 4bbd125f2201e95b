// The port of a memory: one transfer at a time, in the order in which they came.

#include "hw_models/buffer/port.h"

#include <random>

#include <catch2/catch.hpp>

using cim::hw::SinglePort;
using cim::hw::Ticks;

TEST_CASE("a free port serves at once, a busy one when it is free", "[port]") {
    SinglePort port;
    CHECK(port.free_at() == 0);
    CHECK(port.grant(10, 5) == 10);
    CHECK(port.free_at() == 15);
    CHECK(port.grant(14, 3) == 15);  // a tick before the end: waits for one
    CHECK(port.grant(18, 1) == 18);  // at the end: does not wait
    CHECK(port.grant(18, 4) == 19);
    CHECK(port.free_at() == 23);
}

TEST_CASE("a port idles only when nobody waits", "[port]") {
    std::mt19937_64 dice(7);
    SinglePort port;
    Ticks now = 0;
    Ticks end = 0;
    for (int i = 0; i < 2000; ++i) {
        now += static_cast<Ticks>(dice() % 7);
        const auto service = static_cast<Ticks>(1 + dice() % 8);
        const Ticks begin = port.grant(now, service);
        CHECK(begin == (now > end ? now : end));
        end = begin + service;
        CHECK(port.free_at() == end);
    }
}

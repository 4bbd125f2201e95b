// The single port as a state machine.

#include "hw_models/buffer/port.h"

#include <random>

#include <catch2/catch.hpp>

using namespace cim::hw;

TEST_CASE("a port serves one request after the other, in the order in which they are put to it") {
    SinglePort port;
    CHECK(port.free_at() == 0);
    CHECK(port.grant(10, 3) == 10);
    CHECK(port.free_at() == 13);
    CHECK(port.grant(10, 2) == 13);
    CHECK(port.grant(11, 4) == 15);
    CHECK(port.free_at() == 19);
}

TEST_CASE("a request that comes in the tick in which the port becomes free does not wait; one tick earlier it waits one") {
    SinglePort port;
    CHECK(port.grant(0, 5) == 0);
    CHECK(port.grant(5, 5) == 5);
    CHECK(port.grant(9, 1) == 10);
    CHECK(port.grant(20, 1) == 20);
}

TEST_CASE("under any load services neither overlap nor leave a gap while somebody waits") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        std::mt19937_64 random(seed);
        SinglePort port;
        Ticks now = 0;
        Ticks end = 0;
        for (int i = 0; i < 300; ++i) {
            now += static_cast<Ticks>(random() % 6);
            const auto service = static_cast<Ticks>(1 + random() % 5);
            const Ticks begin = port.grant(now, service);
            CHECK(begin == std::max(now, end));
            end = begin + service;
            CHECK(port.free_at() == end);
        }
    }
}

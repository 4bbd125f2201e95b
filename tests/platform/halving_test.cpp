// Less of a machine should not be faster: a small part of what bench/halving.cpp does.

#include "tests/platform/halving.h"

#include <cstring>

#include <catch2/catch.hpp>

#include "tests/platform/machines.h"

using namespace cim;
using namespace cim::test;

namespace {

/// Time with half of `resource` over the time with all of it; nothing if the network fits neither, or there is no half.
std::optional<double> slowdown(std::uint64_t seed, const Halving& halving) {
    const hw::Machine machine = random_variant(seed);
    const std::optional<hw::Machine> less = halving.apply(machine);
    const compiler::QuantGraph graph = network_to_halve(seed);
    const std::int64_t batch = 1 + static_cast<std::int64_t>(seed % 3);
    const std::optional<Timing> whole = less ? timing_on(machine, graph, batch) : std::nullopt;
    const std::optional<Timing> halved = whole ? timing_on(*less, graph, batch) : std::nullopt;
    return halved ? std::optional<double>(static_cast<double>(halved->ticks) / static_cast<double>(whole->ticks)) : std::nullopt;
}

const Halving& halving_of(const char* resource) {
    for (const Halving& halving : halvings()) {
        if (std::strcmp(halving.resource, resource) == 0) {
            return halving;
        }
    }
    FAIL(resource);
    return halvings()[0];
}

constexpr double least = 0.98;

}  // namespace

TEST_CASE("half the rate of a port, a memory, a network or an ALU is not faster") {
    int compared = 0;
    for (const char* resource : {"core.l1.bandwidth", "core.alu.rate", "core.noc.flit", "chip.l0.bandwidth", "chip.alu.rate",
                                 "chip.noc.flit", "external.bandwidth"}) {
        for (std::uint64_t seed = 0; seed < 14; ++seed) {
            INFO(resource << ", seed " << seed);
            if (const std::optional<double> ratio = slowdown(seed, halving_of(resource))) {
                CHECK(*ratio >= least);
                ++compared;
            }
        }
    }
    CHECK(compared > 50);
}

TEST_CASE("half the crossbars of a core are not faster because operators get more cores") {
    // Packed into as few cores as hold them, these took 2 to 6 times as long as with half the crossbars a core.
    for (const std::uint64_t seed : {19, 54, 95, 186, 195}) {
        INFO("seed " << seed);
        const std::optional<double> ratio = slowdown(seed, halving_of("core.crossbars"));
        REQUIRE(ratio);
        CHECK(*ratio >= least);
    }
}

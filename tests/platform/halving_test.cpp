// Less of a machine should not be faster: a small part of what bench/halving.cpp does.

#include "tests/platform/halving.h"

#include <cstring>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/platform/machines.h"

using namespace cim;
using namespace cim::test;

namespace {

/// A generated machine and the time that its network takes on it.
class Whole {
  public:
    explicit Whole(std::uint64_t seed)
        : machine_(random_variant(seed)),
          graph_(network_to_halve(seed)),
          batch_(1 + static_cast<std::int64_t>(seed % 3)),
          timing_(timing_on(machine_, graph_, batch_)) {}

    /// Time with half of a resource over the time with all of it; nothing if the network does not fit, or there is no half.
    std::optional<double> slowdown(const Halving& halving) const {
        const std::optional<hw::Machine> less = timing_ ? halving.apply(machine_) : std::nullopt;
        const std::optional<Timing> halved = less ? timing_on(*less, graph_, batch_) : std::nullopt;
        return halved ? std::optional<double>(static_cast<double>(halved->ticks) / static_cast<double>(timing_->ticks)) : std::nullopt;
    }

  private:
    hw::Machine machine_;
    compiler::QuantGraph graph_;
    std::int64_t batch_;
    std::optional<Timing> timing_;
};

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
constexpr double least_of_one = 0.86;  // of one machine in each test: seed 3, whose search ends too early

void check_rates(const std::vector<const char*>& resources) {
    int compared = 0;
    std::set<std::uint64_t> faster;
    for (std::uint64_t seed = 0; seed < 14; ++seed) {
        const Whole whole(seed);
        for (const char* resource : resources) {
            INFO(resource << ", seed " << seed);
            if (const std::optional<double> ratio = whole.slowdown(halving_of(resource))) {
                CHECK(*ratio >= least_of_one);
                if (*ratio < least) {
                    faster.insert(seed);
                }
                ++compared;
            }
        }
    }
    CHECK(compared > 25);
    CHECK(faster.size() <= 1);
}

}  // namespace

TEST_CASE("half the rate of a port or a memory is not faster") {
    check_rates({"core.l1.bandwidth", "chip.l0.bandwidth", "external.bandwidth"});
}

TEST_CASE("half the rate of a network or an ALU is not faster") {
    check_rates({"core.alu.rate", "core.noc.flit", "chip.alu.rate", "chip.noc.flit"});
}

TEST_CASE("half the crossbars of a core are not faster because operators get more cores") {
    // Packed into as few cores as hold them, these took 2 to 6 times as long as with half the crossbars a core.
    for (const std::uint64_t seed : {19, 54, 95, 186, 195}) {
        INFO("seed " << seed);
        const std::optional<double> ratio = Whole(seed).slowdown(halving_of("core.crossbars"));
        REQUIRE(ratio);
        CHECK(*ratio >= least);
    }
}

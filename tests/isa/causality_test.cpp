// Order found by search, against plain vector clocks.

#include "isa/verifier/causality.h"

#include <algorithm>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using cim::isa::Causality;

namespace {

using Clock = std::vector<std::int32_t>;  ///< by component

/// Components that act, signal and learn of each other at random; each signal's clock is kept.
class Plain {
  public:
    Plain(int components, std::uint64_t seed) : random_(seed), clocks_(static_cast<std::size_t>(components)), signals_(clocks_.size()) {
        for (Clock& clock : clocks_) {
            clock.assign(clocks_.size(), 0);
        }
        causality_.begin(clocks_.size());
    }

    void step() {
        const std::size_t one = pick();
        const std::size_t other = pick();
        if (one == other || signals_[other].empty()) {
            signal(one);
            return;
        }
        // Any signal since the last one that was learnt of, or none.
        const auto time = static_cast<std::int32_t>(1 + random_() % signals_[other].size());
        Clock& clock = clocks_[one];
        const Clock& then = signals_[other][static_cast<std::size_t>(time - 1)];
        for (std::size_t i = 0; i < clock.size(); ++i) {
            clock[i] = std::max(clock[i], then[i]);
        }
        clock[other] = std::max(clock[other], time);
        causality_.learn(static_cast<std::int32_t>(one), now(one), static_cast<std::int32_t>(other), time);
    }

    void ask() {
        const std::size_t one = pick();
        const std::size_t other = pick();
        if (one == other) {
            return;
        }
        const auto time = static_cast<std::int32_t>(1 + random_() % (signals_[other].size() + 1));
        CHECK(causality_.knows(static_cast<std::int32_t>(one), static_cast<std::int32_t>(other), time) == (clocks_[one][other] >= time));
    }

  private:
    std::size_t pick() { return random_() % clocks_.size(); }
    std::int32_t now(std::size_t component) const { return static_cast<std::int32_t>(signals_[component].size()) + 1; }
    void signal(std::size_t component) { signals_[component].push_back(clocks_[component]); }

    std::mt19937_64 random_;
    std::vector<Clock> clocks_;
    std::vector<std::vector<Clock>> signals_;
    Causality causality_;
};

}  // namespace

TEST_CASE("what a search finds is what a vector clock holds") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        INFO("seed " << seed);
        Plain plain(3 + static_cast<int>(seed % 12), seed);
        for (int i = 0; i < 2000; ++i) {
            plain.step();
            if (i % 3 == 0) {
                plain.ask();
            }
        }
    }
}

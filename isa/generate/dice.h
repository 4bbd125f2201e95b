#pragma once
// Random choices that are the same everywhere for the same seed.

#include <cstdint>
#include <random>

namespace cim::isa {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    /// low <= result <= high. The standard's distributions differ between libraries; this does not.
    std::int64_t roll(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
    }
    /// True once in `n` times.
    bool once_in(std::int64_t n) { return roll(1, n) == 1; }
    std::uint64_t bits() { return engine_(); }

  private:
    std::mt19937_64 engine_;
};

}  // namespace cim::isa

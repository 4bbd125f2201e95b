// Which maps stay in L0 between segments, and where.
#include "compiler/scheduling/cg/keeping.h"

#include <numeric>
#include <random>

#include <catch2/catch.hpp>

using namespace cim::compiler;

namespace {

bool meet(const Lifetime& a, const Lifetime& b) {
    return a.first <= b.last && b.first <= a.last;
}

}  // namespace

TEST_CASE("maps that are never there together have the same address") {
    const std::vector<Lifetime> maps{{100, 0, 1, 1}, {60, 1, 2, 1}, {100, 2, 3, 1}};
    CHECK(addresses_of(maps, {8, 10, 0, 0}, 200, 1) == std::vector<std::int64_t>{12 + 60, 12, 12 + 60});
    // The second would need 24 more bytes beside the first or the third.
    CHECK(addresses_of(maps, {8, 10, 0, 0}, 136, 1) == std::vector<std::int64_t>{-1, 12, -1});
    CHECK(addresses_of(maps, {8, 10, 0, 0}, 112, 1) == std::vector<std::int64_t>{-1, 12, -1});
    // Two images of each.
    CHECK(addresses_of(maps, {8, 10, 0, 0}, 332, 2) == std::vector<std::int64_t>{12 + 120, 12, 12 + 120});
    CHECK(addresses_of(maps, {8, 10, 0, 0}, 331, 2) == std::vector<std::int64_t>{-1, 12, -1});
}

TEST_CASE("of maps that do not all fit, those that save most for their room and time stay") {
    // Read by one segment right behind; by two; by one much later.
    CHECK(addresses_of({{100, 0, 1, 1}, {100, 0, 1, 2}}, {0, 0}, 100, 1) == std::vector<std::int64_t>{-1, 0});
    CHECK(addresses_of({{100, 0, 3, 1}, {100, 1, 2, 1}}, {0, 0, 0, 0}, 100, 1) == std::vector<std::int64_t>{-1, 0});
    CHECK(addresses_of({{100, 0, 1, 1}}, {0, 1}, 100, 1) == std::vector<std::int64_t>{-1});
}

TEST_CASE("kept maps never lie over each other or over what their segments use") {
    std::mt19937 random(7);
    const auto roll = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
    std::size_t kept = 0;
    std::size_t shared = 0;  // pairs of maps with bytes in common
    for (int round = 0; round < 500; ++round) {
        const int segments = roll(2, 12);
        std::vector<std::int64_t> taken;
        for (int s = 0; s < segments; ++s) {
            taken.push_back(roll(0, 300));
        }
        std::vector<Lifetime> maps(static_cast<std::size_t>(roll(1, 15)));
        for (Lifetime& map : maps) {
            map.bytes = roll(1, 400);
            map.first = roll(0, segments - 2);
            map.last = roll(map.first + 1, segments - 1);
            map.readers = roll(1, map.last - map.first);
        }
        const std::int64_t size = roll(100, 2000);
        const std::int64_t images = roll(1, 3);
        const std::vector<std::int64_t> addresses = addresses_of(maps, taken, size, images);
        for (std::size_t a = 0; a < maps.size(); ++a) {
            if (addresses[a] < 0) {
                continue;
            }
            ++kept;
            const std::int64_t end = addresses[a] + images * maps[a].bytes;
            CHECK(end <= size);
            for (int s = maps[a].first; s <= maps[a].last; ++s) {
                CHECK(addresses[a] >= taken[static_cast<std::size_t>(s)]);
            }
            for (std::size_t b = 0; b < a; ++b) {
                if (addresses[b] >= 0 && addresses[b] < end && addresses[a] < addresses[b] + images * maps[b].bytes) {
                    ++shared;
                    CHECK_FALSE(meet(maps[a], maps[b]));
                }
            }
        }
        // What fits in a memory fits at the same addresses in a larger one, unless that has room for more.
        if (std::count(addresses.begin(), addresses.end(), -1) == 0) {
            CHECK(addresses_of(maps, taken, 2 * size, images) == addresses);
        }
    }
    CHECK(kept > 1000);
    CHECK(shared > 100);
}

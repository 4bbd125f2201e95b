// Copies by the rules of Poly-Schedule: a worked example, and what the rules say of any.

#include "compiler/scheduling/cg/poly.h"

#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/compiler/tasks.h"

using namespace cim;
using namespace cim::compiler;
using namespace cim::test;

namespace {

const std::vector<DuplicationTask> example{task(1, 16, 16, 3, 1), task(2, 8, 8, 3, 1), task(8, 4, 4, 3, 1)};

std::vector<int> copies(const std::vector<Split>& splits) {
    std::vector<int> numbers;
    for (const Split& split : splits) {
        numbers.push_back(split.copies());
    }
    return numbers;
}

}  // namespace

TEST_CASE("the next copy goes to the slowest task that has one coming and room for it") {
    // 11 crossbars for one each. Of 9 more the first, slowest up to 4 copies (64 as the second), takes 3, then 1 (5 copies: 4 columns by 16
    // again, no gain; 6 copies: 48 while the second has 64).
    CHECK(copies(poly_copies(example, 11)) == std::vector<int>{1, 1, 1});
    CHECK(copies(poly_copies(example, 12)) == std::vector<int>{2, 1, 1});
    CHECK(copies(poly_copies(example, 14)) == std::vector<int>{4, 1, 1});
    // 64 and 64: the earlier of equals is first.
    CHECK(copies(poly_copies(example, 16)) == std::vector<int>{6, 1, 1});
    CHECK(copies(poly_copies(example, 18)) == std::vector<int>{6, 2, 1});
}

TEST_CASE("uniform copies are as many as all tasks have room for, fewer where no more positions can be shared") {
    CHECK(copies(poly_uniform_copies(example, 21)) == std::vector<int>{1, 1, 1});
    CHECK(copies(poly_uniform_copies(example, 22)) == std::vector<int>{2, 2, 2});
    CHECK(copies(poly_uniform_copies(example, 5)) == std::vector<int>{1, 1, 1});
    const std::vector<DuplicationTask> vector{task(1, 1, 1, 1, 1), task(1, 4, 4, 1, 1)};
    CHECK(copies(poly_uniform_copies(vector, 7)) == std::vector<int>{1, 2});  // three copies have two columns at most, as two have
    CHECK(copies(poly_uniform_copies(vector, 8)) == std::vector<int>{1, 4});
}

TEST_CASE("copies never exceed the crossbars, and none is left that fits") {
    std::mt19937 random(1);
    const auto upto = [&](int most) { return 1 + static_cast<int>(random() % static_cast<unsigned>(most)); };
    for (int instance = 0; instance < 200; ++instance) {
        std::vector<DuplicationTask> tasks;
        for (int i = upto(5); i > 0; --i) {
            const int tiles = upto(4);
            const int rows = upto(9);
            const int cols = upto(9);
            const int most_dy = upto(3);
            tasks.push_back(task(tiles, rows, cols, most_dy, upto(9)));
        }
        const std::int64_t available = crossbars(tasks, std::vector<Split>(tasks.size())) + static_cast<int>(random() % 30);
        INFO("instance " << instance);
        const std::vector<Split> splits = poly_copies(tasks, available);
        const std::int64_t left = available - crossbars(tasks, splits);
        CHECK(left >= 0);
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            const Split next = cheapest(tasks[i], task_ticks(tasks[i], splits[i]) - 1);
            CHECK((next.copies() == 0 || task_crossbars(tasks[i], next) - task_crossbars(tasks[i], splits[i]) > left));
        }
        CHECK(crossbars(tasks, poly_uniform_copies(tasks, available)) <= available);
    }
}

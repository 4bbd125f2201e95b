// Every key that a machine's file holds changes something that a user can see: cycles, energy, area, power, the program, outputs, or
// whether it runs at all. `build/release/tests/test_cli "each key*"` prints the table.

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/cli/key_effects.h"

using namespace cim;

namespace {

void check_machine(const std::string& name) {
    bool type_counts = false;
    for (const test::KeyEffect& key : test::effects_on(name)) {
        fmt::print("{:<14} {:<34} {:<40} {}\n", name, key.path, key.change, key.effect.empty() ? "nothing" : key.effect);
        INFO(name << ": " << key.path << ", " << key.change);
        // Devices that hold the same bits, wear and keep their weights alike differ in nothing but the prices of their file.
        if (key.path == "device.type") {
            type_counts = type_counts || !key.effect.empty();
        } else {
            CHECK_FALSE(key.effect.empty());
        }
    }
    CHECK(type_counts);
}

}  // namespace

TEST_CASE("each key of isaac-baseline counts") {
    check_machine("isaac-baseline");
}

TEST_CASE("each key of jain2021 counts") {
    check_machine("jain2021");
}

TEST_CASE("each key of jia2021 counts") {
    check_machine("jia2021");
}

TEST_CASE("each key of machine-h counts") {
    check_machine("machine-h");
}

TEST_CASE("each key of puma counts") {
    check_machine("puma");
}

TEST_CASE("each key of tiny counts") {
    check_machine("tiny");
}

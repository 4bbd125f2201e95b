// The verifier on generated programs that run, with and without a fault.

#include <algorithm>

#include <catch2/catch.hpp>

#include "isa/binary/codec.h"
#include "isa/generate/random_program.h"
#include "isa/text/print.h"

using namespace cim::isa;

namespace {

std::string first_rule(std::uint64_t seed, const RunnableOptions& options) {
    const RunnableProgram made = random_runnable(seed, options);
    const auto found = verify(made.program, made.limits, 1 + static_cast<std::int64_t>(seed % 3));
    return found.empty() ? "" : found[0].rule;
}

}  // namespace

TEST_CASE("generated programs without a fault pass the verifier") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        RunnableOptions options;
        options.branches = seed % 4 != 0;
        options.steps = static_cast<int>(seed % 30);
        INFO("seed " << seed);
        CHECK(first_rule(seed, options).empty());
    }
}

TEST_CASE("a fault in a chain is found for what it is") {
    const std::pair<Fault, const char*> faults[] = {
        {Fault::MissingCredit, "race"}, {Fault::LooseCredit, "race"}, {Fault::ShortCount, "deadlock"}, {Fault::OffByOne, "range"}};
    for (const auto& [fault, rule] : faults) {
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            RunnableOptions options;
            options.fault = fault;
            options.branches = false;
            INFO("fault " << static_cast<int>(fault) << ", seed " << seed);
            CHECK(first_rule(seed, options) == rule);
        }
    }
}

TEST_CASE("a fault in a net of forks and joins is found, unless another wait covers a missing credit") {
    int races = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        RunnableOptions options;
        options.fault = Fault::ShortCount;
        CHECK(first_rule(seed, options) == "deadlock");
        options.fault = Fault::OffByOne;
        CHECK(first_rule(seed, options) == "range");
        options.fault = Fault::MissingCredit;
        races += first_rule(seed, options) == "race" ? 1 : 0;
    }
    CHECK(races > 80);
}

TEST_CASE("signals that are let go early are missed by nobody") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        RunnableOptions options;
        options.fault = seed % 2 == 0 ? Fault::None : Fault::LooseCredit;
        RunnableProgram made = random_runnable(seed, options);
        RunStatistics late;
        const auto expected = verify_run(made.program, made.limits, 2, late);
        made.limits.spare_history_bytes = 0;
        RunStatistics early;
        const auto found = verify_run(made.program, made.limits, 2, early);
        REQUIRE(found.size() == expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            CHECK(found[i].message == expected[i].message);
        }
        CHECK(early.history_bytes < late.history_bytes);
        made.limits.most_history_bytes = 0;
        const auto starved = verify_run(made.program, made.limits, 2);
        REQUIRE_FALSE(starved.empty());
        CHECK(starved.back().rule == "run-length");
        CHECK_THAT(starved.back().message, Catch::Contains("more than the 0 bytes of history"));
    }
}

TEST_CASE("the same seed gives the same program") {
    CHECK(encode_binary(random_program(42)) == encode_binary(random_program(42)));
    CHECK(encode_binary(random_runnable(42).program) == encode_binary(random_runnable(42).program));
    CHECK(encode_binary(random_runnable(42).program) != encode_binary(random_runnable(43).program));
}

TEST_CASE("a runnable program without the order of its flows is the same to the verifier") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        RunnableOptions options;
        options.fault = seed % 2 == 0 ? Fault::None : Fault::LooseCredit;
        RunnableProgram made = random_runnable(seed, options);
        const bool good = verify(made.program, made.limits, 2).empty();
        std::reverse(made.program.flows.begin(), made.program.flows.end());
        INFO("seed " << seed);
        CHECK(verify(made.program, made.limits, 2).empty() == good);
    }
}

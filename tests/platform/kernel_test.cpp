// What the platform keeps time and power with, and what it says about transfers that no memory has.

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <systemc>
#include <tlm>

#include <catch2/catch.hpp>

#include "isa/generate/dice.h"
#include "platform/core/ready_queue.h"
#include "platform/crossbar/crossbar_array.h"
#include "platform/kernel/agenda.h"
#include "platform/kernel/fresh_kernel.h"
#include "platform/kernel/wheel.h"
#include "platform/observe/power.h"
#include "tests/platform/timing.h"

using namespace cim;
using namespace cim::test;

namespace {

/// Has something to do every `step` ticks, up to tick `last`.
class Walker final : public platform::Actor {
  public:
    Walker(platform::Agenda& agenda, Ticks step, Ticks last) : agenda_(agenda), step_(step), last_(last) {}
    void complete(std::uint64_t) override {
        at_ = agenda_.now();
        if (at_ + step_ <= last_) {
            agenda_.complete_at(at_ + step_, *this);
        }
    }
    Ticks at() const { return at_; }

  private:
    platform::Agenda& agenda_;
    Ticks step_;
    Ticks last_;
    Ticks at_ = 0;
};

/// A process of SystemC beside the agenda, which looks at what has been done so far.
struct Witness final : sc_core::sc_module {
    SC_HAS_PROCESS(Witness);
    Witness(const sc_core::sc_module_name& name, const Walker& walker, int activations)
        : sc_module(name), walker_(walker), left_(activations) {
        SC_METHOD(look);
    }
    void look() {
        seen.emplace_back(sc_core::sc_time_stamp().value(), walker_.at());
        if (--left_ > 0) {
            next_trigger(7, sc_core::SC_NS);
        }
    }
    std::vector<std::pair<sc_dt::uint64, Ticks>> seen;
    const Walker& walker_;
    int left_;
};

/// What the kernel and the witness come to: its time in nanoseconds and delta cycles at the end, and the witness's observations.
std::string walk(Ticks step, Ticks last, int activations, const sc_core::sc_time_unit quantum_unit, std::int64_t ticks_a_ns = 1) {
    const platform::FreshKernel kernel;
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    tlm::tlm_global_quantum::instance().set({1, quantum_unit});
    hw::Machine machine = bare_machine();
    machine.ticks_per_second = 1'000'000'000 * ticks_a_ns;
    platform::Agenda agenda("agenda", machine);
    Walker walker(agenda, step, last);
    const Witness witness("witness", walker, activations);
    agenda.complete_at(step, walker);
    agenda.start();
    sc_core::sc_start();
    std::string text = std::to_string(sc_core::sc_time_stamp().value() / 1'000'000) + " " + std::to_string(walker.at()) + " " +
                       (sc_core::sc_delta_count() > 100 ? "many" : "few");
    for (const auto& [time, at] : witness.seen) {
        const auto now = static_cast<Ticks>(time / 1'000'000) * ticks_a_ns;
        // All that is due before the witness's time has been done, and nothing behind it.
        text += at <= now && (at + step >= now || at == last) ? "" : " wrong";
    }
    return text;
}

}  // namespace

TEST_CASE("the agenda runs ahead of the kernel only as far as nobody else has anything to do") {
    CHECK(walk(3, 3000, 1, sc_core::SC_MS) == "3000 3000 few");
    CHECK(walk(3, 3000, 300, sc_core::SC_MS) == "3000 3000 many");
    CHECK(walk(10, 3000, 300, sc_core::SC_MS) == "3000 3000 many");
    CHECK(walk(3, 3000, 500, sc_core::SC_MS) == "3493 3000 many");
    // A quantum of less than a tick: every tick is one of the kernel's.
    CHECK(walk(3, 3000, 1, sc_core::SC_PS) == "3000 3000 many");
    // Ticks of a third of a nanosecond are no whole number of femtoseconds.
    CHECK(walk(2, 3000, 1, sc_core::SC_MS, 3) == "1000 3000 few");
    CHECK(walk(2, 3000, 100, sc_core::SC_MS, 3) == "1000 3000 many");
}

TEST_CASE("the wheel gives every entry at its tick, near or far") {
    int right = 0;
    int hints = 0;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        isa::Dice dice(seed);
        struct Item {
            Item* next = nullptr;
            int number = 0;
        };
        std::deque<Item> items;
        platform::Wheel<Item> wheel;
        std::multimap<Ticks, int> expected;
        std::optional<int> announced;  // what is expected to come next
        Ticks now = 0;
        int next = 0;
        const auto add = [&] {
            // Around the wheel's size most of all.
            constexpr Ticks size = platform::Wheel<Item>::slots;
            const Ticks ahead =
                dice.once_in(3) ? dice.roll(size - 5, size + 5) : (dice.once_in(2) ? dice.roll(1, 20) : dice.roll(1, 2 * size));
            wheel.add(now + ahead, items.emplace_back(Item{nullptr, next}));
            expected.emplace(now + ahead, next++);
        };
        add();
        for (int step = 0; step < 3000 && !expected.empty(); ++step) {
            REQUIRE(wheel.next() == expected.begin()->first);
            now = wheel.next();
            std::vector<int> taken;
            wheel.take(now, [&](Item& item, const Item* following) {
                hints += announced ? 1 : 0;
                right += announced == item.number ? 1 : 0;
                announced = following == nullptr ? std::nullopt : std::optional<int>(following->number);
                taken.push_back(item.number);
            });
            std::vector<int> due;
            for (auto it = expected.begin(); it != expected.end() && it->first == now; it = expected.erase(it)) {
                due.push_back(it->second);
            }
            std::sort(taken.begin(), taken.end());
            std::sort(due.begin(), due.end());
            REQUIRE(taken == due);
            for (std::int64_t n = step < 2000 ? dice.roll(expected.empty() ? 1 : 0, 2) : 0; n > 0; --n) {
                add();
            }
        }
        CHECK(expected.empty());
        CHECK(wheel.next() == platform::Wheel<Item>::none);
    }
    CHECK(hints > 10'000);
    CHECK(right > hints / 4);  // many of them are far here
}

TEST_CASE("an engine's ready flows come out in the order of their times, ties by flow") {
    isa::Dice dice(1);
    platform::ReadyQueue queue;
    std::set<std::pair<Ticks, isa::Index>> expected;
    Ticks now = 0;
    for (isa::Index id = 0; id < 5000; ++id) {
        now += dice.roll(0, 1);
        const Ticks since = dice.once_in(5) ? dice.roll(0, now) : now;  // those that waited for a crossbar come back with their own time
        const isa::Index flow = id ^ 3;
        queue.add({since, flow});
        expected.emplace(since, flow);
        for (std::int64_t n = dice.roll(0, id % 1000 < 700 ? 1 : 3); n > 0 && !expected.empty(); --n) {
            REQUIRE_FALSE(queue.empty());
            REQUIRE(std::pair(queue.front().since, queue.front().id) == *expected.begin());
            expected.erase(expected.begin());
            queue.pop();
        }
        REQUIRE(queue.empty() == expected.empty());
    }
}

TEST_CASE("a crossbar counts how often its rows are programmed") {
    isa::Program program;
    program.weights.push_back({});
    program.weights.back().rows = 20;
    program.weights.back().cols = 2;
    const hw::Machine machine = machine_of("tiny");
    isa::Dice dice(2);
    for (int round = 0; round < 50; ++round) {
        const platform::FreshKernel kernel;
        platform::CrossbarArray crossbars("crossbars", machine, program);
        std::vector<std::int64_t> rows(20, 0);
        for (int i = 0; i < 30; ++i) {
            const int first = static_cast<int>(dice.roll(0, 19));
            const int count = static_cast<int>(dice.roll(1, 20 - first));
            crossbars.program(0, 0, first, count, nullptr);
            std::for_each_n(rows.begin() + first, count, [](std::int64_t& times) { ++times; });
            REQUIRE(crossbars.most_writes() == *std::max_element(rows.begin(), rows.end()));
        }
    }
}

TEST_CASE("waits longer than the wheel come out to the tick") {
    hw::Machine m = bare_machine();
    m.chip_clock.ticks_per_cycle = 1;
    for (const hw::Cycles latency : {4094, 4095, 4096, 4097, 8191, 8192, 8193, 1'000'000}) {
        m.chip.external_memory.latency = latency;
        CHECK(time_of_one(m, "chip", "move", "mov.fetch dst=0 src=0 n=8") == latency);
    }
}

TEST_CASE("a power profile keeps all energy, spread evenly, however long the run") {
    platform::PowerProfile profile(10);
    profile.add(0, 10, 5);
    profile.add(5, 25, 20);
    CHECK(profile.energy() == std::vector<double>{5 + 5, 10, 5});
    CHECK(profile.largest() == 10);
    const Ticks far = Ticks{10} << 20;
    profile.add(far, far + 1, 3);
    CHECK(profile.window() > 10);
    CHECK(profile.energy().size() <= (1U << 18U) + 1);
    const std::vector<double> energy = profile.energy();
    CHECK(std::accumulate(energy.begin(), energy.end(), 0.0) == Approx(28));
    CHECK(profile.energy()[0] == Approx(25));
}

TEST_CASE("a warning of SystemC is thrown, and fails a simulation") {
    CHECK_THROWS_WITH(SC_REPORT_WARNING("test", "something is odd"), Catch::Contains("something is odd"));
}

TEST_CASE("a transfer outside its memory is an error, whether the memory takes time or not") {
    const isa::Program program = timing_program(R"(template fetch(at) {
  mov.fetch dst=0 src=at n=8
}
flow f chip move op=0 fetch(4092)
)");
    hw::Machine m = bare_machine();
    CHECK_THROWS_WITH(run(program, m), Catch::Contains("TLM_ADDRESS_ERROR_RESPONSE"));
    m.chip.external_memory.latency = 5;
    CHECK_THROWS_WITH(run(program, m), Catch::Contains("TLM_ADDRESS_ERROR_RESPONSE"));
    RunOptions timing_only;
    timing_only.functional = false;
    CHECK(run(program, m, timing_only).ticks == 5);
}

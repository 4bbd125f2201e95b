// The networks as state machines: by hand, and what must hold for any traffic.

#include "hw_models/noc/noc.h"

#include <algorithm>
#include <limits>
#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "hw_models/spec/load.h"
#include "tests/hw/support.h"

using namespace cim;
using namespace cim::hw;

namespace {

struct Packet {
    Ticks at = 0;
    int src = 0;
    int dst = 0;
    std::int64_t flits = 1;
};

/// Drives a model as the platform does. Returns the tick of each packet's delivery; fails if one is delivered twice or never, or if two
/// hold a link at once.
std::vector<Ticks> drive(NocModel& noc, const std::vector<Packet>& packets, bool watch_links = true) {
    noc.record_link_changes(watch_links);
    std::vector<Ticks> delivered(packets.size(), -1);
    std::vector<std::pair<int, bool>> changes;
    std::map<int, bool> held;
    const auto look = [&] {
        noc.drain_link_changes(changes);
        for (const auto& [link, busy] : changes) {
            CHECK(held[link] != busy);
            held[link] = busy;
        }
    };
    std::size_t next_packet = 0;
    Ticks last = -1;
    while (true) {
        const Ticks request = next_packet < packets.size() ? packets[next_packet].at : std::numeric_limits<Ticks>::max();
        const Ticks event = noc.next().value_or(std::numeric_limits<Ticks>::max());
        const Ticks now = std::min(request, event);
        if (now == std::numeric_limits<Ticks>::max()) {
            break;
        }
        REQUIRE(now > last);
        last = now;
        if (event == now) {
            std::vector<std::uint64_t> ids;
            noc.advance(now, ids);
            for (const std::uint64_t id : ids) {
                CHECK(delivered[id] == -1);
                delivered[id] = now;
            }
            look();
        }
        for (; next_packet < packets.size() && packets[next_packet].at == now; ++next_packet) {
            const Packet& p = packets[next_packet];
            noc.request(now, {next_packet, p.src, p.dst, p.flits});
        }
        noc.arbitrate(now);
        look();
    }
    for (const Ticks at : delivered) {
        CHECK(at >= 0);
    }
    for (const auto& [link, busy] : held) {
        CHECK_FALSE(busy);
    }
    return delivered;
}

Machine noc_machine(const std::string& model, Grid cores = {2, 2}) {
    Machine m = load_machine(test::config_path("tiny")).machine;
    m.chip_clock.ticks_per_cycle = 1;
    m.chip.cores = cores;
    m.chip.noc.model = model;
    m.chip.noc.cost.assign(static_cast<std::size_t>(cores.count()) + 1,
                           std::vector<Cycles>(static_cast<std::size_t>(cores.count()) + 1, 3));
    for (std::size_t i = 0; i < m.chip.noc.cost.size(); ++i) {
        m.chip.noc.cost[i][i] = 0;
        m.chip.noc.cost[i][0] = i == 0 ? 0 : 5;
    }
    return m;
}

/// Packets in order of time, several in one tick among them.
std::vector<Packet> traffic(std::uint64_t seed, int nodes, int count, Ticks span) {
    std::mt19937_64 random(seed);
    const auto roll = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n)); };
    std::vector<Packet> packets(static_cast<std::size_t>(count));
    for (Packet& p : packets) {
        p.at = roll(span);
        p.src = static_cast<int>(roll(nodes));
        p.dst = static_cast<int>((p.src + 1 + roll(nodes - 1)) % nodes);
        p.flits = 1 + roll(9);
    }
    std::stable_sort(packets.begin(), packets.end(), [](const Packet& a, const Packet& b) { return a.at < b.at; });
    return packets;
}

}  // namespace

TEST_CASE("the networks are those that the hardware file can choose") {
    std::string range;
    for (const KeyInfo& key : known_keys()) {
        if (key.path == "chip.noc.model") {
            range = key.range;
        }
    }
    REQUIRE_FALSE(range.empty());
    std::size_t letters = 0;
    for (const std::string& name : noc_models()) {
        CHECK(range.find(name) != std::string::npos);
        CHECK(make_noc(noc_machine(name)) != nullptr);
        letters += name.size();
    }
    // And no others: what is left of the list are its separators.
    CHECK(std::count_if(range.begin(), range.end(), [](char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '-'; }) ==
          static_cast<std::ptrdiff_t>(letters));
    CHECK_THROWS_AS(make_noc(noc_machine("torus")), std::invalid_argument);
}

TEST_CASE("ideal network: no time, one hop") {
    const auto noc = make_noc(noc_machine("ideal"));
    CHECK(noc->uncontended(0, 3, 100) == 0);
    CHECK(noc->hops(0, 3) == 1);
    CHECK(noc->hops(2, 2) == 0);
}

TEST_CASE("cost matrix: flits times the cost of the pair, whatever else moves") {
    Machine m = noc_machine("cost-matrix");
    m.chip_clock.ticks_per_cycle = 2;
    const auto noc = make_noc(m);
    CHECK(noc->uncontended(0, 1, 4) == 4 * 3 * 2);
    CHECK(noc->uncontended(1, 0, 4) == 4 * 5 * 2);
    CHECK(drive(*noc, {{0, 0, 1, 4}, {0, 0, 1, 4}, {0, 2, 1, 1}, {1, 1, 0, 1}}) == std::vector<Ticks>{24, 24, 6, 11});
}

TEST_CASE("switch: transfers meet where they leave and where they enter") {
    Machine m = noc_machine("disjoint-buffer-switch");
    m.chip.noc.hop_latency = 2;
    const auto noc = make_noc(m);
    CHECK(noc->uncontended(0, 2, 4) == 5);
    CHECK(noc->uncontended(0, 2, 1) == 3);
    // Two into core 2: the second waits for its link from 2 to 6.
    CHECK(drive(*make_noc(m), {{0, 0, 2, 4}, {0, 1, 2, 4}}) == std::vector<Ticks>{5, 9});
    // Two out of core 0.
    CHECK(drive(*make_noc(m), {{0, 0, 2, 4}, {0, 0, 1, 4}}) == std::vector<Ticks>{5, 9});
    // Nothing in common.
    CHECK(drive(*make_noc(m), {{0, 0, 2, 4}, {0, 1, 3, 4}, {0, 2, 0, 4}}) == std::vector<Ticks>{5, 5, 5});
}

TEST_CASE("mesh: along the row, then along the column; one packet a link") {
    Machine m = noc_machine("mesh-packet", {2, 3});
    m.chip.noc.hop_latency = 2;
    m.chip.noc.inject_latency = 1;
    m.chip.noc.memory_node = {1, 2};
    const auto noc = make_noc(m);
    CHECK(noc->hops(0, 5) == 4);
    CHECK(noc->hops(0, 6) == 4);
    CHECK(noc->hops(5, 6) == 1);
    CHECK(noc->uncontended(0, 5, 4) == 1 + 2 + 2 + 2 + 1 + 3);
    // From 0 over routers 1 and 2 down to 5; the one from 3 to 5 goes along the lower row; both enter core 5, where the second waits:
    // it is at the ejection link at 5 as the first is at 7 (held 5..9).
    CHECK(drive(*make_noc(m), {{0, 0, 5, 4}, {0, 3, 5, 4}}) == std::vector<Ticks>{9 + 1 + 3, 9});
    // The one that comes a tick later to a link waits for it even if it is longer on its way.
    CHECK(drive(*make_noc(m), {{0, 1, 2, 8}, {1, 0, 2, 1}}) == std::vector<Ticks>{1 + 2 + 1 + 7, 9 + 2 + 1 + 0 + 0});
}

TEST_CASE("mesh of clusters: cores of a cluster share a router, L0 hangs on the router named") {
    Machine m = noc_machine("mesh-packet", {4, 4});
    m.chip.cluster = ClusterSpec{{2, 2}, {}};
    m.chip.noc.hop_latency = 3;
    m.chip.noc.inject_latency = 1;
    m.chip.noc.memory_node = {1, 1};
    const auto noc = make_noc(m);
    CHECK(noc->hops(0, 5) == 1);
    CHECK(noc->hops(0, 2) == 2);
    CHECK(noc->hops(0, 15) == 3);
    CHECK(noc->hops(15, 16) == 1);
    CHECK(noc->hops(0, 16) == 3);
    CHECK(noc->uncontended(0, 16, 1) == 1 + 3 + 3 + 1);
    CHECK(noc->link_names().size() == 4 * 4 + 2 * 17);
    CHECK(noc->link_busy().size() == noc->link_names().size());
}

TEST_CASE("whatever the traffic: each packet once, never early, no link shared, always the same") {
    for (const std::string& name : noc_models()) {
        if (name == "ideal") {
            continue;  // never asked for a transfer
        }
        for (std::uint64_t seed = 0; seed < 60; ++seed) {
            INFO(name << ", seed " << seed);
            Machine m = noc_machine(name, seed % 3 == 0 ? Grid{1, 7} : (seed % 3 == 1 ? Grid{3, 3} : Grid{4, 2}));
            m.chip_clock.ticks_per_cycle = 1 + static_cast<Ticks>(seed % 4);
            m.chip.noc.hop_latency = 1 + static_cast<Cycles>(seed % 3);
            m.chip.noc.inject_latency = static_cast<Cycles>(seed % 2);
            if (seed % 6 == 5) {
                m.chip.cluster = ClusterSpec{{2, 2}, {}};
            }
            const std::vector<Packet> packets = traffic(seed, m.core_count() + 1, 80, 40 + 20 * static_cast<Ticks>(seed % 5));
            const auto noc = make_noc(m);
            const std::vector<Ticks> delivered = drive(*noc, packets);
            std::int64_t busy = 0;
            for (std::size_t i = 0; i < packets.size(); ++i) {
                const Packet& p = packets[i];
                const Ticks alone = noc->uncontended(p.src, p.dst, p.flits);
                CHECK(delivered[i] >= p.at + alone);
                CHECK(drive(*make_noc(m), {p}) == std::vector<Ticks>{p.at + alone});
                // A link between routers for each hop but the one of the router itself, and the two ends.
                const int links = name == "mesh-packet" ? noc->hops(p.src, p.dst) + 1 : 2;
                busy += links * p.flits * m.chip_clock.ticks_per_cycle;
            }
            if (name != "cost-matrix") {
                std::int64_t counted = 0;
                for (const Ticks ticks : noc->link_busy()) {
                    counted += ticks;
                }
                CHECK(counted == busy);
            }
            CHECK(drive(*make_noc(m), packets) == delivered);
            CHECK(drive(*make_noc(m), packets, false) == delivered);
        }
    }
}

TEST_CASE("packets that follow each other on the same way arrive in order, and one that waits loses no more than it must") {
    for (const char* name : {"disjoint-buffer-switch", "mesh-packet"}) {
        Machine m = noc_machine(name, {3, 3});
        std::vector<Packet> packets;
        for (int i = 0; i < 20; ++i) {
            packets.push_back({i / 2, 0, 8, 1 + i % 5});
        }
        const std::vector<Ticks> delivered = drive(*make_noc(m), packets);
        CHECK(std::is_sorted(delivered.begin(), delivered.end()));
        // The first link is never idle: the last packet leaves when all flits before it have, and is alone from there.
        std::int64_t before = 0;
        for (std::size_t i = 0; i + 1 < packets.size(); ++i) {
            before += packets[i].flits;
        }
        CHECK(delivered.back() == before + make_noc(m)->uncontended(0, 8, packets.back().flits));
    }
}

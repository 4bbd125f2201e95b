// Network models under random traffic: what must hold of any of them, and a slow model of links, walked tick by tick, to compare with.

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "hw_models/noc/noc.h"
#include "hw_models/spec/load.h"
#include "tests/hw/support.h"

using namespace cim;
using hw::Ticks;

namespace {

struct Sent {
    Ticks at = 0;
    int src = 0;
    int dst = 0;
    std::int64_t flits = 1;
};

struct Busy {
    Ticks from = 0;
    Ticks to = 0;
};

struct Traffic {
    std::vector<Ticks> delivered;            ///< by packet; -1: never
    std::vector<int> times;                  ///< by packet: how often
    std::map<int, std::vector<Busy>> links;  ///< occupancy as recorded
};

/// Drives a model as its header prescribes. Packets in order of `at`.
Traffic traffic_of(hw::NocModel& model, const std::vector<Sent>& packets, bool record) {
    model.record_link_changes(record);
    Traffic traffic;
    traffic.delivered.assign(packets.size(), -1);
    traffic.times.assign(packets.size(), 0);
    std::map<int, Ticks> taken;
    std::vector<std::pair<int, bool>> changes;
    const auto note = [&](Ticks now) {
        model.drain_link_changes(changes);
        for (const auto& [link, busy] : changes) {
            if (busy) {
                REQUIRE(taken.count(link) == 0);  // a link carries one packet
                taken[link] = now;
            } else {
                REQUIRE(taken.count(link) == 1);
                traffic.links[link].push_back({taken[link], now});
                taken.erase(link);
            }
        }
    };
    std::vector<std::uint64_t> out;
    std::size_t next = 0;
    while (true) {
        std::optional<Ticks> now = model.next();
        if (next < packets.size() && (!now || packets[next].at < *now)) {
            now = packets[next].at;
        }
        if (!now) {
            break;
        }
        out.clear();
        model.advance(*now, out);
        note(*now);
        for (const std::uint64_t id : out) {
            traffic.delivered[id] = *now;
            ++traffic.times[id];
        }
        for (; next < packets.size() && packets[next].at == *now; ++next) {
            model.request(*now, {next, packets[next].src, packets[next].dst, packets[next].flits});
        }
        model.arbitrate(*now);
        note(*now);
    }
    CHECK(taken.empty());
    return traffic;
}

hw::Machine reference_machine(const std::string& model) {
    hw::Machine m = hw::load_machine(test::config_path("tiny")).machine;
    m.chip.noc.model = model;
    m.chip.cores = {3, 4};
    m.chip.noc.memory_node = {1, 2};
    m.chip.noc.hop_latency = 2;
    m.chip.noc.inject_latency = 1;
    m.chip_clock.ticks_per_cycle = 2;
    m.chip.noc.cost.assign(13, std::vector<hw::Cycles>(13, 0));
    for (std::size_t i = 0; i < 13; ++i) {
        for (std::size_t j = 0; j < 13; ++j) {
            m.chip.noc.cost[i][j] = i == j ? 0 : static_cast<hw::Cycles>(1 + i + 3 * j);
        }
    }
    return m;
}

std::vector<Sent> random_traffic(std::uint64_t seed, int nodes, int count, int spacing) {
    std::mt19937_64 dice(seed);
    std::vector<Sent> packets;
    Ticks at = 0;
    for (int i = 0; i < count; ++i) {
        at += static_cast<Ticks>(dice() % static_cast<std::uint64_t>(spacing));
        Sent p{at, static_cast<int>(dice() % static_cast<std::uint64_t>(nodes)), 0, 1 + static_cast<std::int64_t>(dice() % 9)};
        p.dst = (p.src + 1 + static_cast<int>(dice() % static_cast<std::uint64_t>(nodes - 1))) % nodes;
        packets.push_back(p);
    }
    return packets;
}

/// Links of a path and the head's latency over each, worked out apart from the models.
using Path = std::vector<std::pair<std::string, Ticks>>;

Path mesh_path(const hw::Machine& m, int src, int dst) {
    const hw::Grid cluster = m.chip.cluster ? m.chip.cluster->cores : hw::Grid{1, 1};
    const int cols = m.chip.cores.cols / cluster.cols;
    const auto router = [&](int node) {
        return node == m.core_count() ? m.chip.noc.memory_node
                                      : hw::Grid{node / m.chip.cores.cols / cluster.rows, node % m.chip.cores.cols / cluster.cols};
    };
    const auto name = [&](int node) { return node == m.core_count() ? std::string("l0") : "core" + std::to_string(node); };
    const Ticks tick = m.chip_clock.ticks_per_cycle;
    Path path{{name(src) + ".inject", m.chip.noc.inject_latency * tick}};
    hw::Grid at = router(src);
    const hw::Grid to = router(dst);
    const auto go = [&](const char* way) {
        path.emplace_back("router" + std::to_string(at.rows * cols + at.cols) + "." + way, m.chip.noc.hop_latency * tick);
    };
    for (; at.cols < to.cols; ++at.cols) {
        go("east");
    }
    for (; at.cols > to.cols; --at.cols) {
        go("west");
    }
    for (; at.rows < to.rows; ++at.rows) {
        go("south");
    }
    for (; at.rows > to.rows; --at.rows) {
        go("north");
    }
    path.emplace_back(name(dst) + ".eject", m.chip.noc.inject_latency * tick);
    return path;
}

Path switch_path(const hw::Machine& m, int src, int dst) {
    const auto name = [&](int node) { return node == m.core_count() ? std::string("l0") : "core" + std::to_string(node); };
    return {{name(src) + ".in", m.chip.noc.hop_latency * m.chip_clock.ticks_per_cycle}, {name(dst) + ".out", 0}};
}

/// Every tick, every link: whoever has stood there longest (then: came into the network first) takes it when it is free. Latencies of all
/// links but the last above 0.
std::vector<Ticks> walk(const std::vector<Sent>& packets, const std::vector<Path>& paths, Ticks flit) {
    struct State {
        std::size_t hop = 0;
        Ticks stands_since = 0;
        bool gone = false;  ///< over the last link
    };
    std::vector<State> states(packets.size());
    std::vector<Ticks> delivered(packets.size(), -1);
    std::map<std::string, Ticks> free_at;
    std::size_t left = packets.size();
    for (std::size_t i = 0; i < packets.size(); ++i) {
        states[i].stands_since = packets[i].at;
    }
    for (Ticks now = 0; left > 0; ++now) {
        std::map<std::string, std::size_t> first;
        for (std::size_t i = 0; i < packets.size(); ++i) {
            const State& s = states[i];
            if (s.gone || s.stands_since > now) {
                continue;
            }
            const std::string& link = paths[i][s.hop].first;
            if (free_at[link] <= now && (first.count(link) == 0 || s.stands_since < states[first[link]].stands_since)) {
                first[link] = i;
            }
        }
        for (const auto& [link, i] : first) {
            State& s = states[i];
            const Ticks held = packets[i].flits * flit;
            free_at[link] = now + held;
            const Ticks head = now + paths[i][s.hop].second;
            if (++s.hop == paths[i].size()) {
                delivered[i] = std::max(head + held - flit, now + flit);
                s.gone = true;
                --left;
            } else {
                s.stands_since = head;
            }
        }
    }
    return delivered;
}

void check_invariants(const hw::Machine& m, std::uint64_t seed, int spacing) {
    INFO(m.chip.noc.model << ", seed " << seed << ", spacing " << spacing);
    const std::vector<Sent> packets = random_traffic(seed, m.core_count() + 1, 150, spacing);
    const std::unique_ptr<hw::NocModel> model = hw::make_noc(m);
    const Traffic traffic = traffic_of(*model, packets, true);
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const Sent& p = packets[i];
        CHECK(traffic.times[i] == 1);
        CHECK(traffic.delivered[i] >= p.at + model->uncontended(p.src, p.dst, p.flits));
        const Traffic alone = traffic_of(*hw::make_noc(m), {p}, false);
        CHECK(alone.delivered[0] == p.at + model->uncontended(p.src, p.dst, p.flits));
        for (std::size_t j = 0; j < i; ++j) {  // what takes the same way stays in order
            if (packets[j].src == p.src && packets[j].dst == p.dst && model->link_names().size() > 0) {
                CHECK(traffic.delivered[j] < traffic.delivered[i]);
            }
        }
    }
    const std::vector<Ticks> busy = model->link_busy();
    for (const auto& [link, intervals] : traffic.links) {
        Ticks total = 0;
        for (std::size_t i = 0; i < intervals.size(); ++i) {
            total += intervals[i].to - intervals[i].from;
            CHECK((i == 0 || intervals[i - 1].to <= intervals[i].from));
        }
        CHECK(total == busy[static_cast<std::size_t>(link)]);
    }
    CHECK(traffic_of(*hw::make_noc(m), packets, false).delivered == traffic.delivered);  // watching changes nothing
}

}  // namespace

TEST_CASE("every network delivers each packet once, in order, not before its time, alone in exactly that", "[noc]") {
    for (const char* name : {"cost-matrix", "disjoint-buffer-switch", "mesh-packet"}) {
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            check_invariants(reference_machine(name), seed, 1 + static_cast<int>(seed) * 5);
        }
    }
}

TEST_CASE("networks whose hops take no time keep to the same rules", "[noc]") {
    for (const char* name : {"disjoint-buffer-switch", "mesh-packet"}) {
        hw::Machine m = reference_machine(name);
        m.chip.noc.hop_latency = 0;
        m.chip.noc.inject_latency = 0;
        check_invariants(m, 20, 2);
        check_invariants(m, 21, 9);
    }
}

TEST_CASE("packets meet at links as in a model that looks at every tick", "[noc]") {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const bool mesh = seed % 2 == 0;
        hw::Machine m = reference_machine(mesh ? "mesh-packet" : "disjoint-buffer-switch");
        if (seed % 4 == 0) {
            m.chip.cores = {4, 6};
            m.chip.cluster = hw::ClusterSpec{{2, 3}, {}};
            m.chip.noc.memory_node = {1, 0};
        }
        const std::unique_ptr<hw::NocModel> model = hw::make_noc(m);
        const std::vector<Sent> packets = random_traffic(100 + seed, m.core_count() + 1, 300, 1 + static_cast<int>(seed));
        std::vector<Path> paths;
        std::map<std::string, Ticks> carried;
        for (const Sent& p : packets) {
            paths.push_back(mesh ? mesh_path(m, p.src, p.dst) : switch_path(m, p.src, p.dst));
            for (const auto& hop : paths.back()) {
                carried[hop.first] += p.flits * m.chip_clock.ticks_per_cycle;
            }
            CHECK(model->hops(p.src, p.dst) == (mesh ? static_cast<int>(paths.back().size()) - 1 : 1));
        }
        INFO(m.chip.noc.model << ", seed " << seed);
        const Traffic traffic = traffic_of(*model, packets, false);
        CHECK(traffic.delivered == walk(packets, paths, m.chip_clock.ticks_per_cycle));
        const std::vector<std::string> names = model->link_names();
        for (std::size_t link = 0; link < names.size(); ++link) {
            INFO(names[link]);
            CHECK(model->link_busy()[link] == carried[names[link]]);
        }
    }
}

TEST_CASE("the ideal network takes no time", "[noc]") {
    const std::unique_ptr<hw::NocModel> model = hw::make_noc(reference_machine("ideal"));
    CHECK(model->uncontended(0, 3, 1000) == 0);
    CHECK(model->hops(0, 3) == 1);
    CHECK(model->hops(3, 3) == 0);
    CHECK_FALSE(model->next().has_value());
}

TEST_CASE("a network with an unknown name is refused", "[noc]") {
    CHECK_THROWS_AS(hw::make_noc(reference_machine("torus")), std::invalid_argument);
    for (const std::string& name : hw::noc_models()) {
        CHECK(hw::make_noc(reference_machine(name)) != nullptr);
    }
}

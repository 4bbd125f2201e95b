#include "platform/core/prices.h"

#include <algorithm>
#include <utility>

namespace cim::platform {

namespace {

bool equal(const hw::OpCost& a, const hw::OpCost& b) {
    const auto same_stage = [](const hw::Stage& x, const hw::Stage& y) {
        return x.ticks == y.ticks && x.flits == y.flits && x.resource == y.resource && x.write == y.write;
    };
    const auto same_event = [](const hw::EventCount& x, const hw::EventCount& y) { return x.event == y.event && x.count == y.count; };
    return a.stage_count == b.stage_count && a.issue_ticks == b.issue_ticks && a.src_node == b.src_node && a.dst_node == b.dst_node &&
           a.event_count == b.event_count && std::equal(a.stages.begin(), a.stages.begin() + a.stage_count, b.stages.begin(), same_stage) &&
           std::equal(a.events.begin(), a.events.begin() + a.event_count, b.events.begin(), same_event);
}

bool equal(const Price& a, const Price& b) {
    return a.opcode == b.opcode && a.pj == b.pj && a.multiply_accumulates == b.multiply_accumulates && a.crossbar_work == b.crossbar_work &&
           equal(a.cost, b.cost);
}

std::uint64_t hash(const Price& price) {
    std::uint64_t value = static_cast<std::uint64_t>(price.opcode);
    const auto mix = [&](std::int64_t more) { value = (value ^ static_cast<std::uint64_t>(more)) * 0x9E3779B97F4A7C15U; };
    mix(price.cost.src_node);
    mix(price.cost.dst_node);
    for (std::size_t i = 0; i < price.cost.stage_count; ++i) {
        mix(price.cost.stages[i].ticks);
    }
    for (std::size_t i = 0; i < price.cost.event_count; ++i) {
        mix(price.cost.events[i].count);
    }
    return value;
}

isa::Space space_of(hw::Resource port) {
    switch (port) {
        case hw::Resource::L0Port: return isa::Space::L0;
        case hw::Resource::External: return isa::Space::Ext;
        default: return isa::Space::L1;
    }
}

}  // namespace

void find_routes(Price& price) {
    const hw::OpCost& cost = price.cost;
    hw::Ticks since = 0;  // ticks of the stages after the last transfer
    for (std::size_t i = 0; i < cost.stage_count; ++i) {
        const hw::Stage& first = cost.stages[i];
        if (first.resource == hw::Resource::Crossbar || first.resource == hw::Resource::Alu) {
            // Nobody else can ask for it: its end is known when it begins.
            since += first.ticks;
            continue;
        }
        Route& route = price.routes[price.transfers++];
        route.lead = std::exchange(since, 0);
        const bool to_noc = first.resource == hw::Resource::Noc;
        const bool from_noc =
            first.resource != hw::Resource::L1Port && i + 1 < cost.stage_count && cost.stages[i + 1].resource == hw::Resource::Noc;
        const hw::Stage& port = to_noc ? cost.stages[i + 1] : first;
        route.port_ticks = port.ticks;
        route.space = space_of(port.resource);
        route.write = to_noc || port.write;
        route.own = !to_noc && !from_noc && port.resource != hw::Resource::External;
        if (to_noc || from_noc) {
            const hw::Stage& noc = to_noc ? first : cost.stages[i + 1];
            route.noc_ticks = noc.ticks;
            route.flits = noc.flits;
            route.src_node = cost.src_node;
            route.dst_node = cost.dst_node;
            ++i;  // one transfer passes both
        }
    }
    price.tail = since;
}

const Price& PriceBook::keep(const Price& price) {
    const std::uint64_t key = hash(price);
    const auto [first, last] = prices_.equal_range(key);
    const auto known = std::find_if(first, last, [&](const auto& entry) { return equal(*entry.second, price); });
    return known != last ? *known->second : *prices_.emplace(key, std::make_unique<const Price>(price))->second;
}

}  // namespace cim::platform

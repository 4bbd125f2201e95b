#include "compiler/prediction/traffic.h"

#include <algorithm>

namespace cim::compiler {

using hw::Ticks;

Traffic::Traffic(const hw::Machine& machine)
    : cores_(static_cast<std::size_t>(machine.core_count())), noc_(hw::make_noc(machine)), ports_(cores_ + 2) {}

void Traffic::begin(const hw::OpCost& cost, isa::Index place, std::int64_t key, std::uint64_t tag, Ticks now) {
    std::uint32_t index = 0;
    if (unused_.empty()) {
        index = static_cast<std::uint32_t>(trips_.size());
        trips_.emplace_back();
    } else {
        index = unused_.back();
        unused_.pop_back();
    }
    trips_[index] = {cost.stages, cost.stage_count, 0, place, cost.src_node, cost.dst_node, now + cost.issue_ticks, key, tag};
    proceed(index, now, now);
}

std::size_t Traffic::port_of(const Trip& trip) const {
    switch (trip.stages[trip.stage].resource) {
        case hw::Resource::L0Port: return cores_;
        case hw::Resource::External: return cores_ + 1;
        case hw::Resource::RemoteL1Port: return static_cast<std::size_t>(trip.dst_node);
        default: return static_cast<std::size_t>(trip.place);
    }
}

void Traffic::proceed(std::uint32_t index, Ticks at, Ticks now) {
    Trip& trip = trips_[index];
    for (; trip.stage < trip.stage_count; ++trip.stage) {
        const hw::Stage& stage = trip.stages[trip.stage];
        if (stage.ticks == 0 || stage.resource == hw::Resource::Crossbar || stage.resource == hw::Resource::Alu) {
            at += stage.ticks;  // nobody else can ask for it
            continue;
        }
        if (at > now) {
            due_.push({at, index});
        } else if (stage.resource == hw::Resource::Noc) {
            to_noc_.push_back(index);
        } else {
            const std::size_t port = port_of(trip);
            if (ports_[port].fresh.empty()) {
                asked_.push_back(port);
            }
            ports_[port].fresh.push_back(index);
        }
        return;
    }
    ended_.push_back({std::max(at, trip.issued), trip.tag});
    unused_.push_back(index);
}

Ticks Traffic::next() const {
    const Ticks moves = noc_->next().value_or(never);
    return due_.empty() ? moves : std::min(due_.top().at, moves);
}

void Traffic::advance(Ticks now) {
    while (!due_.empty() && due_.top().at == now) {
        const std::uint32_t trip = due_.top().trip;
        due_.pop();
        proceed(trip, now, now);
    }
    if (noc_->next() == now) {
        noc_moved_ = true;
        delivered_.clear();
        noc_->advance(now, delivered_);
        for (const std::uint64_t trip : delivered_) {
            ++trips_[trip].stage;
            proceed(static_cast<std::uint32_t>(trip), now, now);
        }
    }
}

void Traffic::by_key(std::vector<std::uint32_t>& fresh) const {
    if (fresh.size() > 1) {
        std::sort(fresh.begin(), fresh.end(), [this](std::uint32_t a, std::uint32_t b) { return trips_[a].key < trips_[b].key; });
    }
}

void Traffic::arbitrate(Ticks now) {
    for (const std::size_t number : asked_) {
        Port& port = ports_[number];
        by_key(port.fresh);
        for (const std::uint32_t index : port.fresh) {
            Trip& trip = trips_[index];
            const Ticks service = trip.stages[trip.stage++].ticks;
            proceed(index, port.port.grant(now, service) + service, now);
        }
        port.fresh.clear();
    }
    asked_.clear();
    if (to_noc_.empty() && !noc_moved_) {
        return;
    }
    by_key(to_noc_);
    for (const std::uint32_t index : to_noc_) {
        const Trip& trip = trips_[index];
        noc_->request(now, {index, trip.src_node, trip.dst_node, trip.stages[trip.stage].flits});
    }
    to_noc_.clear();
    noc_->arbitrate(now);
    noc_moved_ = false;
}

void Traffic::take_ended(std::vector<Ended>& ended) {
    ended.insert(ended.end(), ended_.begin(), ended_.end());
    ended_.clear();
}

}  // namespace cim::compiler

#include "hw_models/noc/routed.h"

#include <algorithm>

namespace cim::hw {

RoutedNoc::RoutedNoc(int links, Ticks ticks_per_flit)
    : ticks_per_flit_(ticks_per_flit), links_(static_cast<std::size_t>(links)), busy_(static_cast<std::size_t>(links), 0) {}

Ticks RoutedNoc::uncontended(int src, int dst, std::int64_t flits) const {
    scratch_.clear();
    route(src, dst, scratch_);
    Ticks total = (flits - 1) * ticks_per_flit_;
    for (const Hop& hop : scratch_) {
        total += hop.latency;
    }
    return std::max(total, ticks_per_flit_);
}

void RoutedNoc::request(Ticks, const NocRequest& request) {
    int index = 0;
    if (unused_.empty()) {
        index = static_cast<int>(packets_.size());
        packets_.emplace_back();
    } else {
        index = unused_.back();
        unused_.pop_back();
    }
    Packet& packet = packets_[static_cast<std::size_t>(index)];
    packet.id = request.id;
    packet.order = next_order_++;
    packet.flits = request.flits;
    packet.hop = 0;
    packet.path.clear();
    route(request.src, request.dst, packet.path);
    enqueue(index);
}

void RoutedNoc::enqueue(int packet) {
    arrived_.push_back(packet);
}

void RoutedNoc::arbitrate(Ticks now) {
    std::sort(arrived_.begin(), arrived_.end(), [this](int a, int b) {
        return packets_[static_cast<std::size_t>(a)].order < packets_[static_cast<std::size_t>(b)].order;
    });
    for (const int index : arrived_) {
        const Packet& packet = packets_[static_cast<std::size_t>(index)];
        const int link = packet.path[packet.hop].link;
        links_[static_cast<std::size_t>(link)].waiting.push_back(index);
        contended_.push_back(link);
    }
    arrived_.clear();
    for (const int number : contended_) {
        Link& link = links_[static_cast<std::size_t>(number)];
        if (link.taken || link.waiting.empty()) {
            continue;
        }
        const int index = link.waiting.front();
        link.waiting.erase(link.waiting.begin());
        link.taken = true;
        if (record_) {
            changes_.emplace_back(number, true);
        }
        Packet& packet = packets_[static_cast<std::size_t>(index)];
        const Ticks held = packet.flits * ticks_per_flit_;
        busy_[static_cast<std::size_t>(number)] += held;
        due_.push({now + held, What::LinkFrees, packet.order, number});
        const Ticks head = now + packet.path[packet.hop].latency;
        if (packet.hop + 1 < packet.path.size()) {
            due_.push({head, What::HeadArrives, packet.order, index});
        } else {
            due_.push({std::max(head + held - ticks_per_flit_, now + ticks_per_flit_), What::TailArrives, packet.order, index});
        }
    }
    contended_.clear();
    // A head with no latency stands at its next link within the same tick.
    if (!due_.empty() && due_.top().at == now && due_.top().what == What::HeadArrives) {
        std::vector<std::uint64_t> none;
        advance(now, none);
        arbitrate(now);
    }
}

void RoutedNoc::advance(Ticks now, std::vector<std::uint64_t>& delivered) {
    while (!due_.empty() && due_.top().at <= now) {
        const Due due = due_.top();
        due_.pop();
        const auto index = static_cast<std::size_t>(due.packet_or_link);
        switch (due.what) {
            case What::HeadArrives:
                ++packets_[index].hop;
                enqueue(due.packet_or_link);
                break;
            case What::TailArrives:
                delivered.push_back(packets_[index].id);
                unused_.push_back(due.packet_or_link);
                break;
            case What::LinkFrees:
                links_[index].taken = false;
                contended_.push_back(due.packet_or_link);
                if (record_) {
                    changes_.emplace_back(due.packet_or_link, false);
                }
                break;
        }
    }
}

std::optional<Ticks> RoutedNoc::next() const {
    return due_.empty() ? std::nullopt : std::optional<Ticks>(due_.top().at);
}

void RoutedNoc::drain_link_changes(std::vector<std::pair<int, bool>>& changes) {
    changes.swap(changes_);
    changes_.clear();
}

}  // namespace cim::hw

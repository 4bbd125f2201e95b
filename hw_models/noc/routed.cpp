#include "hw_models/noc/routed.h"

#include <algorithm>

namespace cim::hw {

RoutedNoc::RoutedNoc(int links, Ticks ticks_per_flit)
    : ticks_per_flit_(ticks_per_flit), links_(static_cast<std::size_t>(links)), busy_(static_cast<std::size_t>(links), 0) {}

const RoutedNoc::Path& RoutedNoc::path(int src, int dst) const {
    Path& known = paths_[(static_cast<std::int64_t>(src) << 32) | dst];
    if (known.empty()) {
        route(src, dst, known);
    }
    return known;
}

Ticks RoutedNoc::uncontended(int src, int dst, std::int64_t flits) const {
    const Path& hops = path(src, dst);
    Ticks head = 0;
    for (std::size_t i = 0; i + 1 < hops.size(); ++i) {
        head += hops[i].latency;
    }
    Packet packet;
    packet.flits = flits;
    packet.path = &hops;
    return tail_arrival(packet, head);
}

void RoutedNoc::request(Ticks now, const NocRequest& request) {
    int index = 0;
    if (unused_.empty()) {
        index = static_cast<int>(packets_.size());
        packets_.emplace_back();
    } else {
        index = unused_.back();
        unused_.pop_back();
    }
    const Path& links = path(request.src, request.dst);
    packets_[static_cast<std::size_t>(index)] = {request.id, next_order_++, request.flits, 0, &links, now, -1, false};
    for (const Hop& hop : links) {
        Link& link = links_[static_cast<std::size_t>(hop.link)];
        if (link.owner >= 0) {
            bind(link.owner, now);
        }
        ++link.claims;
    }
    arrived_.push_back(index);
}

Ticks RoutedNoc::tail_arrival(const Packet& packet, Ticks taken_last) const {
    // Even a last link without latency carries the tail for a flit's time.
    return taken_last + std::max(packet.path->back().latency + (packet.flits - 1) * ticks_per_flit_, ticks_per_flit_);
}

bool RoutedNoc::run_free(int index, Ticks now) {
    Packet& packet = packets_[static_cast<std::size_t>(index)];
    if (record_ || packet.hop != 0 || packet.entered != now) {
        return false;
    }
    Ticks taken = now;
    for (const Hop& hop : *packet.path) {
        const Link& link = links_[static_cast<std::size_t>(hop.link)];
        if (link.claims > 1 || link.free_at > taken) {
            return false;
        }
        taken += hop.latency;
    }
    for (const Hop& hop : *packet.path) {
        Link& link = links_[static_cast<std::size_t>(hop.link)];
        link.claims = 0;
        link.owner = index;
    }
    packet.free = true;
    packet.tail_at = tail_arrival(packet, taken - packet.path->back().latency);
    due_.push({packet.tail_at, What::TailArrives, packet.order, index});
    return true;
}

void RoutedNoc::bind(int index, Ticks now) {
    Packet& packet = packets_[static_cast<std::size_t>(index)];
    const Ticks held = packet.flits * ticks_per_flit_;
    packet.free = false;
    Ticks taken = packet.entered;
    std::size_t next = packet.path->size();
    Ticks next_at = 0;
    for (std::size_t i = 0; i < packet.path->size(); ++i) {
        const Hop& hop = (*packet.path)[i];
        Link& link = links_[static_cast<std::size_t>(hop.link)];
        link.owner = -1;
        if (taken < now) {
            link.free_at = taken + held;
            busy_[static_cast<std::size_t>(hop.link)] += held;
        } else {
            ++link.claims;
            if (next == packet.path->size()) {
                next = i;
                next_at = taken;
            }
        }
        taken += hop.latency;
    }
    if (next == packet.path->size()) {
        return;  // only its tail is still to come
    }
    packet.tail_at = -1;
    if (next_at == now) {
        packet.hop = next;
        arrived_.push_back(index);
    } else {
        packet.hop = next - 1;
        due_.push({next_at, What::HeadArrives, packet.order, index});
    }
}

void RoutedNoc::take(int link, int index, Ticks now) {
    Packet& packet = packets_[static_cast<std::size_t>(index)];
    Link& taken = links_[static_cast<std::size_t>(link)];
    --taken.claims;
    const Ticks held = packet.flits * ticks_per_flit_;
    busy_[static_cast<std::size_t>(link)] += held;
    taken.free_at = now + held;
    if (record_) {
        changes_.emplace_back(link, true);
    }
    if (record_ || !taken.waiting.empty()) {
        wake_when_free(link);
    }
    const Ticks head = now + (*packet.path)[packet.hop].latency;
    if (packet.hop + 1 < packet.path->size()) {
        due_.push({head, What::HeadArrives, packet.order, index});
    } else {
        packet.tail_at = tail_arrival(packet, now);
        due_.push({packet.tail_at, What::TailArrives, packet.order, index});
    }
}

void RoutedNoc::wake_when_free(int link) {
    Link& waited = links_[static_cast<std::size_t>(link)];
    if (!waited.wake) {
        waited.wake = true;
        due_.push({waited.free_at, What::LinkFrees, 0, link});
    }
}

void RoutedNoc::arbitrate(Ticks now) {
    // Who waits for a link came before whoever arrives at it now.
    for (const int number : freed_) {
        Link& link = links_[static_cast<std::size_t>(number)];
        if (!link.waiting.empty() && link.free_at <= now) {
            const int first = link.waiting.front();
            link.waiting.erase(link.waiting.begin());
            take(number, first, now);
        }
    }
    freed_.clear();
    if (arrived_.size() > 1) {
        std::sort(arrived_.begin(), arrived_.end(), [this](int a, int b) {
            return packets_[static_cast<std::size_t>(a)].order < packets_[static_cast<std::size_t>(b)].order;
        });
    }
    for (const int index : arrived_) {
        if (run_free(index, now)) {
            continue;
        }
        const Packet& packet = packets_[static_cast<std::size_t>(index)];
        const int number = (*packet.path)[packet.hop].link;
        Link& link = links_[static_cast<std::size_t>(number)];
        if (link.free_at <= now && link.waiting.empty()) {
            take(number, index, now);
        } else {
            link.waiting.push_back(index);
            wake_when_free(number);
        }
    }
    arrived_.clear();
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
                arrived_.push_back(due.packet_or_link);
                break;
            case What::TailArrives: {
                Packet& packet = packets_[index];
                if (packet.order != due.order || packet.tail_at != due.at) {
                    break;  // expected while it ran free, and late or delivered since
                }
                if (packet.free) {
                    bind(due.packet_or_link, now);
                }
                packet.tail_at = -1;
                delivered.push_back(packet.id);
                unused_.push_back(due.packet_or_link);
                break;
            }
            case What::LinkFrees:
                links_[index].wake = false;
                freed_.push_back(due.packet_or_link);
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

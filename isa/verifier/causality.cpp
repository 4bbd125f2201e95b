#include "isa/verifier/causality.h"

#include <algorithm>

namespace cim::isa {

void Causality::begin(std::size_t components) {
    components_.clear();
    points_ = 0;
    while (components_.size() < components) {
        add();
    }
}

std::int32_t Causality::add() {
    components_.emplace_back();
    components_.back().slots.assign(4, -1);
    return count() - 1;
}

Causality::Entry& Causality::entry(std::int32_t component, std::int32_t of) {
    if (Entry* known = find(component, of)) {
        return *known;
    }
    Component& c = components_[static_cast<std::size_t>(component)];
    c.entries.emplace_back();
    c.entries.back().of = of;
    const bool crowded = 2 * c.entries.size() > c.slots.size();
    if (crowded) {
        c.slots.assign(2 * c.slots.size(), -1);
    }
    const std::size_t mask = c.slots.size() - 1;
    for (std::size_t i = crowded ? 0 : c.entries.size() - 1; i < c.entries.size(); ++i) {
        std::size_t slot = hash(c.entries[i].of) & mask;
        while (c.slots[slot] >= 0) {
            slot = (slot + 1) & mask;
        }
        c.slots[slot] = static_cast<std::int32_t>(i);
    }
    return c.entries.back();
}

void Causality::learn(std::int32_t component, std::int32_t now, std::int32_t of, std::int32_t time) {
    Entry& e = entry(component, of);
    e.latest = std::max(e.latest, time);
    std::vector<Point>& learnt = components_[static_cast<std::size_t>(component)].learnt;
    Point* last = e.last < 0 ? nullptr : &learnt[static_cast<std::size_t>(e.last)];
    if (last != nullptr && last->time >= time) {
        return;
    }
    if (last != nullptr && last->now == now) {
        last->time = time;
        return;
    }
    learnt.push_back({now, time, e.last});
    e.last = static_cast<std::int32_t>(learnt.size()) - 1;
    ++points_;
}

std::int32_t Causality::known_at(std::int32_t component, std::int32_t of, std::int32_t now, int hops) {
    const Entry* e = find(component, of);
    if (e == nullptr) {
        return 0;
    }
    ++work_;
    std::int32_t time = component_of(component).known(*e, now);
    if (e->via >= 0 && hops > 0) {
        const Entry* middle = find(component, e->via);
        const std::int32_t then = middle == nullptr ? 0 : component_of(component).known(*middle, now);
        if (then > 0) {
            time = std::max(time, known_at(e->via, of, then, hops - 1));
        }
    }
    return time;
}

bool Causality::follow(std::int32_t component, std::int32_t of, std::int32_t time) {
    Entry* e = find(component, of);
    if (e == nullptr || e->via < 0) {
        return false;
    }
    const Entry* middle = find(component, e->via);
    if (middle == nullptr || middle->last < 0) {
        return false;
    }
    const std::int32_t then = component_of(component).learnt[static_cast<std::size_t>(middle->last)].time;
    const std::int32_t found = known_at(e->via, of, then, most_hops);
    if (found < time) {
        return false;
    }
    e->latest = found;
    return true;
}

bool Causality::search(std::int32_t component, std::int32_t of, std::int32_t time) {
    reached_.resize(components_.size(), 0);
    visits_.clear();
    const auto visit = [&](std::int32_t next, std::int32_t then, std::int32_t from) {
        if (then > reached_[static_cast<std::size_t>(next)]) {
            reached_[static_cast<std::size_t>(next)] = then;
            visits_.push_back({next, then, from});
        }
    };
    bool found = false;
    visit(component, INT32_MAX, -1);
    for (std::size_t i = 0; i < visits_.size() && !found; ++i) {
        const Visit here = visits_[i];
        if (here.time < reached_[static_cast<std::size_t>(here.component)]) {
            continue;  // came by again later in its history
        }
        const Component& component_here = component_of(here.component);
        const Entry* wanted = find(here.component, of);
        if (const std::int32_t known = wanted == nullptr ? 0 : component_here.known(*wanted, here.time); known >= time) {
            remember(i, of);
            entry(component, of).latest = std::max(entry(component, of).latest, known);
            found = true;
            break;
        }
        work_ += static_cast<std::int64_t>(component_here.entries.size());
        for (const Entry& e : component_here.entries) {
            if (const std::int32_t then = component_here.known(e, here.time); then > 0) {
                visit(e.of, then, static_cast<std::int32_t>(i));
            }
        }
    }
    for (const Visit& v : visits_) {
        reached_[static_cast<std::size_t>(v.component)] = 0;
    }
    return found;
}

void Causality::remember(std::size_t visit, std::int32_t of) {
    const Visit* to = &visits_[visit];
    while (to->from >= 0) {
        const Visit& from = visits_[static_cast<std::size_t>(to->from)];
        entry(from.component, of).via = to->component;
        to = &from;
    }
}

}  // namespace cim::isa

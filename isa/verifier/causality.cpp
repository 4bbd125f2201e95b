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

std::int32_t Causality::Entry::at(std::int32_t now) const {
    if (learnt.empty() || learnt.front().now > now) {
        return 0;
    }
    // What is asked for is mostly near the end.
    std::size_t begin = 0;
    std::size_t end = learnt.size();
    for (std::size_t step = 1; step <= learnt.size(); step *= 2) {
        if (learnt[learnt.size() - step].now <= now) {
            begin = learnt.size() - step;
            break;
        }
        end = learnt.size() - step;
    }
    const auto after =
        std::upper_bound(learnt.begin() + static_cast<std::ptrdiff_t>(begin), learnt.begin() + static_cast<std::ptrdiff_t>(end), now,
                         [](std::int32_t wanted, const Point& point) { return wanted < point.now; });
    return std::prev(after)->time;
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
    if (!e.learnt.empty() && e.learnt.back().time >= time) {
        return;
    }
    if (!e.learnt.empty() && e.learnt.back().now == now) {
        e.learnt.back().time = time;
        return;
    }
    e.learnt.push_back({now, time});
    ++points_;
}

std::int32_t Causality::known_at(std::int32_t component, std::int32_t of, std::int32_t now, int hops) {
    const Entry* e = find(component, of);
    if (e == nullptr) {
        return 0;
    }
    ++work_;
    std::int32_t time = e->at(now);
    if (e->via >= 0 && hops > 0) {
        const Entry* middle = find(component, e->via);
        const std::int32_t then = middle == nullptr ? 0 : middle->at(now);
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
    if (middle == nullptr || middle->learnt.empty()) {
        return false;
    }
    const std::int32_t found = known_at(e->via, of, middle->learnt.back().time, most_hops);
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
        const Entry* wanted = find(here.component, of);
        if (const std::int32_t known = wanted == nullptr ? 0 : wanted->at(here.time); known >= time) {
            remember(i, of);
            entry(component, of).latest = std::max(entry(component, of).latest, known);
            found = true;
            break;
        }
        const std::vector<Entry>& entries = components_[static_cast<std::size_t>(here.component)].entries;
        work_ += static_cast<std::int64_t>(entries.size());
        for (const Entry& e : entries) {
            if (const std::int32_t then = e.at(here.time); then > 0) {
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

#include "compiler/prediction/counters.h"

#include <algorithm>

namespace cim::compiler {

Counters::Counters(const isa::Program& program) {
    for (const isa::CounterArray& array : program.counters) {
        for (isa::Index i = 0; i < array.size; ++i) {
            counters_.emplace_back();
            counters_.back().place = array.place;
        }
    }
}

void Counters::add(isa::Index counter, std::int64_t amount, std::vector<isa::Index>& go_on) {
    Counter& c = at(counter);
    c.value += amount;
    const auto reached = std::partition(c.waiters.begin(), c.waiters.end(), [&](const auto& w) { return w.first > c.value; });
    for (auto w = reached; w != c.waiters.end(); ++w) {
        go_on.push_back(w->second);
    }
    c.waiters.erase(reached, c.waiters.end());
}

bool Counters::may_signal(isa::Index counter, std::int64_t amount) {
    Counter& c = at(counter);
    if (!c.pending.empty()) {
        c.pending.push_back({amount, true});
    }
    return c.pending.empty();
}

std::uint64_t Counters::issue(isa::Index counter, std::int64_t amount) {
    Counter& c = at(counter);
    c.pending.push_back({amount, false});
    return c.first + c.pending.size() - 1;
}

}  // namespace cim::compiler

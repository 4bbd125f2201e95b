#pragma once
// Vector clocks, shared until changed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "isa/program.h"

namespace cim::isa {

/// A point in the history of one component (a flow, or the completions that signal one counter), and what stood there.
struct Epoch {
    std::int32_t component = -1;  ///< -1: no event; below: one that nobody learns of, by flow -2 - component
    std::int32_t time = 0;
    std::uint32_t tag = 0;  ///< operator and line, for messages

    bool is_event() const { return component != -1; }
    bool same_point(const Epoch& other) const { return component == other.component && time == other.time; }
};

inline constexpr int tag_opcode_bits = 6;
inline std::uint32_t make_tag(Opcode opcode, int line) {
    return (static_cast<std::uint32_t>(line) << tag_opcode_bits) | static_cast<std::uint32_t>(opcode);
}

/// What one flow knows: for each component the latest time whose events happened before now.
struct ClockView {
    const std::int32_t* times = nullptr;
    std::int32_t size = 0;
    std::int32_t self = -1;  ///< the component whose every past event is known

    bool knows(const Epoch& e) const {
        // Components below zero are large as unsigned numbers, and never known.
        return e.component == self ||
               (static_cast<std::uint32_t>(e.component) < static_cast<std::uint32_t>(size) && times[e.component] >= e.time);
    }
};

/// Reference-counted clocks. A clock that somebody else holds is copied before it is written.
class ClockStore {
  public:
    using Id = std::int32_t;

    Id create() {
        if (free_.empty()) {
            clocks_.emplace_back();
            free_.push_back(static_cast<Id>(clocks_.size() - 1));
        }
        const Id id = free_.back();
        free_.pop_back();
        at(id).holders = 1;
        return id;
    }
    Id hold(Id id) {
        ++at(id).holders;
        return id;
    }
    void release(Id id) {
        Clock& clock = at(id);
        if (--clock.holders == 0) {
            bytes_ -= bytes_of(clock);
            clock.times = {};
            free_.push_back(id);
        }
    }

    std::int32_t time(Id id, std::int32_t component) const {
        const Clock& clock = clocks_[static_cast<std::size_t>(id)];
        const auto c = static_cast<std::size_t>(component);
        return c < clock.times.size() ? clock.times[c] : 0;
    }
    ClockView view(Id id, std::int32_t self) const {
        const Clock& clock = clocks_[static_cast<std::size_t>(id)];
        return {clock.times.data(), static_cast<std::int32_t>(clock.times.size()), self};
    }

    /// Makes `into` know what `from` knows.
    void join(Id& into, Id from) {
        own(into);
        const std::vector<std::int32_t>& source = at(from).times;
        std::vector<std::int32_t>& target = at(into).times;
        grow(at(into), source.size());
        // Sizes are multiples of the block, so that the inner loop is vectorised.
        for (std::size_t i = 0; i < source.size(); i += block) {
            std::int32_t* to = target.data() + i;
            const std::int32_t* other = source.data() + i;
            for (std::size_t j = 0; j < block; ++j) {
                to[j] = std::max(to[j], other[j]);
            }
        }
    }
    void raise(Id& id, std::int32_t component, std::int32_t time) {
        if (this->time(id, component) >= time) {
            return;
        }
        own(id);
        grow(at(id), static_cast<std::size_t>(component) + 1);
        at(id).times[static_cast<std::size_t>(component)] = time;
    }

    std::int64_t bytes() const { return bytes_; }
    std::int64_t most_bytes() const { return most_bytes_; }

  private:
    static constexpr std::size_t block = 16;
    struct Clock {
        std::vector<std::int32_t> times;
        std::int32_t holders = 0;
    };

    Clock& at(Id id) { return clocks_[static_cast<std::size_t>(id)]; }
    static std::int64_t bytes_of(const Clock& clock) { return static_cast<std::int64_t>(clock.times.size() * sizeof(std::int32_t)); }

    void own(Id& id) {
        if (at(id).holders == 1) {
            return;
        }
        const Id copy = create();
        at(copy).times = at(id).times;
        count(bytes_of(at(copy)));
        release(id);
        id = copy;
    }
    void grow(Clock& clock, std::size_t size) {
        const std::size_t rounded = (size + block - 1) / block * block;
        if (rounded > clock.times.size()) {
            count(static_cast<std::int64_t>((rounded - clock.times.size()) * sizeof(std::int32_t)));
            clock.times.resize(rounded, 0);
        }
    }
    void count(std::int64_t more) {
        bytes_ += more;
        most_bytes_ = std::max(most_bytes_, bytes_);
    }

    std::deque<Clock> clocks_;
    std::vector<Id> free_;
    std::int64_t bytes_ = 0;
    std::int64_t most_bytes_ = 0;
};

}  // namespace cim::isa

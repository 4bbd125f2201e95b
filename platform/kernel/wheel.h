#pragma once
// Entries by tick: near ones in a wheel of lists (constant time), far ones in a heap. Entries of one tick come out in order of entry, the
// near ones first.

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::platform {

template <typename Item>
class Wheel {
  public:
    static constexpr hw::Ticks none = std::numeric_limits<hw::Ticks>::max();
    /// Entries further ahead than this are far: longer than an MVM takes on most machines.
    static constexpr hw::Ticks slots = 1 << 14;

    Wheel() { last_.fill(empty); }

    /// `when` > now, where now is the tick last taken from (0 at first).
    void add(hw::Ticks when, Item item) {
        if (when - now_ >= slots) {
            add_far(when, item);
            return;
        }
        if (unused_ == empty) {
            grow();
        }
        const std::int32_t number = unused_;
        Node& fresh = node(number);
        unused_ = fresh.next;
        fresh.item = item;
        const std::size_t slot = slot_of(when);
        if (const std::int32_t last = last_[slot]; last != empty) {
            fresh.next = node(last).next;
            node(last).next = number;
        } else {
            fresh.next = number;
            std::uint64_t& word = occupied_[slot / 64];
            if (word == 0) {
                groups_[slot / 4096] |= std::uint64_t{1} << (slot / 64 % 64);
            }
            word |= std::uint64_t{1} << (slot % 64);
        }
        last_[slot] = number;
    }

    /// Earliest tick that has an entry, or none.
    hw::Ticks next() const {
        const hw::Ticks near = next_near();
        return far_.empty() || near < far_.top().at ? near : far_.top().at;
    }

    /// The entry that comes first at this tick, if it is a near one.
    const Item* first(hw::Ticks when) const {
        const std::int32_t last = last_[slot_of(when)];
        return last == empty ? nullptr : &node(node(last).next).item;
    }

    /// Takes the entries of tick `when`, which is next(): f(item, item that follows or null) for each. What f adds is for later ticks.
    template <typename F>
    void take(hw::Ticks when, F f) {
        now_ = when;
        const std::size_t slot = slot_of(when);
        if (const std::int32_t last = last_[slot]; last != empty) {
            last_[slot] = empty;
            std::uint64_t& word = occupied_[slot / 64];
            word &= ~(std::uint64_t{1} << (slot % 64));
            if (word == 0) {
                groups_[slot / 4096] &= ~(std::uint64_t{1} << (slot / 64 % 64));
            }
            const std::int32_t first = node(last).next;
            for (std::int32_t at = first;;) {
                const Item item = node(at).item;  // nodes move when one is added
                const std::int32_t next = at == last ? empty : node(at).next;
                f(item, next == empty ? nullptr : &node(next).item);
                if (next == empty) {
                    break;
                }
                at = next;
            }
            node(last).next = unused_;
            unused_ = first;
        }
        while (!far_.empty() && far_.top().at == when) {
            const Item item = far_.top().item;
            far_.pop();
            f(item, nullptr);
        }
    }

  private:
    static constexpr std::int32_t empty = -1;
    struct Node {
        Item item;
        std::int32_t next = empty;
    };
    struct Far {
        hw::Ticks at;
        std::uint64_t sequence;
        Item item;
        bool operator<(const Far& other) const { return at != other.at ? at > other.at : sequence > other.sequence; }
    };

    static std::size_t slot_of(hw::Ticks when) { return static_cast<std::size_t>(when & (slots - 1)); }
    Node& node(std::int32_t number) { return nodes_[static_cast<std::size_t>(number)]; }
    const Node& node(std::int32_t number) const { return nodes_[static_cast<std::size_t>(number)]; }

    // Seldom, and out of the way of what is often.
    [[gnu::noinline]] void add_far(hw::Ticks when, Item item) { far_.push({when, sequence_++, item}); }
    [[gnu::noinline]] void grow() {
        unused_ = static_cast<std::int32_t>(nodes_.size());
        nodes_.resize(std::max<std::size_t>(64, 2 * nodes_.size()));
        for (std::size_t i = static_cast<std::size_t>(unused_); i < nodes_.size(); ++i) {
            nodes_[i].next = i + 1 < nodes_.size() ? static_cast<std::int32_t>(i) + 1 : empty;
        }
    }

    hw::Ticks next_near() const {
        const std::size_t start = slot_of(now_ + 1);
        std::size_t word = start / 64;
        std::uint64_t bits = occupied_[word] & (~std::uint64_t{0} << (start % 64));
        if (bits == 0) {
            // The next word around that has any; after all others the first, whose remaining bits lie before `start`.
            const std::size_t from = (word + 1) % occupied_.size();
            std::size_t group = from / 64;
            std::uint64_t words = groups_[group] & (~std::uint64_t{0} << (from % 64));
            for (std::size_t i = 0; i < groups_.size() && words == 0; ++i) {
                group = (group + 1) % groups_.size();
                words = groups_[group];
            }
            if (words == 0) {
                return none;
            }
            word = group * 64 + static_cast<std::size_t>(__builtin_ctzll(words));
            bits = occupied_[word];
        }
        const std::size_t slot = word * 64 + static_cast<std::size_t>(__builtin_ctzll(bits));
        return now_ + 1 + static_cast<hw::Ticks>((slot + slots - start) & (slots - 1));
    }

    hw::Ticks now_ = 0;
    std::uint64_t sequence_ = 0;
    std::array<std::int32_t, slots> last_;              ///< of each slot's list, which goes around: behind the last comes the first
    std::array<std::uint64_t, slots / 64> occupied_{};  ///< a bit a slot
    std::array<std::uint64_t, slots / 4096> groups_{};  ///< a bit for each of those that is not 0
    std::vector<Node> nodes_;
    std::int32_t unused_ = empty;
    std::priority_queue<Far> far_;
};

}  // namespace cim::platform

#pragma once
// Entries by tick: near ones in a wheel of lists (constant time), far ones in a heap. Entries of one tick come out in order of entry, the
// near ones first.

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

    Wheel() { last_.fill(empty); }

    /// `when` > now, where now is the tick last taken from (0 at first).
    void add(hw::Ticks when, const Item& item) {
        if (when - now_ >= slots) {
            far_.push({when, sequence_++, item});
            return;
        }
        std::int32_t node = unused_;
        if (node == empty) {
            node = static_cast<std::int32_t>(nodes_.size());
            nodes_.push_back({item, node});
        } else {
            unused_ = nodes_[static_cast<std::size_t>(node)].next;
            nodes_[static_cast<std::size_t>(node)] = {item, node};
        }
        const auto slot = static_cast<std::size_t>(when & (slots - 1));
        if (last_[slot] == empty) {
            occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
            groups_[slot / 4096] |= std::uint64_t{1} << (slot / 64 % 64);
        } else {
            std::swap(nodes_[static_cast<std::size_t>(last_[slot])].next, nodes_[static_cast<std::size_t>(node)].next);
        }
        last_[slot] = node;
    }

    /// Earliest tick that has an entry, or none.
    hw::Ticks next() const {
        const hw::Ticks near = next_near();
        return far_.empty() || near < far_.top().at ? near : far_.top().at;
    }

    /// The entry that the next call of take() with this tick finds, if it is a near one.
    const Item* first(hw::Ticks when) const {
        const std::int32_t last = last_[static_cast<std::size_t>(when & (slots - 1))];
        return last == empty ? nullptr : &nodes_[static_cast<std::size_t>(nodes_[static_cast<std::size_t>(last)].next)].item;
    }

    /// Takes an entry of tick `when`, which is next() or was at the last call; false if there is none left.
    bool take(hw::Ticks when, Item& item) {
        now_ = when;
        const auto slot = static_cast<std::size_t>(when & (slots - 1));
        if (const std::int32_t last = last_[slot]; last != empty) {
            const std::int32_t node = nodes_[static_cast<std::size_t>(last)].next;
            Node& taken = nodes_[static_cast<std::size_t>(node)];
            item = taken.item;
            if (node == last) {
                last_[slot] = empty;
                occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
                groups_[slot / 4096] &= ~(std::uint64_t{occupied_[slot / 64] == 0} << (slot / 64 % 64));
            } else {
                nodes_[static_cast<std::size_t>(last)].next = taken.next;
            }
            taken.next = unused_;
            unused_ = node;
            return true;
        }
        if (!far_.empty() && far_.top().at == when) {
            item = far_.top().item;
            far_.pop();
            return true;
        }
        return false;
    }

  private:
    static constexpr hw::Ticks slots = 1 << 14;  // longer than an MVM takes on most machines
    static constexpr std::int32_t empty = -1;
    struct Node {
        Item item;
        std::int32_t next;
    };
    struct Far {
        hw::Ticks at;
        std::uint64_t sequence;
        Item item;
        bool operator<(const Far& other) const { return at != other.at ? at > other.at : sequence > other.sequence; }
    };

    hw::Ticks next_near() const {
        const auto start = static_cast<std::size_t>((now_ + 1) & (slots - 1));
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

#pragma once
// Items by tick: near ones in a wheel of lists (constant time), far ones in a heap. Items of one tick come out in order of entry, the near
// ones first. The lists go through the items themselves, which belong to whoever adds them.

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "hw_models/spec/machine.h"

namespace cim::platform {

/// Item: has a member `Item* next`, which is the wheel's while the item is in it.
template <typename Item>
class Wheel {
  public:
    static constexpr hw::Ticks none = std::numeric_limits<hw::Ticks>::max();
    /// Items further ahead than this are far: longer than an MVM takes on most machines.
    static constexpr hw::Ticks slots = 1 << 14;

    /// `when` > now, where now is the tick last taken from (0 at first).
    void add(hw::Ticks when, Item& item) {
        next_ = std::min(next_, when);
        if (when - now_ >= slots) {
            add_far(when, item);
            return;
        }
        const std::size_t slot = slot_of(when);
        Item*& last = last_[slot];
        if (last != nullptr) {
            item.next = last->next;
            last->next = &item;
        } else {
            item.next = &item;
            std::uint64_t& word = occupied_[slot / 64];
            if (word == 0) {
                groups_[slot / 4096] |= std::uint64_t{1} << (slot / 64 % 64);
            }
            word |= std::uint64_t{1} << (slot % 64);
        }
        last = &item;
    }

    /// Earliest tick that has an item, or none.
    hw::Ticks next() const { return next_; }

    /// Takes the items of tick `when`, which is next(): f(item, item that is expected soon after it or null) for each. What f adds is for
    /// later ticks.
    template <typename F>
    void take(hw::Ticks when, F f) {
        now_ = when;
        const std::size_t slot = slot_of(when);
        Item* const last = std::exchange(last_[slot], nullptr);
        if (last != nullptr) {
            std::uint64_t& word = occupied_[slot / 64];
            word &= ~(std::uint64_t{1} << (slot % 64));
            if (word == 0) {
                groups_[slot / 4096] &= ~(std::uint64_t{1} << (slot / 64 % 64));
            }
        }
        while (!far_.empty() && far_.top().at == when) {
            far_due_.push_back(far_.top().item);
            far_.pop();
        }
        next_ = next_near();
        Item* const of_next = next_ == none ? nullptr : last_[slot_of(next_)];
        if (!far_.empty()) {
            next_ = std::min(next_, far_.top().at);
        }
        if (last != nullptr) {
            for (Item* at = last->next;;) {
                Item* const following = at == last ? of_next : at->next;
                f(*at, following);
                if (at == last) {
                    break;
                }
                at = following;
            }
        }
        for (Item* item : far_due_) {
            f(*item, of_next);
        }
        far_due_.clear();
    }

  private:
    struct Far {
        hw::Ticks at;
        std::uint64_t sequence;
        Item* item;
        bool operator<(const Far& other) const { return at != other.at ? at > other.at : sequence > other.sequence; }
    };

    static std::size_t slot_of(hw::Ticks when) { return static_cast<std::size_t>(when & (slots - 1)); }

    // Seldom, and out of the way of what is often.
    [[gnu::noinline]] void add_far(hw::Ticks when, Item& item) { far_.push({when, sequence_++, &item}); }

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
    hw::Ticks next_ = none;
    std::uint64_t sequence_ = 0;
    std::array<Item*, slots> last_{};                   ///< of each slot's list, which goes around: behind the last comes the first
    std::array<std::uint64_t, slots / 64> occupied_{};  ///< a bit a slot
    std::array<std::uint64_t, slots / 4096> groups_{};  ///< a bit for each of those that is not 0
    std::priority_queue<Far> far_;
    std::vector<Item*> far_due_;  ///< of the tick at hand
};

}  // namespace cim::platform

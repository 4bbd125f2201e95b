#pragma once
// What happened before what: the waits that each flow has passed, searched when somebody asks.
//
// A vector clock for each flow would answer at once, but every wait would have to copy what has changed since the last one: in a pipeline
// the progress of all flows before it. Those who share memory are mostly one or two waits apart, so the question is cheap and the wait
// costs one entry.

#include <cstddef>
#include <cstdint>
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

/// Components and what they have learnt of each other. A component's times begin at 1.
class Causality {
  public:
    /// Forgets everything; `components` of them have learnt nothing.
    void begin(std::size_t components);
    /// One more; its number.
    std::int32_t add();
    std::int32_t count() const { return static_cast<std::int32_t>(components_.size()); }

    /// From its time `now` on, `component` knows what `of` had done by `time`, and what `of` knew then.
    void learn(std::int32_t component, std::int32_t now, std::int32_t of, std::int32_t time);

    /// Whether `component` has been seen to know that `of` reached `time`: a yes is true, a no may become a yes by a search.
    bool seen(std::int32_t component, std::int32_t of, std::int32_t time) {
        const Entry* entry = find(component, of);
        return entry != nullptr && entry->latest >= time;
    }
    /// Whether `component` knows now that `of` reached `time`.
    bool knows(std::int32_t component, std::int32_t of, std::int32_t time) {
        return seen(component, of, time) || follow(component, of, time) || search(component, of, time);
    }

    /// Entries gone through by searches.
    std::int64_t work() const { return work_; }
    /// Bytes of what has been learnt.
    std::int64_t bytes() const { return points_ * static_cast<std::int64_t>(sizeof(Point)); }

  private:
    struct Point {
        std::int32_t now = 0;   ///< own time
        std::int32_t time = 0;  ///< the other's
    };
    /// What a component knows of another.
    struct Entry {
        std::int32_t of = 0;
        std::int32_t latest = 0;    ///< time that is known now
        std::int32_t via = -1;      ///< component through which it was last found
        std::vector<Point> learnt;  ///< by itself; both times increase

        std::int32_t at(std::int32_t now) const;
    };
    struct Component {
        std::vector<Entry> entries;
        std::vector<std::int32_t> slots;  ///< hash table of entries; its size is a power of two
    };
    struct Visit {
        std::int32_t component = 0;
        std::int32_t time = 0;
        std::int32_t from = -1;  ///< visit that led here
    };

    static constexpr int most_hops = 8;  ///< that `follow` goes

    static std::size_t hash(std::int32_t of) { return static_cast<std::uint32_t>(of) * 2654435761U >> 7; }
    /// What is known of it, or null.
    Entry* find(std::int32_t component, std::int32_t of) {
        Component& c = components_[static_cast<std::size_t>(component)];
        const std::size_t mask = c.slots.size() - 1;
        for (std::size_t slot = hash(of) & mask;; slot = (slot + 1) & mask) {
            const std::int32_t index = c.slots[slot];
            if (index < 0) {
                return nullptr;
            }
            if (c.entries[static_cast<std::size_t>(index)].of == of) {
                return &c.entries[static_cast<std::size_t>(index)];
            }
        }
    }
    Entry& entry(std::int32_t component, std::int32_t of);
    /// What `component` knew of `of` at its time `now`, as far as the ways that were found before tell.
    std::int32_t known_at(std::int32_t component, std::int32_t of, std::int32_t now, int hops);
    /// Asks the component that the last answer came through.
    bool follow(std::int32_t component, std::int32_t of, std::int32_t time);
    /// Goes through all that `component` knows directly or not, the nearest first.
    bool search(std::int32_t component, std::int32_t of, std::int32_t time);
    void remember(std::size_t visit, std::int32_t of);

    std::vector<Component> components_;
    std::int64_t points_ = 0;
    std::int64_t work_ = 0;
    std::vector<Visit> visits_;
    std::vector<std::int32_t> reached_;  ///< by component: greatest time visited in this search
};

/// What one flow knows, while it stands where it stands.
struct Viewpoint {
    Causality* causality = nullptr;
    std::int32_t self = -1;    ///< the component whose every past event is known
    bool indifferent = false;  ///< takes everything for known

    bool knows(const Epoch& e) const {
        return e.component == self || indifferent || (e.component >= 0 && causality->knows(self, e.component, e.time));
    }
    /// Like `knows`, but may say no where a search would find a yes.
    bool has_seen(const Epoch& e) const { return e.component == self || (e.component >= 0 && causality->seen(self, e.component, e.time)); }
};

}  // namespace cim::isa

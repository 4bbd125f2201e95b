#pragma once
// Vector clocks in chunks that are shared until changed.

#include <array>
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

/// Times of some consecutive components.
struct ClockChunk {
    static constexpr std::int32_t bits = 6;
    static constexpr std::int32_t size = 1 << bits;

    std::array<std::int32_t, size> times{};
    std::int32_t holders = 0;
};

/// What one flow knows: for each component the latest time whose events happened before now.
struct ClockView {
    ClockChunk* const* chunks = nullptr;
    std::int32_t size = 0;   ///< components that there are chunks for
    std::int32_t self = -1;  ///< the component whose every past event is known

    bool knows(const Epoch& e) const {
        // Components below zero are large as unsigned numbers, and never known.
        const auto component = static_cast<std::uint32_t>(e.component);
        return e.component == self || (component < static_cast<std::uint32_t>(size) &&
                                       chunks[component >> ClockChunk::bits]->times[component % ClockChunk::size] >= e.time);
    }
};

/// Reference-counted clocks of reference-counted chunks; who writes to one that others hold gets a copy first. Flows that talk to each
/// other share the chunks of what both know of the rest, so that joining their clocks touches little.
class ClockStore {
  public:
    using Id = std::int32_t;

    Id create();
    Id hold(Id id) {
        ++at(id).holders;
        return id;
    }
    void release(Id id);

    std::int32_t time(Id id, std::int32_t component) const;
    ClockView view(Id id, std::int32_t self) const {
        const std::vector<ClockChunk*>& chunks = clocks_[static_cast<std::size_t>(id)].chunks;
        return {chunks.data(), static_cast<std::int32_t>(chunks.size()) * ClockChunk::size, self};
    }

    /// Makes `into` know what `from` knows.
    void join(Id& into, Id from);
    void raise(Id& id, std::int32_t component, std::int32_t time);

    std::int64_t bytes() const { return bytes_; }
    std::int64_t most_bytes() const { return most_bytes_; }

  private:
    struct Clock {
        std::vector<ClockChunk*> chunks;
        std::int32_t holders = 0;
    };

    Clock& at(Id id) { return clocks_[static_cast<std::size_t>(id)]; }
    void own(Id& id);
    void grow(Clock& clock, std::size_t chunks);
    void count(std::int64_t more);

    ClockChunk* create_chunk();
    void release_chunk(ClockChunk* chunk);
    /// Makes `chunk` one that nobody else holds.
    void own_chunk(ClockChunk*& chunk);
    void join_chunk(ClockChunk*& into, ClockChunk* from);

    std::deque<Clock> clocks_;
    std::vector<Id> free_;
    std::deque<ClockChunk> chunks_;
    std::vector<ClockChunk*> free_chunks_;
    ClockChunk nothing_;  ///< all times zero; never written, never released
    std::int64_t bytes_ = 0;
    std::int64_t most_bytes_ = 0;
};

}  // namespace cim::isa

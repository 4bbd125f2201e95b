#include "isa/verifier/clocks.h"

#include <algorithm>

namespace cim::isa {

void ClockStore::count(std::int64_t more) {
    bytes_ += more;
    most_bytes_ = std::max(most_bytes_, bytes_);
}

// ---- chunks -----------------------------------------------------------------------------------------------------------------

ClockChunk* ClockStore::create_chunk() {
    if (free_chunks_.empty()) {
        chunks_.emplace_back();
        free_chunks_.push_back(&chunks_.back());
    }
    ClockChunk* chunk = free_chunks_.back();
    free_chunks_.pop_back();
    chunk->holders = 1;
    count(sizeof(ClockChunk));
    return chunk;
}

void ClockStore::release_chunk(ClockChunk* chunk) {
    if (chunk != &nothing_ && --chunk->holders == 0) {
        free_chunks_.push_back(chunk);
        count(-static_cast<std::int64_t>(sizeof(ClockChunk)));
    }
}

void ClockStore::own_chunk(ClockChunk*& chunk) {
    if (chunk != &nothing_ && chunk->holders == 1) {
        return;
    }
    ClockChunk* copy = create_chunk();
    copy->times = chunk->times;
    release_chunk(chunk);
    chunk = copy;
}

void ClockStore::join_chunk(ClockChunk*& into, ClockChunk* from) {
    if (into == from || from == &nothing_) {
        return;
    }
    std::int32_t more = 0;
    std::int32_t less = 0;
    for (std::size_t i = 0; i < ClockChunk::size; ++i) {
        more |= static_cast<std::int32_t>(into->times[i] > from->times[i]);
        less |= static_cast<std::int32_t>(into->times[i] < from->times[i]);
    }
    if (less == 0) {
        return;
    }
    if (more == 0) {
        ++from->holders;
        release_chunk(into);
        into = from;
        return;
    }
    own_chunk(into);
    for (std::size_t i = 0; i < ClockChunk::size; ++i) {
        into->times[i] = std::max(into->times[i], from->times[i]);
    }
}

// ---- clocks -----------------------------------------------------------------------------------------------------------------

ClockStore::Id ClockStore::create() {
    if (free_.empty()) {
        clocks_.emplace_back();
        free_.push_back(static_cast<Id>(clocks_.size() - 1));
    }
    const Id id = free_.back();
    free_.pop_back();
    at(id).holders = 1;
    return id;
}

void ClockStore::release(Id id) {
    Clock& clock = at(id);
    if (--clock.holders > 0) {
        return;
    }
    for (ClockChunk* chunk : clock.chunks) {
        release_chunk(chunk);
    }
    count(-static_cast<std::int64_t>(clock.chunks.size() * sizeof(ClockChunk*)));
    clock.chunks.clear();
    free_.push_back(id);
}

void ClockStore::own(Id& id) {
    if (at(id).holders == 1) {
        return;
    }
    const Id copy = create();
    at(copy).chunks = at(id).chunks;
    for (ClockChunk* chunk : at(copy).chunks) {
        ++chunk->holders;
    }
    count(static_cast<std::int64_t>(at(copy).chunks.size() * sizeof(ClockChunk*)));
    release(id);
    id = copy;
}

void ClockStore::grow(Clock& clock, std::size_t chunks) {
    if (chunks > clock.chunks.size()) {
        count(static_cast<std::int64_t>((chunks - clock.chunks.size()) * sizeof(ClockChunk*)));
        clock.chunks.resize(chunks, &nothing_);
    }
}

std::int32_t ClockStore::time(Id id, std::int32_t component) const {
    const std::vector<ClockChunk*>& chunks = clocks_[static_cast<std::size_t>(id)].chunks;
    const auto c = static_cast<std::size_t>(component);
    return c / ClockChunk::size < chunks.size() ? chunks[c / ClockChunk::size]->times[c % ClockChunk::size] : 0;
}

void ClockStore::join(Id& into, Id from) {
    own(into);
    const std::vector<ClockChunk*>& source = at(from).chunks;
    Clock& target = at(into);
    grow(target, source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        join_chunk(target.chunks[i], source[i]);
    }
}

void ClockStore::raise(Id& id, std::int32_t component, std::int32_t time) {
    if (this->time(id, component) >= time) {
        return;
    }
    own(id);
    const auto c = static_cast<std::size_t>(component);
    Clock& clock = at(id);
    grow(clock, c / ClockChunk::size + 1);
    ClockChunk*& chunk = clock.chunks[c / ClockChunk::size];
    own_chunk(chunk);
    chunk->times[c % ClockChunk::size] = time;
}

}  // namespace cim::isa

#include "isa/verifier/memories.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace cim::isa {

namespace {

std::string memory_text(const Access& access) {
    switch (access.space) {
        case Space::L1: return fmt::format("l1[{}]", access.core);
        case Space::L0: return "l0";
        case Space::Ext: break;
    }
    return "ext";
}

}  // namespace

std::size_t Memories::number_of(Space space, Index core) {
    switch (space) {
        case Space::Ext: return 0;
        case Space::L0: return 1;
        case Space::L1: break;
    }
    return static_cast<std::size_t>(core) + 2;
}

Memories::Memories(std::vector<Buffer> buffers, Index cores)
    : buffers_(std::move(buffers)), memories_(static_cast<std::size_t>(cores) + 2) {
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
        const auto group = static_cast<std::size_t>(buffers_[i].segment - whole_run);
        of_segment_.resize(std::max(of_segment_.size(), group + 1));
        if (buffers_[i].size > 0) {
            of_segment_[group].push_back(static_cast<Index>(i));
        }
    }
    add(whole_run);
}

void Memories::add(Index segment) {
    const auto group = static_cast<std::size_t>(segment - whole_run);
    if (group >= of_segment_.size()) {
        return;
    }
    std::set<std::size_t> touched;
    for (const Index i : of_segment_[group]) {
        const Buffer& buffer = buffers_[static_cast<std::size_t>(i)];
        const std::size_t memory = number_of(buffer.space, buffer.core);
        memories_[memory].regions.emplace_back(i, buffer);
        touched.insert(memory);
    }
    for (const std::size_t memory : touched) {
        std::vector<Region>& regions = memories_[memory].regions;
        std::sort(regions.begin(), regions.end(), [](const Region& x, const Region& y) { return x.begin < y.begin; });
    }
}

void Memories::enter(Index segment) {
    for (Memory& memory : memories_) {
        memory.last = 0;
        memory.regions.erase(std::remove_if(memory.regions.begin(), memory.regions.end(),
                                            [&](const Region& region) { return region.last_segment < segment; }),
                             memory.regions.end());
        for (Region& region : memory.regions) {
            region.shadow.forget();
        }
    }
    add(segment);
}

Memories::Region* Memories::find(const Access& access) {
    Memory& memory = memories_[number_of(access.space, access.core)];
    if (memory.regions.empty()) {
        return nullptr;
    }
    const auto holds = [&](const Region& region) { return access.address >= region.begin && access.address < region.end; };
    if (!holds(memory.regions[memory.last])) {
        const auto after = std::upper_bound(memory.regions.begin(), memory.regions.end(), access.address,
                                            [](std::int64_t address, const Region& region) { return address < region.begin; });
        if (after == memory.regions.begin() || !holds(*std::prev(after))) {
            return nullptr;
        }
        memory.last = static_cast<std::size_t>(after - memory.regions.begin()) - 1;
    }
    return &memory.regions[memory.last];
}

bool Memories::access(const Access& access, const Epoch& now, const Viewpoint& view, Epoch& other, std::int64_t& visits) {
    Region* region = find(access);
    if (region == nullptr || access.bytes > region->end - access.address) {
        return false;
    }
    const std::int64_t begin = access.address - region->begin;
    other = region->shadow.access(begin, begin + access.bytes, access.write, now, view, visits);
    return true;
}

const Memories::Region* Memories::nearest(const Access& access) const {
    const Region* nearest = nullptr;
    for (const Region& region : memories_[number_of(access.space, access.core)].regions) {
        if (nearest == nullptr || region.begin <= access.address) {
            nearest = &region;
        }
    }
    return nearest;
}

std::string Memories::shown(const Access& access) const {
    const Region* region = nearest(access);
    return fmt::format("{} bytes {} to {} in buffer '{}',", memory_text(access), access.address, access.address + access.bytes,
                       region == nullptr ? "?" : buffers_[static_cast<std::size_t>(region->buffer)].name);
}

std::string Memories::misses(const Access& access) const {
    const std::string bytes = fmt::format("{} {} bytes {} to {}, which are not inside one buffer", access.write ? "writes" : "reads",
                                          memory_text(access), access.address, access.address + access.bytes);
    const Region* region = nearest(access);
    if (region == nullptr) {
        return bytes + "; that memory has none";
    }
    return fmt::format("{}; the nearest is '{}', bytes {} to {}", bytes, buffers_[static_cast<std::size_t>(region->buffer)].name,
                       region->begin, region->end);
}

}  // namespace cim::isa

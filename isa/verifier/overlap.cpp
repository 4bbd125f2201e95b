#include "isa/verifier/overlap.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "isa/bounds.h"

namespace cim::isa {

namespace {

std::int64_t end_of(const Buffer& b) {
    return b.offset + b.size;
}

Index first_segment(const Buffer& b) {
    return b.segment == whole_run ? 0 : b.segment;
}

Index last_segment(const Buffer& b) {
    return b.segment == whole_run ? max_segment : b.last_segment();
}

}  // namespace

void for_each_overlap(std::vector<const Buffer*> buffers, const std::function<void(const Buffer&, const Buffer&)>& found) {
    const auto key = [](const Buffer* b) { return std::tuple(b->space, b->core, b->offset); };
    buffers.erase(std::remove_if(buffers.begin(), buffers.end(), [](const Buffer* b) { return b->size <= 0; }), buffers.end());
    std::sort(buffers.begin(), buffers.end(), [&](const Buffer* a, const Buffer* b) { return key(a) < key(b); });
    // Of those before in the same memory, by the first segment in which they are alive, no two in the same one: what a new one meets has to
    // end before it, and then meets none of those that follow.
    std::map<Index, const Buffer*> alive;
    const Buffer* before = nullptr;
    for (const Buffer* buffer : buffers) {
        const Buffer& b = *buffer;
        if (before != nullptr && (before->space != b.space || before->core != b.core)) {
            alive.clear();
        }
        before = buffer;
        bool furthest = true;
        auto at = alive.lower_bound(first_segment(b));
        if (at != alive.begin() && last_segment(*std::prev(at)->second) >= first_segment(b)) {
            --at;
        }
        while (at != alive.end() && at->first <= last_segment(b)) {
            const Buffer& a = *at->second;
            if (end_of(a) > b.offset) {
                found(a, b);
            }
            if (end_of(a) > end_of(b)) {
                furthest = false;
                ++at;
            } else {
                at = alive.erase(at);
            }
        }
        if (furthest) {
            alive.emplace(first_segment(b), buffer);
        }
    }
}

}  // namespace cim::isa

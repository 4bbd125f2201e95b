#include "isa/verifier/shadow.h"

#include <algorithm>
#include <numeric>

namespace cim::isa {

namespace {

bool equal(const Epoch& a, const Epoch& b) {
    return a.same_point(b) && a.tag == b.tag;
}

bool conflicts(const Epoch& before, const Epoch& now, const Viewpoint& view) {
    return before.is_event() && !before.same_point(now) && !view.knows(before);
}

}  // namespace

bool operator==(const ShadowCell& a, const ShadowCell& b) {
    return equal(a.write, b.write) && equal(a.read, b.read) && a.more_reads.empty() && b.more_reads.empty();
}

Epoch ShadowCell::read_by(const Epoch& now, const Viewpoint& view) {
    const Epoch conflict = conflicts(write, now, view) ? write : Epoch{};
    // A read that happened before this one, or that the same lane completed before it, need not be kept: who knows this one knows it. To
    // keep one too many does no harm, so that nothing is searched for.
    const auto stood_for = [&](const Epoch& e) { return e.component == now.component || view.has_seen(e); };
    if (!read.is_event() || (more_reads.empty() && stood_for(read))) {
        read = now;
        return conflict;
    }
    more_reads.push_back(read);
    more_reads.erase(std::remove_if(more_reads.begin(), more_reads.end(), stood_for), more_reads.end());
    read = now;
    return conflict;
}

Epoch ShadowCell::write_by(const Epoch& now, const Viewpoint& view) {
    Epoch conflict;
    if (conflicts(write, now, view)) {
        conflict = write;
    } else if (conflicts(read, now, view)) {
        conflict = read;
    } else {
        for (const Epoch& e : more_reads) {
            if (conflicts(e, now, view)) {
                conflict = e;
                break;
            }
        }
    }
    write = now;
    read = {};
    more_reads.clear();
    return conflict;
}

void Shadow::forget() {
    std::fill(cells_.begin() + static_cast<std::ptrdiff_t>(first_), cells_.begin() + static_cast<std::ptrdiff_t>(end_), ShadowCell{});
    first_ = end_ = 0;
    pieces_.clear();
}

void Shadow::refine(std::int64_t begin, std::int64_t end) {
    const std::int64_t old = granule_ == 0 ? size_ : granule_;
    const std::int64_t fine = std::gcd(std::gcd(old, begin), end);
    if (size_ / fine > most_cells) {
        to_pieces();
        return;
    }
    std::vector<ShadowCell> cells(static_cast<std::size_t>(size_ / fine));
    if (!cells_.empty()) {
        const auto parts = static_cast<std::size_t>(old / fine);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            cells[i] = cells_[i / parts];
        }
    }
    if (first_ < end_) {
        first_ = 0;
        end_ = cells.size();
    }
    cells_ = std::move(cells);
    granule_ = fine;
}

void Shadow::to_pieces() {
    for (std::size_t i = 0; i < cells_.size();) {
        std::size_t j = i + 1;
        while (j < cells_.size() && cells_[j] == cells_[i]) {
            ++j;
        }
        if (cells_[i].write.is_event() || cells_[i].read.is_event()) {
            pieces_.emplace_hint(pieces_.end(), static_cast<std::int64_t>(i) * granule_,
                                 Piece{static_cast<std::int64_t>(j) * granule_, cells_[i]});
        }
        i = j;
    }
    cells_ = {};
    first_ = end_ = 0;
    in_pieces_ = true;
}

Epoch Shadow::access(std::int64_t begin, std::int64_t end, bool write, const Epoch& now, const Viewpoint& view, std::int64_t& visits) {
    if (!in_pieces_) {
        // Offsets below 2^32 divide much faster as 32 bits; larger regions are kept in pieces.
        if (size_ > INT32_MAX) {
            to_pieces();
        } else if (granule_ == 0 || static_cast<std::uint32_t>(begin) % static_cast<std::uint32_t>(granule_) != 0 ||
                   static_cast<std::uint32_t>(end) % static_cast<std::uint32_t>(granule_) != 0) {
            refine(begin, end);
            visits += static_cast<std::int64_t>(cells_.size());
        }
    }
    if (in_pieces_) {
        return access_pieces(begin, end, write, now, view, visits);
    }
    const auto granule = static_cast<std::uint32_t>(granule_);
    const std::size_t first = static_cast<std::uint32_t>(begin) / granule;
    const std::size_t behind = static_cast<std::uint32_t>(end) / granule;
    first_ = first_ == end_ ? first : std::min(first_, first);
    end_ = std::max(end_, behind);
    ShadowCell* cell = cells_.data() + first;
    const ShadowCell* last = cells_.data() + behind;
    visits += last - cell;
    Epoch conflict;
    for (; cell != last; ++cell) {
        const Epoch found = write ? cell->write_by(now, view) : cell->read_by(now, view);
        if (found.is_event() && !conflict.is_event()) {
            conflict = found;
        }
    }
    return conflict;
}

void Shadow::split(std::int64_t at) {
    auto after = pieces_.upper_bound(at);
    if (after == pieces_.begin()) {
        return;
    }
    auto& [begin, piece] = *std::prev(after);
    if (begin < at && at < piece.end) {
        pieces_.emplace_hint(after, at, piece);
        piece.end = at;
    }
}

Epoch Shadow::access_pieces(std::int64_t begin, std::int64_t end, bool write, const Epoch& now, const Viewpoint& view,
                            std::int64_t& visits) {
    split(begin);
    split(end);
    Epoch conflict;
    auto at = pieces_.lower_bound(begin);
    std::int64_t next = begin;
    while (next < end) {
        ++visits;
        if (at == pieces_.end() || at->first > next) {
            const std::int64_t until = at == pieces_.end() ? end : std::min(at->first, end);
            at = pieces_.emplace_hint(at, next, Piece{until, {}});
        }
        const Epoch found = write ? at->second.cell.write_by(now, view) : at->second.cell.read_by(now, view);
        if (found.is_event() && !conflict.is_event()) {
            conflict = found;
        }
        next = at->second.end;
        ++at;
    }
    if (write) {
        // All alike now: one piece again.
        const auto first = pieces_.find(begin);
        first->second.end = end;
        pieces_.erase(std::next(first), at);
    }
    return conflict;
}

}  // namespace cim::isa

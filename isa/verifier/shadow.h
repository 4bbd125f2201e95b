#pragma once
// Who touched which bytes last: one shadow a buffer, in cells as coarse as the accesses allow.

#include <cstdint>
#include <map>
#include <vector>

#include "isa/verifier/causality.h"

namespace cim::isa {

/// Last write of some bytes, and the reads since that no later read of the same bytes stands for.
struct ShadowCell {
    Epoch write;
    Epoch read;
    std::vector<Epoch> more_reads;

    /// Notes an access; an earlier one that it conflicts with and that `view` does not know to be past, or no event.
    Epoch read_by(const Epoch& now, const Viewpoint& view);
    Epoch write_by(const Epoch& now, const Viewpoint& view);

    friend bool operator==(const ShadowCell& a, const ShadowCell& b);
};

/// The shadow of `size` bytes. Begins with one cell and splits when an access ends inside a cell: all cells to a common divisor while there
/// are few, else (a large region with odd bounds) each by itself.
class Shadow {
  public:
    explicit Shadow(std::int64_t size) : size_(size) {}

    /// An access to bytes begin <= i < end, inside the region. Returns a conflicting earlier access or no event; adds the
    /// number of cells visited to `visits`.
    Epoch access(std::int64_t begin, std::int64_t end, bool write, const Epoch& now, const Viewpoint& view, std::int64_t& visits);

    /// Nobody has touched anything; the cells stay as coarse as they are.
    void forget();

  private:
    static constexpr std::int64_t most_cells = 1 << 16;

    void refine(std::int64_t begin, std::int64_t end);
    void to_pieces();
    void split(std::int64_t at);
    Epoch access_pieces(std::int64_t begin, std::int64_t end, bool write, const Epoch& now, const Viewpoint& view, std::int64_t& visits);

    struct Piece {
        std::int64_t end = 0;
        ShadowCell cell;
    };

    std::int64_t size_;
    std::int64_t granule_ = 0;  ///< 0: not touched yet
    std::vector<ShadowCell> cells_;
    std::size_t first_ = 0, end_ = 0;  ///< cells touched lie between
    bool in_pieces_ = false;
    std::map<std::int64_t, Piece> pieces_;  ///< by first byte; they do not overlap, gaps were not touched
};

}  // namespace cim::isa

#pragma once
// All memories of the untimed run: which buffer an access lies in, and that buffer's shadow.

#include <string>
#include <vector>

#include "isa/bounds.h"
#include "isa/semantics/accesses.h"
#include "isa/verifier/shadow.h"

namespace cim::isa {

class Memories {
  public:
    /// `buffers`: of the program and of its inputs and outputs (isa/verifier/tensors.h).
    Memories(std::vector<Buffer> buffers, Index cores);

    /// Notes an access that is over at `now`; `other` receives an earlier one that conflicts and is not ordered before. False if the access
    /// is not inside one buffer. Adds the cells visited to `visits`.
    bool access(const Access& access, const Epoch& now, const Viewpoint& view, Epoch& other, std::int64_t& visits);
    /// Forgets what was accessed, and lets the buffers that are alive in segment `segment` be there: one later than that of the call
    /// before.
    void enter(Index segment);

    /// "l1[3] bytes 0 to 64, in buffer 'x'" for an access inside a buffer.
    std::string shown(const Access& access) const;
    /// What is wrong with an access that is inside none.
    std::string misses(const Access& access) const;

  private:
    struct Region {
        Region(Index its_buffer, const Buffer& b)
            : buffer(its_buffer),
              last_segment(b.segment == whole_run ? max_segment : b.last_segment()),
              begin(b.offset),
              end(b.offset + b.size),
              shadow(b.size) {}
        Index buffer;
        Index last_segment;
        std::int64_t begin;
        std::int64_t end;
        Shadow shadow;
    };
    struct Memory {
        std::vector<Region> regions;  ///< by address
        std::size_t last = 0;         ///< region of the access before
    };

    static std::size_t number_of(Space space, Index core);
    void add(Index segment);
    /// The region in which the access begins, or null.
    Region* find(const Access& access);
    const Region* nearest(const Access& access) const;

    std::vector<Buffer> buffers_;
    std::vector<std::vector<Index>> of_segment_;  ///< buffers that begin in each segment
    std::vector<Memory> memories_;                ///< external, L0, L1 of each core
};

}  // namespace cim::isa

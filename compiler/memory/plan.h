#pragma once
// Which bytes of L1 and L0 hold what: landings (where a node receives an input), sums of crossbars, results on their way.
// docs/memory.md explains the sizes.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compiler/error.h"
#include "compiler/mapping/placement.h"
#include "compiler/mapping/reading.h"

namespace cim::compiler {

inline constexpr int network_output = -1;  ///< as a node: the output waits in L0 for external memory
inline constexpr int network_input = -2;   ///< as a node: rows of the input wait in L0 for the cores

/// Where a node receives (a part of) an input: a ring of rows of the padded map, or, if the one window is the whole input, a vector.
struct Landing {
    int node = 0;   ///< reader, or network_output, network_input
    int input = 0;  ///< which of its inputs
    int place = 0;  ///< core, or isa::chip: in L0
    Reading reading;
    bool flat = false;   ///< a vector: pixels px0 .. px1-1, channels c0 .. c1-1, `rows` of them for successive images
    int c0 = 0, c1 = 0;  ///< channels kept
    int px0 = 0, px1 = 0;
    int element_bytes = 1;
    int rows = 1;              ///< ring rows, or vectors
    std::vector<int> readers;  ///< cores (or isa::chip) that read it: one in L1, several in L0
    std::int64_t offset = 0;   ///< address
    int from = -1;             ///< core on whose landing its rows lie first; -1: they come from who gives them
    int chunk = 1;             ///< positions of a row that come from there together
    bool kept = false;         ///< all rows of a map that stays in L0 over several segments, for as many images as it has room for

    int pixel_bytes() const { return (c1 - c0) * element_bytes; }
    int row_bytes() const { return flat ? (px1 - px0) * pixel_bytes() : reading.padded_cols() * pixel_bytes(); }
    std::int64_t bytes() const { return static_cast<std::int64_t>(rows) * row_bytes(); }
    /// Positions that `ready` counts an image.
    std::int64_t positions() const { return flat ? px1 - px0 : static_cast<std::int64_t>(reading.padded_rows()) * reading.padded_cols(); }
};

/// Window bytes of one reader, copied from a landing in L0 before they are worked on: bytes from .. from+bytes-1 of the window over the
/// channels c0 .. c1-1.
struct Stage {
    int core = 0;
    Grid grid;  ///< positions that it serves
    int c0 = 0, c1 = 0;
    int from = 0, bytes = 0;
    int slots = 2;
    std::int64_t offset = 0;
};

/// Tiles of the columns of one part on one core (in CM of all columns that one read takes): their sums lie side by side and are merged
/// there. Sums pass along the cores of a column, in order of core; each adds its own, the last one (home) has the result.
struct Group {
    int copy = 0;
    int core = 0;
    int col = 0, cols = 0;
    bool home = false;
    std::vector<int> tiles;   ///< into NodePlacement::tiles, by column
    int own = 0;              ///< sums of its own tiles: one for each of a column; in CM one, or none if the core requantises as it reads
    int before = -1;          ///< core whose sums arrive here, behind those of the own tiles; -1: none
    bool takes_sums = false;  ///< sums of the piece before arrive here, likewise
    int slots = 2;
    std::int64_t offset = 0;  ///< slot = terms() x cols x 4 bytes
    std::int64_t terms() const { return own + (before >= 0 || takes_sums ? 1 : 0); }
    std::int64_t slot_bytes() const { return 4LL * cols * terms(); }
};

/// Results of one part, waiting to be sent to the landings.
struct Outbox {
    int core = 0;
    int bytes = 0;  ///< of a position
    int chunk = 1;  ///< positions of a row that travel together
    int slots = 2;  ///< positions; whole rows if chunks have several
    int pitch = 0;  ///< bytes from one to the next
    int sums = 0;   ///< where in them the sums lie of which it is made, if rows are added up
    std::int64_t offset = 0;
};

struct NodeMemory {
    std::vector<std::vector<int>> landings;  ///< by input: indices into MemoryPlan::landings
    std::vector<std::vector<Stage>> stages;  ///< by input; of one that lies in L0, by reader of that landing
    std::vector<Group> groups;               ///< Conv: by copy, core, column
    std::vector<int> grains;                 ///< Conv: positions of a row that one read gives, by copy; in CM 1 or more, else 1
    std::vector<Outbox> outboxes;            ///< by part

    bool staged(int input) const { return !stages[static_cast<std::size_t>(input)].empty(); }
};

struct MemoryPlan {
    bool serial = false;  ///< operators work one after the other: what one gives another lies there as a whole
    std::vector<Landing> landings;
    std::vector<NodeMemory> nodes;
    std::vector<std::vector<Outbox>> relays;  ///< by input, relay or holder; empty if its readers load it themselves
    std::vector<int>
        input_landings;  ///< by input: landing in L0, -1 if all its readers take it from external memory themselves, or it is held
    std::vector<int> output_landings;   ///< by output; -1 if it is held
    std::vector<std::int64_t> l1_used;  ///< by core, maps that are held not counted
    std::int64_t l0_used = 0;

    /// Whether an input is a map that other cores hold in L1.
    bool held(int input) const {
        return input_landings[static_cast<std::size_t>(input)] < 0 && !relays[static_cast<std::size_t>(input)].empty();
    }
    /// Takes the landing in L0 away, if there is one.
    void drop_input(int input) { drop(input_landings[static_cast<std::size_t>(input)]); }
    void drop_output(int output) { drop(output_landings[static_cast<std::size_t>(output)]); }

  private:
    /// Landings of inputs and outputs stand behind those of nodes.
    void drop(int& landing);
};

/// A memory is too small, however small everything is made.
class DoesNotFit : public InputError {
  public:
    /// `memory`: "L1" or "L0".
    DoesNotFit(const std::string& message, std::string memory, std::int64_t needed)
        : InputError(message), memory_(std::move(memory)), needed_(needed) {}
    const std::string& memory() const { return memory_; }
    std::int64_t needed() const { return needed_; }  ///< bytes

  private:
    std::string memory_;
    std::int64_t needed_;
};

/// Plans all memories of a segment. Rings are as long as comfort suggests, then as short as the window allows, then in L0. Throws
/// `relays`: by input; left out where L1 is short. DoesNotFit if they still do not fit. `serial`: as MemoryPlan has it. `early`:
/// results go on in chunks as small as their core has time to send (compiler/memory/chunks.h).
MemoryPlan plan_memory(const QuantGraph& graph, const hw::Machine& machine, const hw::PriceList& prices,
                       const std::vector<NodePlacement>& placement, const std::vector<std::vector<Part>>& relays, bool serial = false,
                       bool early = false);

/// Core i becomes cores[i], of `count` in all.
void renumber_cores(MemoryPlan& plan, const std::vector<int>& cores, int count);

}  // namespace cim::compiler

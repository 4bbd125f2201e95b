#pragma once
// Writes the programs of random_runnable: rings between producers and consumers, in which each item is awaited and each slot given back.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isa/generate/dice.h"
#include "isa/generate/random_program.h"

namespace cim::isa {

inline constexpr int most_slots = 8;  ///< of a ring

/// How an item lies in its slot: `pieces` pieces of `bytes` bytes, `pitch` apart.
struct Layout {
    int bytes = 0;
    int pieces = 1;
    int pitch = 0;
    int slot() const { return (pieces - 1) * pitch + bytes; }
};

/// A ring between a producer and a consumer.
struct Stream {
    int id = 0;
    Index place = chip;  ///< whose local memory holds it
    int slots = 1;
    Layout item;
};

/// Address of the present item's slot, for the flow that takes it out or puts it in.
std::string in_slot(const Stream& s);
std::string out_slot(const Stream& s);

/// A flow that moves items: `inputs` are awaited, `freed` given back; `ops` write to `outputs`, which are signalled unless an operator does
/// it. Its parameters: n (items an input), in, have and took of streams read, out, put and room of those written, each with the number.
struct Work {
    Index place = chip;
    std::string_view engine;
    std::vector<Stream> inputs;
    std::vector<Stream> outputs;
    std::vector<Stream> freed;
    std::vector<std::string> ops;
    std::vector<std::string> symbols;  ///< further names of tables, each a parameter of the same name
    bool signals = true;
};

class StreamProgram {
  public:
    /// `item` bytes of an item, `items` an input of the run.
    StreamProgram(Dice& dice, int item, int items) : dice_(dice), item_(item), items_(items) {}

    Stream stream(Index place, const Layout& item);
    void flow(const Work& work);
    /// A network input, or output, of all items; its buffer has the same name.
    std::string tensor(bool output);
    /// A square weight tile, written to crossbar `xb` of `core` before the run.
    void weight(Index core, Index xb);

    /// The whole, one producer of the dice's choice spoilt by `fault`. A missing credit of a crossbar flow counts in nets with `branches`
    /// only: elsewhere the consumer of its sums, who gives its input's slots back, may limit it as its own credit would.
    Program finish(Fault fault, bool branches);

  private:
    struct Producer {
        std::string name;
        std::string params;
        std::string waits;
        std::vector<std::pair<std::string, int>> credits;  ///< "room[0] >= item", slots
        std::string ops;
        std::string signals;
        bool has_output = false;
        bool is_crossbar = false;
    };

    static std::string body(const Producer& p, Fault fault);
    std::string params() const;
    void fill_constants(Program& program);

    Dice& dice_;
    int item_;
    int items_;
    std::vector<Producer> producers_;
    std::string buffers_;
    std::string counters_;
    std::string weights_;
    std::string setup_;
    std::string flows_;
    std::string inputs_;
    std::string outputs_;
    std::map<Index, std::int64_t> tops_;  ///< first free byte of each place's memory
    std::int64_t ext_ = 0;
    int streams_count_ = 0;
    int tensors_count_ = 0;
    int weights_count_ = 0;
};

}  // namespace cim::isa

#pragma once
// The crossbars of one core: what is programmed into each, which of them work, and their arithmetic.

#include <cstdint>
#include <map>
#include <memory>
#include <systemc>
#include <vector>

#include "hw_models/crossbar/bit_serial.h"
#include "isa/program.h"

namespace cim::platform {

class CrossbarArray final : public sc_core::sc_module {
  public:
    CrossbarArray(const sc_core::sc_module_name& name, const hw::Machine& machine, const isa::Program& program);

    bool busy(int xb) const { return state(xb).busy; }
    /// Takes the crossbar for an operation that activates `rows` wordlines at a time.
    void acquire(int xb, int rows);
    void release(int xb, hw::Ticks busy_for);

    /// Index of the weight tile in crossbar `xb`, or -1.
    int weight(int xb) const { return state(xb).weight; }
    /// Columns of that tile.
    int cols(int xb) const;
    /// Programs rows row .. row+rows-1 of tile `weight` from `bytes` as they lie in external memory; null: timing only.
    void program(int xb, int weight, int row, int rows, const std::uint8_t* bytes);

    /// Sums of the tile in `xb` for the inputs of rows row .. row+n-1; see hw::CrossbarTile::multiply. Only in functional runs.
    void multiply(int xb, const std::uint16_t* inputs, int row, int n, int input_bits, std::int32_t* sums);

    int active() const { return active_; }
    int active_rows() const { return active_rows_; }
    hw::Ticks busy_ticks() const { return busy_ticks_; }
    void forget_busy_ticks() { busy_ticks_ = 0; }
    /// Most often that any row of any crossbar was programmed.
    std::int64_t most_writes() const;
    const hw::AdcLoss& loss() const { return loss_; }

  private:
    struct State {
        int weight = -1;
        int rows = 0;  ///< active while busy
        bool busy = false;
    };
    struct Contents {
        std::map<int, std::int64_t> writes;  ///< how much more often a row was programmed than the row before, where it was not as often
        std::vector<std::int16_t> cells;     ///< weights programmed, rows x cols of the tile
        std::unique_ptr<hw::CrossbarTile> tile;  ///< made from `cells` at the first read after a write
    };
    const State& state(int xb) const { return crossbars_[static_cast<std::size_t>(xb)]; }
    State& state(int xb) { return crossbars_[static_cast<std::size_t>(xb)]; }
    Contents& contents(int xb) { return contents_[static_cast<std::size_t>(xb)]; }

    const hw::Machine& machine_;
    const isa::Program& program_;
    std::vector<State> crossbars_;
    std::vector<Contents> contents_;
    int active_ = 0;
    int active_rows_ = 0;
    hw::Ticks busy_ticks_ = 0;
    hw::AdcLoss loss_;
};

}  // namespace cim::platform

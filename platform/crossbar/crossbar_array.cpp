#include "platform/crossbar/crossbar_array.h"

#include <algorithm>
#include <cstring>

namespace cim::platform {

CrossbarArray::CrossbarArray(const sc_core::sc_module_name& name, const hw::Machine& machine, const isa::Program& program)
    : sc_module(name),
      machine_(machine),
      program_(program),
      crossbars_(static_cast<std::size_t>(machine.crossbars_per_core())),
      contents_(crossbars_.size()) {}

void CrossbarArray::acquire(int xb, int rows) {
    State& s = state(xb);
    s.busy = true;
    s.rows = rows;
    ++active_;
    active_rows_ += rows;
}

void CrossbarArray::release(int xb, hw::Ticks busy_for) {
    State& s = state(xb);
    s.busy = false;
    --active_;
    active_rows_ -= s.rows;
    busy_ticks_ += busy_for;
}

int CrossbarArray::cols(int xb) const {
    return program_.weights[static_cast<std::size_t>(state(xb).weight)].cols;
}

void CrossbarArray::program(int xb, int weight, int row, int rows, const std::uint8_t* bytes) {
    Contents& s = contents(xb);
    const isa::Weight& w = program_.weights[static_cast<std::size_t>(weight)];
    const auto change = [&](int at, std::int64_t by) {
        const auto here = s.writes.try_emplace(at, 0).first;
        here->second += by;
        if (here->second == 0) {
            s.writes.erase(here);
        }
    };
    change(row, 1);
    change(row + rows, -1);
    const auto cells = static_cast<std::size_t>(w.rows) * static_cast<std::size_t>(w.cols);
    if (state(xb).weight != weight) {
        state(xb).weight = weight;
        s.cells.clear();
    }
    if (bytes == nullptr) {
        return;
    }
    s.tile.reset();
    s.cells.resize(cells, 0);
    std::int16_t* to = s.cells.data() + static_cast<std::ptrdiff_t>(row) * w.cols;
    for (int i = 0; i < rows * w.cols; ++i) {
        if (w.bits > 8) {
            std::memcpy(to + i, bytes + 2 * i, 2);
        } else {
            to[i] = static_cast<std::int8_t>(bytes[i]);
        }
    }
}

void CrossbarArray::multiply(int xb, const std::uint16_t* inputs, int row, int n, int input_bits, std::int32_t* sums) {
    Contents& s = contents(xb);
    if (s.tile == nullptr) {
        const isa::Weight& w = program_.weights[static_cast<std::size_t>(state(xb).weight)];
        s.tile = std::make_unique<hw::CrossbarTile>(machine_, w.rows, w.cols, w.bits, s.cells.data());
    }
    s.tile->multiply(inputs, row, n, input_bits, sums, false, loss_);
}

std::int64_t CrossbarArray::most_writes() const {
    std::int64_t most = 0;
    for (const Contents& s : contents_) {
        std::int64_t writes = 0;
        for (const auto& [row, more] : s.writes) {
            writes += more;
            most = std::max(most, writes);
        }
    }
    return most;
}

}  // namespace cim::platform

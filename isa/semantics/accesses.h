#pragma once
// Which bytes an operator touches (ADR-0001, "Windows" and the table in ops.def), for the verifier and the platform.

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "isa/interpreter/resolved.h"

namespace cim::isa {

/// A run of consecutive bytes of one memory.
struct Access {
    Space space = Space::L1;
    Index core = chip;  ///< L1: whose
    std::int64_t address = 0;
    std::int64_t bytes = 0;
    bool write = false;
};

/// The address generator of a windowed operand, with tap and step made explicit.
struct Window {
    std::int64_t src = 0;
    std::int64_t ring = 1;
    std::int64_t pitch = 0;
    std::int64_t y = 0;
    std::int64_t x = 0;
    std::int64_t taps = 1;
    std::int64_t tap = 0;
    std::int64_t step = 0;
    std::int64_t dy = 1;
    std::int64_t from = 0;
    std::int64_t n = 0;
};

/// Position of field `src` of an operator with window operand, or -1.
constexpr int window_field(Opcode opcode) {
    switch (opcode) {
        case Opcode::ReadCore: return field::ReadCore::src;
        case Opcode::ReadXb: return field::ReadXb::src;
        case Opcode::ReadRow: return field::ReadRow::src;
        case Opcode::MaxPool: return field::MaxPool::src;
        case Opcode::Average: return field::Average::src;
        case Opcode::Total: return field::Total::src;
        case Opcode::Load: return field::Load::src;
        case Opcode::Copy: return field::Copy::src;
        default: return -1;
    }
}

/// The window of an operator that has one.
inline Window window_of(const OpInstance& op) {
    const int f = window_field(op.opcode);
    Window w{op[f], op[f + 1], op[f + 2], op[f + 3], op[f + 4], op[f + 5], op[f + 6], op[f + 7], op[f + 8], op[f + 9], op[f + 10]};
    w.tap = w.tap == 0 ? w.from + w.n : w.tap;
    w.step = w.step == 0 ? w.tap : w.step;
    return w;
}

/// Position of field `n` of a transfer in pieces (PIECE_FIELDS; dst and src stand before it), or -1.
constexpr int piece_field(Opcode opcode) {
    switch (opcode) {
        case Opcode::Fetch: return field::Fetch::n;
        case Opcode::Flush: return field::Flush::n;
        case Opcode::Store: return field::Store::n;
        case Opcode::Send: return field::Send::n;
        default: return -1;
    }
}

/// One end of a transfer: `count` pieces of n bytes, `pitch` apart. Pieces without a gap between them are one.
struct Pieces {
    std::int64_t address = 0;
    std::int64_t n = 0;
    std::int64_t count = 1;
    std::int64_t pitch = 0;

    bool in_line() const { return count == 1 || pitch == n; }
    std::int64_t bytes() const { return n * count; }
    /// The same bytes in the same order, as a window.
    Window window() const {
        Window w;
        w.src = address;
        w.n = bytes();
        w.tap = w.step = in_line() ? w.n : n;
        w.ring = in_line() ? 1 : count;
        w.pitch = in_line() ? 0 : pitch;
        return w;
    }
};

/// Where a transfer in pieces reads.
inline Pieces pieces_from(const OpInstance& op) {
    const int n = piece_field(op.opcode);
    return {op[n - 1], op[n], op[n + 1], op[n + 3]};
}

/// Where it writes.
inline Pieces pieces_to(const OpInstance& op) {
    const int n = piece_field(op.opcode);
    return {op[n - 2], op[n], op[n + 1], op[n + 2]};
}

/// Calls f(args...); a void f goes on, a bool one goes on while it returns true.
template <typename F, typename... Args>
bool goes_on(F& f, const Args&... args) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const Args&...>>) {
        f(args...);
        return true;
    } else {
        return f(args...);
    }
}

/// Calls f(address, bytes, offset) for the linear pieces of a window in order; `offset` counts from the first byte read. Needs ring, taps
/// and tap of 1 or more. Stops and returns false when f returns false.
template <typename F>
bool for_each_piece(const Window& w, F f) {
    const bool in_line = w.taps == 1 || w.step == w.tap;
    const std::int64_t row_bytes = w.taps * w.tap;
    const std::int64_t unit = in_line ? row_bytes : w.tap;
    for (std::int64_t done = 0; done < w.n;) {
        const std::int64_t i = w.from + done;
        const std::int64_t row = i / row_bytes;
        const std::int64_t in_row = i - row * row_bytes;
        const std::int64_t in_unit = in_line ? in_row : in_row % w.tap;
        std::int64_t ring_row = (w.y + row * w.dy) % w.ring;
        ring_row += ring_row < 0 ? w.ring : 0;
        const std::int64_t across = in_line ? in_row : in_row / w.tap * w.step + in_unit;
        const std::int64_t bytes = std::min(unit - in_unit, w.n - done);
        if (!goes_on(f, w.src + ring_row * w.pitch + w.x + across, bytes, done)) {
            return false;
        }
        done += bytes;
    }
    return true;
}

/// Bytes that one element of a weight tile takes in external memory.
inline std::int64_t stored_bytes(const Weight& weight) {
    return (weight.bits + 7) / 8;
}

/// Calls f(Access) for everything that `op` touches when issued by a flow at `place`, reads before writes. Operands must have passed the
/// verifier's rule `operand`. Stops and returns false when f returns false.
template <typename F>
bool for_each_access(const Program& program, Index place, const OpInstance& op, F f) {
    const Space local = place == chip ? Space::L0 : Space::L1;
    const auto at = [&](Space space, std::int64_t address, std::int64_t bytes, bool write) {
        return goes_on(f, Access{space, space == Space::L1 ? place : chip, address, bytes, write});
    };
    const auto read_window = [&](const Window& window, Space space) {
        return for_each_piece(window,
                              [&](std::int64_t address, std::int64_t bytes, std::int64_t) { return at(space, address, bytes, false); });
    };
    const auto touch_pieces = [&](const Pieces& pieces, Space space, Index core, bool write) {
        const std::int64_t runs = pieces.in_line() ? 1 : pieces.count;
        for (std::int64_t i = 0; i < runs; ++i) {
            if (!goes_on(f, Access{space, core, pieces.address + i * pieces.pitch, pieces.bytes() / runs, write})) {
                return false;
            }
        }
        return true;
    };
    const auto transfer = [&](Space from, Space to, Index receiver) {
        return touch_pieces(pieces_from(op), from, from == Space::L1 ? place : chip, false) &&
               touch_pieces(pieces_to(op), to, receiver, true);
    };
    const auto read_vectors = [&](std::int64_t src, std::int64_t bytes, std::int64_t count, std::int64_t pitch) {
        for (std::int64_t i = 0; i < count; ++i) {
            if (!at(local, src + i * pitch, bytes, false)) {
                return false;
            }
        }
        return true;
    };
    switch (op.opcode) {
        case Opcode::ReadCore: {
            using P = field::ReadCore;
            const Slice& slice = program.slices[static_cast<std::size_t>(op[P::slice])];
            Window window = window_of(op);
            for (std::int64_t i = 0; i < op[P::count]; ++i, window.x += op[P::stride]) {
                if (!read_window(window, local)) {
                    return false;
                }
            }
            for (std::int64_t i = 0; i < op[P::count]; ++i) {
                if (!at(local, op[P::dst] + i * op[P::dst_pitch], slice.result_bytes(), true)) {
                    return false;
                }
            }
            return true;
        }
        case Opcode::ReadXb: {
            using P = field::ReadXb;
            return read_window(window_of(op), local) && at(local, op[P::dst], 4 * op[P::cols], true);
        }
        case Opcode::ReadRow: {
            using P = field::ReadRow;
            return read_window(window_of(op), local) && (op[P::add] == 0 || at(local, op[P::dst], 4 * op[P::cols], false)) &&
                   at(local, op[P::dst], 4 * op[P::cols], true);
        }
        case Opcode::WriteXb: {
            const Weight& w = program.weights[static_cast<std::size_t>(op[field::WriteXb::weight])];
            return at(Space::Ext, w.ext_offset, stored_bytes(w) * w.rows * w.cols, false);
        }
        case Opcode::WriteRow: {
            using P = field::WriteRow;
            const Weight& w = program.weights[static_cast<std::size_t>(op[P::weight])];
            const std::int64_t row_bytes = stored_bytes(w) * w.cols;
            return at(Space::Ext, w.ext_offset + op[P::row] * row_bytes, op[P::rows] * row_bytes, false);
        }
        case Opcode::Fill: return at(local, op[field::Fill::dst], op[field::Fill::n], true);
        case Opcode::Sum: {
            using P = field::Sum;
            return read_vectors(op[P::src], 4 * op[P::n], op[P::count], op[P::pitch]) && at(local, op[P::dst], 4 * op[P::n], true);
        }
        case Opcode::ShiftAdd: {
            using P = field::ShiftAdd;
            return read_vectors(op[P::src], 4 * op[P::n], op[P::count], op[P::pitch]) && at(local, op[P::dst], 4 * op[P::n], true);
        }
        case Opcode::Requant: {
            using P = field::Requant;
            return read_vectors(op[P::src], 4 * op[P::n], op[P::count], op[P::pitch]) && at(local, op[P::dst], op[P::n], true);
        }
        case Opcode::MaxPool: {
            const Window window = window_of(op);
            return read_window(window, local) && at(local, op[field::MaxPool::dst], window.tap, true);
        }
        case Opcode::Average: {
            const Window window = window_of(op);
            return read_window(window, local) && at(local, op[field::Average::dst], window.tap, true);
        }
        case Opcode::Total: {
            const Window window = window_of(op);
            const std::int64_t dst = op[field::Total::dst];
            return read_window(window, local) && (op[field::Total::add] == 0 || at(local, dst, 4 * window.tap, false)) &&
                   at(local, dst, 4 * window.tap, true);
        }
        case Opcode::Clip:
            return at(local, op[field::Clip::src], op[field::Clip::n], false) && at(local, op[field::Clip::dst], op[field::Clip::n], true);
        case Opcode::Add: {
            using P = field::Add;
            return at(local, op[P::a], op[P::n], false) && at(local, op[P::b], op[P::n], false) && at(local, op[P::dst], op[P::n], true);
        }
        case Opcode::Mul: {
            using P = field::Mul;
            return at(local, op[P::a], op[P::n], false) && at(local, op[P::b], op[P::n], false) && at(local, op[P::dst], op[P::n], true);
        }
        case Opcode::PRelu: {
            using P = field::PRelu;
            return at(local, op[P::src], op[P::n], false) && at(local, op[P::dst], op[P::n], true);
        }
        case Opcode::Lut:
            return at(local, op[field::Lut::src], op[field::Lut::n], false) && at(local, op[field::Lut::dst], op[field::Lut::n], true);
        case Opcode::Softmax: {
            using P = field::Softmax;
            return at(local, op[P::src], op[P::n], false) && at(local, op[P::dst], op[P::n], true);
        }
        case Opcode::Fetch: return transfer(Space::Ext, local, chip);
        case Opcode::Flush: return transfer(local, Space::Ext, chip);
        case Opcode::Load: return read_window(window_of(op), Space::L0) && at(local, op[field::Load::dst], op[field::Load::n], true);
        case Opcode::Store: return transfer(local, Space::L0, chip);
        case Opcode::Send: return transfer(local, Space::L1, static_cast<Index>(op[field::Send::core]));
        case Opcode::Copy: return read_window(window_of(op), local) && at(local, op[field::Copy::dst], op[field::Copy::n], true);
    }
    return true;
}

/// Crossbars that `op` holds: f(crossbar). A cim.read_core holds those of its slice, other crossbar operators one, the rest none.
template <typename F>
void for_each_crossbar(const Program& program, const OpInstance& op, F f) {
    switch (op.opcode) {
        case Opcode::ReadCore:
            for (const SliceTile& tile : program.slices[static_cast<std::size_t>(op[field::ReadCore::slice])].tiles) {
                f(tile.xb);
            }
            return;
        case Opcode::ReadXb: f(static_cast<Index>(op[field::ReadXb::xb])); return;
        case Opcode::WriteXb: f(static_cast<Index>(op[field::WriteXb::xb])); return;
        case Opcode::ReadRow: f(static_cast<Index>(op[field::ReadRow::xb])); return;
        case Opcode::WriteRow: f(static_cast<Index>(op[field::WriteRow::xb])); return;
        default: return;
    }
}

}  // namespace cim::isa

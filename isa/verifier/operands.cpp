#include "isa/verifier/operands.h"

#include <fmt/format.h>

#include "isa/bounds.h"
#include "isa/semantics/accesses.h"

namespace cim::isa {

namespace {

constexpr std::int64_t byte_max = 255;

bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
    return value >= low && value <= high;
}

class OperandCheck {
  public:
    OperandCheck(const Program& program, const Limits& limits, const OpInstance& op)
        : program_(program), limits_(limits), op_(op), info_(op_info(op.opcode)) {}

    OperandFault run() {
        if (!kinds() || !window() || !pieces()) {
            return std::move(fault_);
        }
        specific();
        return std::move(fault_);
    }

  private:
    bool fail(std::string_view rule, std::string what) {
        if (fault_.rule.empty()) {
            fault_ = {rule, std::move(what)};
        }
        return false;
    }

    /// Field `position` in low..high.
    bool need(int position, std::int64_t low, std::int64_t high = max_number) {
        if (within(op_[position], low, high)) {
            return true;
        }
        return fail("operand", fmt::format("{}={} is out of range [{},{}]", info_.fields[static_cast<std::size_t>(position)].name,
                                           op_[position], low, high));
    }

    bool kinds() {
        for (int i = 0; i < static_cast<int>(info_.fields.size()); ++i) {
            bool good = true;
            switch (info_.fields[static_cast<std::size_t>(i)].kind) {
                case FieldKind::Int: good = need(i, -max_number); break;
                case FieldKind::Local:
                case FieldKind::Remote:
                case FieldKind::L0:
                case FieldKind::Ext: good = need(i, 0, max_address); break;
                case FieldKind::Core: good = need(i, 0, limits_.cores - 1); break;
                case FieldKind::Xb: good = need(i, 0, limits_.crossbars_per_core - 1); break;
                case FieldKind::Weight: good = need(i, 0, static_cast<std::int64_t>(program_.weights.size()) - 1); break;
                case FieldKind::Param: good = need(i, 0, static_cast<std::int64_t>(program_.params.size()) - 1); break;
                case FieldKind::Slice: good = need(i, 0, static_cast<std::int64_t>(program_.slices.size()) - 1); break;
            }
            if (!good) {
                return false;
            }
        }
        return true;
    }

    bool window() {
        const int src = window_field(op_.opcode);
        if (src < 0) {
            return true;
        }
        using P = field::Copy;  // the same fields stand in the same order in each window
        const int f = src - P::src;
        return need(f + P::ring, 1) && need(f + P::pitch, 0) && need(f + P::taps, 1) && need(f + P::tap, 0) && need(f + P::step, 0) &&
               need(f + P::from, 0) && need(f + P::n, 1);
    }

    bool pieces() {
        const int n = piece_field(op_.opcode);
        if (n < 0) {
            return true;
        }
        using P = field::Fetch;  // the same fields stand in the same order in each transfer
        const int f = n - P::n;
        const std::int64_t least_pitch = op_[f + P::count] > 1 ? op_[n] : 0;
        return need(n, 1) && need(f + P::count, 1, max_number / op_[n]) && need(f + P::dst_pitch, least_pitch) &&
               need(f + P::src_pitch, least_pitch);
    }

    const Param& param(int position) const { return program_.params[static_cast<std::size_t>(op_[position])]; }

    bool constants(const Param& param, std::int64_t biases, std::int64_t scales) {
        if (static_cast<std::int64_t>(param.bias.size()) >= biases && static_cast<std::int64_t>(param.scale.size()) >= scales) {
            return true;
        }
        return fail("param", fmt::format("param '{}' has {} integers and {} scales, this takes {} and {}", param.name, param.bias.size(),
                                         param.scale.size(), biases, scales));
    }

    bool negative_scales(const Param& param, std::int64_t scales) {
        return static_cast<std::int64_t>(param.negative_scale.size()) >= scales ||
               fail("param",
                    fmt::format("param '{}' has {} negative scales, this takes {}", param.name, param.negative_scale.size(), scales));
    }

    /// A read of n bytes through one crossbar: number of rows, or 0 after a fault.
    std::int64_t rows_of(std::int64_t n, std::int64_t bits) {
        const std::int64_t bytes = bits > 8 ? 2 : 1;
        if (n % bytes != 0) {
            fail("rows", fmt::format("n={} bytes are no whole number of inputs of {} bits", n, bits));
            return 0;
        }
        return n / bytes;
    }

    bool whole_taps() {
        const Window w = window_of(op_);
        return w.n % w.tap == 0 || fail("operand", fmt::format("n={} is no multiple of tap={}", w.n, w.tap));
    }

    bool vectors(int n, int count, int pitch) { return need(n, 1) && need(count, 1) && need(pitch, 0); }

    bool specific() {
        switch (op_.opcode) {
            case Opcode::ReadCore: return read_core();
            case Opcode::ReadXb: {
                using P = field::ReadXb;
                return need(P::bits, 1, 16) && need(P::cols, 1) && rows_of(op_[P::n], op_[P::bits]) > 0;
            }
            case Opcode::WriteXb: return true;
            case Opcode::ReadRow: return read_row();
            case Opcode::WriteRow: {
                using P = field::WriteRow;
                const Weight& weight = program_.weights[static_cast<std::size_t>(op_[P::weight])];
                return need(P::row, 0, weight.rows - 1) && need(P::rows, 1, weight.rows - op_[P::row]);
            }
            case Opcode::Fill: return need(field::Fill::n, 1) && need(field::Fill::value, 0, byte_max);
            case Opcode::Sum: return vectors(field::Sum::n, field::Sum::count, field::Sum::pitch);
            case Opcode::ShiftAdd:
                return vectors(field::ShiftAdd::n, field::ShiftAdd::count, field::ShiftAdd::pitch) && need(field::ShiftAdd::shift, 0, 31);
            case Opcode::Requant: {
                using P = field::Requant;
                return vectors(P::n, P::count, P::pitch) && need(P::channel, 0) &&
                       constants(param(P::param), op_[P::channel] + op_[P::n], op_[P::channel] + op_[P::n]);
            }
            case Opcode::MaxPool: return whole_taps();
            case Opcode::Average: {
                using P = field::Average;
                return whole_taps() && need(P::rows, 1) && need(P::cols, 1) && constants(param(P::param), 1, 1);
            }
            case Opcode::Total: return whole_taps() && need(field::Total::add, 0, 1);
            case Opcode::Clip: {
                using P = field::Clip;
                return need(P::n, 1) && need(P::hi, 0, byte_max) && need(P::lo, 0, op_[P::hi]);
            }
            case Opcode::Add: return need(field::Add::n, 1) && constants(param(field::Add::param), 2, 3);
            case Opcode::Mul: return need(field::Mul::n, 1) && constants(param(field::Mul::param), 2, 1);
            case Opcode::PRelu: {
                using P = field::PRelu;
                return need(P::n, 1) && need(P::channel, 0) && constants(param(P::param), 1, op_[P::channel] + op_[P::n]) &&
                       negative_scales(param(P::param), op_[P::channel] + op_[P::n]);
            }
            case Opcode::Lut: return need(field::Lut::n, 1) && constants(param(field::Lut::param), 256, 0);
            case Opcode::Softmax: return need(field::Softmax::n, 1) && constants(param(field::Softmax::param), 1, 2);
            case Opcode::Fetch:
            case Opcode::Flush:
            case Opcode::Store:
            case Opcode::Send:
            case Opcode::Load:
            case Opcode::Copy: return true;
        }
        return true;
    }

    bool read_row() {
        using P = field::ReadRow;
        if (!need(P::bits, 1, 16) || !need(P::cols, 1) || !need(P::row, 0) || !need(P::add, 0, 1)) {
            return false;
        }
        const std::int64_t rows = rows_of(op_[P::n], op_[P::bits]);
        if (rows > limits_.parallel_row) {
            return fail("parallel-row", fmt::format("{} wordlines active at once, the crossbar allows {}", rows, limits_.parallel_row));
        }
        return rows > 0;
    }

    bool read_core() {
        using P = field::ReadCore;
        if (!need(P::count, 1) || !need(P::stride, 0) || !need(P::dst_pitch, 0)) {
            return false;
        }
        const Slice& slice = program_.slices[static_cast<std::size_t>(op_[P::slice])];
        for (const SliceTile& tile : slice.tiles) {
            const Weight& weight = program_.weights[static_cast<std::size_t>(tile.weight)];
            if (std::int64_t{tile.row} + weight.rows > op_[P::n]) {
                return fail("rows", fmt::format("tile '{}' of slice '{}' takes elements {} to {} of a window of n={} bytes", weight.name,
                                                slice.name, tile.row, std::int64_t{tile.row} + weight.rows, op_[P::n]));
            }
        }
        return true;
    }

    const Program& program_;
    const Limits& limits_;
    const OpInstance& op_;
    const OpInfo& info_;
    OperandFault fault_;
};

}  // namespace

OperandFault check_operands(const Program& program, const Limits& limits, const OpInstance& op) {
    return OperandCheck(program, limits, op).run();
}

}  // namespace cim::isa

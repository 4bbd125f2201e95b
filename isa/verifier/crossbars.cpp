#include "isa/verifier/crossbars.h"

#include <algorithm>

#include <fmt/format.h>

#include "isa/semantics/accesses.h"
#include "isa/semantics/programming.h"

namespace cim::isa {

Crossbars::Crossbar& Crossbars::at(Index core, Index xb) {
    const std::size_t index =
        static_cast<std::size_t>(core) * static_cast<std::size_t>(limits_.crossbars_per_core) + static_cast<std::size_t>(xb);
    if (index >= crossbars_.size()) {
        crossbars_.resize(index + 1);
    }
    return crossbars_[index];
}

void Crossbars::forget_order() {
    for (Crossbar& crossbar : crossbars_) {
        crossbar.order = {};
    }
}

OperandFault Crossbars::execute(Index core, const OpInstance& op, const Epoch& now, const Viewpoint& view, Epoch& other) {
    const bool is_write = writes_crossbar(op.opcode);
    OperandFault fault;
    const auto keep = [&](OperandFault found) {
        if (fault.rule.empty()) {
            fault = std::move(found);
        }
    };
    for_each_crossbar(program_, op, [&](Index xb) {
        ShadowCell& order = at(core, xb).order;
        const Epoch unordered = is_write ? order.write_by(now, view) : order.read_by(now, view);
        if (unordered.is_event()) {
            other = unordered;
            keep({is_write ? "race" : "unwritten", fmt::format("crossbar {}", xb)});
        }
    });
    switch (op.opcode) {
        case Opcode::WriteXb: {
            using P = field::WriteXb;
            const auto xb = static_cast<Index>(op[P::xb]);
            Crossbar& crossbar = at(core, xb);
            std::fill(crossbar.row_weight.begin(), crossbar.row_weight.end(), -1);
            const auto weight = static_cast<Index>(op[P::weight]);
            keep(write(crossbar, xb, weight, 0, program_.weights[static_cast<std::size_t>(weight)].rows));
            break;
        }
        case Opcode::WriteRow: {
            using P = field::WriteRow;
            const auto xb = static_cast<Index>(op[P::xb]);
            keep(write(at(core, xb), xb, static_cast<Index>(op[P::weight]), op[P::row], op[P::rows]));
            break;
        }
        case Opcode::ReadXb: {
            using P = field::ReadXb;
            const auto xb = static_cast<Index>(op[P::xb]);
            keep(read(at(core, xb), xb, 0, op[P::n] / (op[P::bits] > 8 ? 2 : 1), op[P::cols]));
            break;
        }
        case Opcode::ReadRow: {
            using P = field::ReadRow;
            const auto xb = static_cast<Index>(op[P::xb]);
            keep(read(at(core, xb), xb, op[P::row], op[P::n] / (op[P::bits] > 8 ? 2 : 1), op[P::cols]));
            break;
        }
        case Opcode::ReadCore:
            for (const SliceTile& tile : program_.slices[static_cast<std::size_t>(op[field::ReadCore::slice])].tiles) {
                const Crossbar& crossbar = at(core, tile.xb);
                const Weight& weight = program_.weights[static_cast<std::size_t>(tile.weight)];
                keep(read(crossbar, tile.xb, 0, weight.rows, weight.cols));
                if (!crossbar.row_weight.empty() && crossbar.row_weight[0] >= 0 && crossbar.row_weight[0] != tile.weight) {
                    keep({"unwritten", fmt::format("crossbar {} holds '{}', the slice wants '{}' there", tile.xb,
                                                   program_.weights[static_cast<std::size_t>(crossbar.row_weight[0])].name, weight.name)});
                }
            }
            break;
        default: break;
    }
    return fault;
}

OperandFault Crossbars::write(Crossbar& crossbar, Index xb, Index weight, std::int64_t row, std::int64_t rows) {
    crossbar.row_weight.resize(static_cast<std::size_t>(limits_.rows), -1);
    if (row + rows > limits_.rows) {
        return {"rows", fmt::format("rows {} to {} of crossbar {}, which has {}", row, row + rows, xb, limits_.rows)};
    }
    std::fill_n(crossbar.row_weight.begin() + row, rows, weight);
    return {};
}

OperandFault Crossbars::read(const Crossbar& crossbar, Index xb, std::int64_t row, std::int64_t rows, std::int64_t cols) const {
    if (crossbar.row_weight.empty() || row >= limits_.rows || crossbar.row_weight[static_cast<std::size_t>(row)] < 0) {
        return {"unwritten", fmt::format("row {} of crossbar {} was not written before", row, xb)};
    }
    const Index held = crossbar.row_weight[static_cast<std::size_t>(row)];
    const Weight& weight = program_.weights[static_cast<std::size_t>(held)];
    if (row + rows > weight.rows) {
        return {"rows",
                fmt::format("rows {} to {} of tile '{}' in crossbar {}, which has {}", row, row + rows, weight.name, xb, weight.rows)};
    }
    for (std::int64_t r = row; r < row + rows; ++r) {
        if (crossbar.row_weight[static_cast<std::size_t>(r)] != held) {
            return {"unwritten", fmt::format("row {} of crossbar {} was not written with tile '{}' before", r, xb, weight.name)};
        }
    }
    if (cols > weight.cols) {
        return {"columns", fmt::format("{} columns of tile '{}' in crossbar {}, which has {}", cols, weight.name, xb, weight.cols)};
    }
    return {};
}

}  // namespace cim::isa

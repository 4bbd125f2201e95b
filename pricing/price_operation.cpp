#include "pricing/price_operation.h"

#include "isa/semantics/accesses.h"

namespace cim::pricing {

namespace {

using hw::AluWork;
namespace f = isa::field;

std::int64_t stored_bytes(const isa::Weight& weight, std::int64_t rows) {
    return rows * weight.cols * (weight.bits > 8 ? 2 : 1);
}

hw::OpCost price_read_core(const hw::PriceList& prices, const isa::Program& program, const isa::OpInstance& op) {
    const isa::Slice& slice = program.slices[static_cast<std::size_t>(op[f::ReadCore::slice])];
    std::vector<hw::PriceList::Tile> tiles;
    for (const isa::SliceTile& tile : slice.tiles) {
        const isa::Weight& weight = program.weights[static_cast<std::size_t>(tile.weight)];
        tiles.push_back({weight.rows, weight.cols, weight.bits});
    }
    return prices.read_core(tiles, slice.channels, slice.requantises(), op[f::ReadCore::count], op[f::ReadCore::n]);
}

}  // namespace

hw::OpCost price_operation(const hw::PriceList& prices, const isa::Program& program, const isa::OpInstance& op, isa::Index place,
                           isa::Index weight) {
    const auto alu = [&](AluWork work, std::int64_t n, std::int64_t terms, std::int64_t read, std::int64_t written) {
        return prices.alu(place, work, n, terms, read, written);
    };
    switch (op.opcode) {
        case isa::Opcode::ReadCore: return price_read_core(prices, program, op);
        case isa::Opcode::ReadXb: {
            const auto xb = static_cast<int>(op[f::ReadXb::xb]);
            const auto bits = static_cast<int>(op[f::ReadXb::bits]);
            const std::int64_t n = op[f::ReadXb::n];
            return prices.read(xb, static_cast<int>(bits > 8 ? n / 2 : n), static_cast<int>(op[f::ReadXb::cols]), bits,
                               program.weights[static_cast<std::size_t>(weight)].bits, n, false);
        }
        case isa::Opcode::ReadRow: {
            const auto xb = static_cast<int>(op[f::ReadRow::xb]);
            const auto bits = static_cast<int>(op[f::ReadRow::bits]);
            const std::int64_t n = op[f::ReadRow::n];
            return prices.read(xb, static_cast<int>(bits > 8 ? n / 2 : n), static_cast<int>(op[f::ReadRow::cols]), bits,
                               program.weights[static_cast<std::size_t>(weight)].bits, n, op[f::ReadRow::add] != 0,
                               static_cast<int>(op[f::ReadRow::row]));
        }
        case isa::Opcode::WriteXb: {
            const isa::Weight& tile = program.weights[static_cast<std::size_t>(op[f::WriteXb::weight])];
            return prices.write(place, tile.rows, tile.cols, tile.bits, stored_bytes(tile, tile.rows));
        }
        case isa::Opcode::WriteRow: {
            const isa::Weight& tile = program.weights[static_cast<std::size_t>(op[f::WriteRow::weight])];
            const std::int64_t rows = op[f::WriteRow::rows];
            return prices.write(place, static_cast<int>(rows), tile.cols, tile.bits, stored_bytes(tile, rows));
        }
        case isa::Opcode::Fill: return alu(AluWork::Fill, op[f::Fill::n], 1, 0, op[f::Fill::n]);
        case isa::Opcode::Sum: {
            const std::int64_t n = op[f::Sum::n];
            return alu(AluWork::Sum, n, op[f::Sum::count], 4 * n * op[f::Sum::count], 4 * n);
        }
        case isa::Opcode::ShiftAdd: {
            const std::int64_t n = op[f::ShiftAdd::n];
            return alu(AluWork::ShiftAdd, n, op[f::ShiftAdd::count], 4 * n * op[f::ShiftAdd::count], 4 * n);
        }
        case isa::Opcode::Requant:
            return alu(AluWork::Requant, op[f::Requant::n], op[f::Requant::count], 4 * op[f::Requant::n] * op[f::Requant::count],
                       op[f::Requant::n]);
        case isa::Opcode::MaxPool: {
            const isa::Window window = isa::window_of(op);
            return alu(AluWork::Max, window.tap, window.n / window.tap, window.n, window.tap);
        }
        case isa::Opcode::Average: {
            const isa::Window window = isa::window_of(op);
            return alu(AluWork::Average, window.tap, window.n / window.tap, window.n, window.tap);
        }
        case isa::Opcode::Total: {
            const isa::Window window = isa::window_of(op);
            const std::int64_t add = op[f::Total::add];
            return alu(AluWork::Sum, window.tap, window.n / window.tap + add, window.n + 4 * window.tap * add, 4 * window.tap);
        }
        case isa::Opcode::Clip: return alu(AluWork::Clip, op[f::Clip::n], 1, op[f::Clip::n], op[f::Clip::n]);
        case isa::Opcode::Add: return alu(AluWork::Add, op[f::Add::n], 1, 2 * op[f::Add::n], op[f::Add::n]);
        case isa::Opcode::Mul: return alu(AluWork::Mul, op[f::Mul::n], 1, 2 * op[f::Mul::n], op[f::Mul::n]);
        case isa::Opcode::PRelu: return alu(AluWork::PRelu, op[f::PRelu::n], 1, op[f::PRelu::n], op[f::PRelu::n]);
        case isa::Opcode::Lut: return alu(AluWork::Lut, op[f::Lut::n], 1, op[f::Lut::n], op[f::Lut::n]);
        case isa::Opcode::Softmax: return alu(AluWork::Softmax, op[f::Softmax::n], 1, op[f::Softmax::n], op[f::Softmax::n]);
        case isa::Opcode::Fetch: return prices.fetch(op[f::Fetch::n] * op[f::Fetch::count]);
        case isa::Opcode::Flush: return prices.flush(op[f::Flush::n] * op[f::Flush::count]);
        case isa::Opcode::Load: return prices.load(place, op[f::Load::n]);
        case isa::Opcode::Store: return prices.store(place, op[f::Store::n] * op[f::Store::count]);
        case isa::Opcode::Send: return prices.send(place, static_cast<int>(op[f::Send::core]), op[f::Send::n] * op[f::Send::count]);
        case isa::Opcode::Copy: return prices.copy(place, op[f::Copy::n]);
    }
    return {};
}

}  // namespace cim::pricing

#include "platform/core/execute.h"

#include <algorithm>
#include <cstring>

#include "hw_models/alu/arithmetic.h"
#include "platform/core/place.h"

namespace cim::platform {

namespace {

namespace f = isa::field;

std::int32_t load_sum(const std::uint8_t* at) {
    std::int32_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
}

void store_sum(std::uint8_t* at, std::int32_t value) {
    std::memcpy(at, &value, sizeof value);
}

void gather(const std::uint8_t* memory, const isa::Window& window, std::uint8_t* out) {
    isa::for_each_piece(window, [&](std::int64_t address, std::int64_t bytes, std::int64_t offset) {
        std::memcpy(out + offset, memory + address, static_cast<std::size_t>(bytes));
    });
}

void scatter(const std::uint8_t* bytes, const isa::Window& window, std::uint8_t* memory) {
    isa::for_each_piece(window, [&](std::int64_t address, std::int64_t count, std::int64_t offset) {
        std::memcpy(memory + address, bytes + offset, static_cast<std::size_t>(count));
    });
}

/// The bytes of a window, in a row.
std::vector<std::uint8_t> gathered(const std::uint8_t* memory, const isa::Window& window) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(window.n));
    gather(memory, window, bytes.data());
    return bytes;
}

/// The inputs of a crossbar read: bytes of a window, or pairs of bytes when they have more than eight bits.
std::vector<std::uint16_t> window_inputs(const std::uint8_t* memory, const isa::Window& window, std::int64_t bits) {
    const std::vector<std::uint8_t> bytes = gathered(memory, window);
    if (bits <= 8) {
        return {bytes.begin(), bytes.end()};
    }
    std::vector<std::uint16_t> inputs(bytes.size() / 2);
    std::memcpy(inputs.data(), bytes.data(), inputs.size() * 2);
    return inputs;
}

void read_crossbar(Place& place, int xb, const isa::Window& window, int row, std::int64_t bits, std::int64_t dst, std::int64_t cols,
                   bool add) {
    const std::vector<std::uint16_t> inputs = window_inputs(place.memory, window, bits);
    CrossbarArray& crossbars = *place.crossbars();
    std::vector<std::int32_t> sums(static_cast<std::size_t>(crossbars.cols(xb)), 0);
    crossbars.multiply(xb, inputs.data(), row, static_cast<int>(inputs.size()), static_cast<int>(bits), sums.data());
    std::uint8_t* out = place.memory + dst;
    for (std::int64_t c = 0; c < cols; ++c) {
        const std::int64_t before = add ? load_sum(out + 4 * c) : 0;
        store_sum(out + 4 * c, static_cast<std::int32_t>(before + sums[static_cast<std::size_t>(c)]));  // wraps around
    }
}

void requant(const isa::Param& param, const std::int32_t* sums, std::int64_t channel, std::int64_t n, std::uint8_t* out) {
    const std::vector<float>& negative_scale = param.negative_scale.empty() ? param.scale : param.negative_scale;
    for (std::int64_t i = 0; i < n; ++i) {
        const auto c = static_cast<std::size_t>(channel + i);
        const std::int32_t sum = sums[i] + param.bias[c];
        out[i] = hw::requantise(sum, sum < 0 ? negative_scale[c] : param.scale[c], param.zero, param.lo, param.hi);
    }
}

void read_core(const Context& context, Place& place, const isa::OpInstance& op) {
    const isa::Slice& slice = context.program.slices[static_cast<std::size_t>(op[f::ReadCore::slice])];
    isa::Window window = isa::window_of(op);
    std::vector<std::int32_t> sums(static_cast<std::size_t>(slice.channels));
    for (std::int64_t position = 0; position < op[f::ReadCore::count]; ++position, window.x += op[f::ReadCore::stride]) {
        std::fill(sums.begin(), sums.end(), 0);
        const std::vector<std::uint16_t> inputs = window_inputs(place.memory, window, 8);
        for (const isa::SliceTile& tile : slice.tiles) {
            const isa::Weight& weight = context.program.weights[static_cast<std::size_t>(tile.weight)];
            std::vector<std::int32_t> part(static_cast<std::size_t>(weight.cols), 0);
            place.crossbars()->multiply(tile.xb, inputs.data() + tile.row, 0, weight.rows, 8, part.data());
            for (int c = 0; c < weight.cols; ++c) {
                sums[static_cast<std::size_t>(tile.col + c)] += part[static_cast<std::size_t>(c)];
            }
        }
        std::uint8_t* out = place.memory + op[f::ReadCore::dst] + position * op[f::ReadCore::dst_pitch];
        if (slice.requantises()) {
            requant(context.program.params[static_cast<std::size_t>(slice.param)], sums.data(), slice.channel, slice.channels, out);
        } else {
            std::memcpy(out, sums.data(), sums.size() * sizeof(std::int32_t));
        }
    }
}

void max_pool(std::uint8_t* memory, const isa::OpInstance& op) {
    const isa::Window window = isa::window_of(op);
    const std::vector<std::uint8_t> taps = gathered(memory, window);
    const auto channels = static_cast<std::size_t>(window.tap);
    std::uint8_t* out = memory + op[f::MaxPool::dst];
    // The first `channels` bytes hold each channel once, in whatever order the window begins.
    for (std::size_t i = 0; i < taps.size(); ++i) {
        std::uint8_t& most = out[(static_cast<std::size_t>(window.from) + i) % channels];
        most = i < channels ? taps[i] : std::max(most, taps[i]);
    }
}

void average(const isa::Param& param, std::uint8_t* memory, const isa::OpInstance& op) {
    const isa::Window window = isa::window_of(op);
    const std::vector<std::uint8_t> taps = gathered(memory, window);
    const auto channels = static_cast<std::size_t>(window.tap);
    std::vector<std::int64_t> sums(channels, -(window.n / window.tap) * param.bias[0]);
    for (std::size_t i = 0; i < taps.size(); ++i) {
        sums[(static_cast<std::size_t>(window.from) + i) % channels] += taps[i];
    }
    const std::int64_t divisor = op[f::Average::rows] * op[f::Average::cols];
    std::uint8_t* out = memory + op[f::Average::dst];
    for (std::size_t c = 0; c < channels; ++c) {
        out[c] = hw::average_quantised(sums[c], divisor, param.scale[0], param.zero, param.lo, param.hi);
    }
}

void total(std::uint8_t* memory, const isa::OpInstance& op) {
    const isa::Window window = isa::window_of(op);
    const std::vector<std::uint8_t> taps = gathered(memory, window);
    std::vector<std::uint32_t> sums(static_cast<std::size_t>(window.tap), 0);
    for (std::size_t i = 0; i < taps.size(); ++i) {
        sums[(static_cast<std::size_t>(window.from) + i) % sums.size()] += taps[i];
    }
    std::uint8_t* out = memory + op[f::Total::dst];
    for (std::size_t c = 0; c < sums.size(); ++c, out += 4) {
        const std::uint32_t before = op[f::Total::add] != 0 ? static_cast<std::uint32_t>(load_sum(out)) : 0;
        store_sum(out, static_cast<std::int32_t>(before + sums[c]));  // wraps around
    }
}

void sum_vectors(std::uint8_t* memory, std::int64_t dst, std::int64_t src, std::int64_t n, std::int64_t count, std::int64_t pitch,
                 std::int64_t shift) {
    for (std::int64_t i = 0; i < n; ++i) {
        std::uint32_t total = 0;
        for (std::int64_t j = 0; j < count; ++j) {
            total += static_cast<std::uint32_t>(load_sum(memory + src + j * pitch + 4 * i)) << (j * shift);
        }
        store_sum(memory + dst + 4 * i, static_cast<std::int32_t>(total));
    }
}

void execute_requant(const isa::Param& param, std::uint8_t* memory, const isa::OpInstance& op) {
    const std::int64_t n = op[f::Requant::n];
    std::vector<std::int32_t> sums(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
        std::uint32_t total = 0;
        for (std::int64_t j = 0; j < op[f::Requant::count]; ++j) {
            total += static_cast<std::uint32_t>(load_sum(memory + op[f::Requant::src] + j * op[f::Requant::pitch] + 4 * i));
        }
        sums[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(total);
    }
    requant(param, sums.data(), op[f::Requant::channel], n, memory + op[f::Requant::dst]);
}

void execute_add(const isa::Param& p, std::uint8_t* memory, const isa::OpInstance& op) {
    const std::uint8_t* a = memory + op[f::Add::a];
    const std::uint8_t* b = memory + op[f::Add::b];
    std::uint8_t* out = memory + op[f::Add::dst];
    for (std::int64_t i = 0; i < op[f::Add::n]; ++i) {
        out[i] = hw::add_quantised(a[i], b[i], p.scale[0], p.bias[0], p.scale[1], p.bias[1], p.scale[2], p.zero, p.lo, p.hi);
    }
}

void execute_mul(const isa::Param& p, std::uint8_t* memory, const isa::OpInstance& op) {
    const std::uint8_t* a = memory + op[f::Mul::a];
    const std::uint8_t* b = memory + op[f::Mul::b];
    std::uint8_t* out = memory + op[f::Mul::dst];
    for (std::int64_t i = 0; i < op[f::Mul::n]; ++i) {
        out[i] = hw::multiply_quantised(a[i], b[i], p.bias[0], p.bias[1], p.scale[0], p.zero, p.lo, p.hi);
    }
}

void execute_prelu(const isa::Param& p, std::uint8_t* memory, const isa::OpInstance& op) {
    const std::uint8_t* x = memory + op[f::PRelu::src];
    std::uint8_t* out = memory + op[f::PRelu::dst];
    for (std::int64_t i = 0; i < op[f::PRelu::n]; ++i) {
        const auto c = static_cast<std::size_t>(op[f::PRelu::channel] + i);
        out[i] = hw::prelu_quantised(x[i], p.bias[0], p.scale[c], p.negative_scale[c], p.zero, p.lo, p.hi);
    }
}

void execute_alu(const Context& context, std::uint8_t* memory, const isa::OpInstance& op) {
    const auto param = [&](int position) -> const isa::Param& { return context.program.params[static_cast<std::size_t>(op[position])]; };
    switch (op.opcode) {
        case isa::Opcode::Fill:
            std::memset(memory + op[f::Fill::dst], static_cast<int>(op[f::Fill::value]), static_cast<std::size_t>(op[f::Fill::n]));
            break;
        case isa::Opcode::Sum:
            sum_vectors(memory, op[f::Sum::dst], op[f::Sum::src], op[f::Sum::n], op[f::Sum::count], op[f::Sum::pitch], 0);
            break;
        case isa::Opcode::ShiftAdd:
            sum_vectors(memory, op[f::ShiftAdd::dst], op[f::ShiftAdd::src], op[f::ShiftAdd::n], op[f::ShiftAdd::count],
                        op[f::ShiftAdd::pitch], op[f::ShiftAdd::shift]);
            break;
        case isa::Opcode::Requant: execute_requant(param(f::Requant::param), memory, op); break;
        case isa::Opcode::MaxPool: max_pool(memory, op); break;
        case isa::Opcode::Total: total(memory, op); break;
        case isa::Opcode::Average: average(param(f::Average::param), memory, op); break;
        case isa::Opcode::Clip:
            for (std::int64_t i = 0; i < op[f::Clip::n]; ++i) {
                memory[op[f::Clip::dst] + i] =
                    static_cast<std::uint8_t>(std::clamp<std::int64_t>(memory[op[f::Clip::src] + i], op[f::Clip::lo], op[f::Clip::hi]));
            }
            break;
        case isa::Opcode::Add: execute_add(param(f::Add::param), memory, op); break;
        case isa::Opcode::Mul: execute_mul(param(f::Mul::param), memory, op); break;
        case isa::Opcode::PRelu: execute_prelu(param(f::PRelu::param), memory, op); break;
        case isa::Opcode::Lut: {
            const isa::Param& table = param(f::Lut::param);
            for (std::int64_t i = 0; i < op[f::Lut::n]; ++i) {
                memory[op[f::Lut::dst] + i] = static_cast<std::uint8_t>(table.bias[memory[op[f::Lut::src] + i]]);
            }
            break;
        }
        case isa::Opcode::Softmax: {
            const isa::Param& p = param(f::Softmax::param);
            hw::softmax_quantised(memory + op[f::Softmax::src], memory + op[f::Softmax::dst], op[f::Softmax::n], p.scale[0], p.scale[1],
                                  p.zero);
            break;
        }
        default: break;
    }
}

/// Takes what a transfer between memories carries from its end in local memory.
void take_local(const Place& place, Operation& operation, const isa::Pieces& from) {
    if (from.in_line()) {
        std::memcpy(operation.data.data(), place.memory + from.address, operation.data.size());
    } else {
        gather(place.memory, from.window(), operation.data.data());
    }
}

/// Puts it there.
void put_local(const Place& place, const Operation& operation, const isa::Pieces& to) {
    if (to.in_line()) {
        std::memcpy(place.memory + to.address, operation.data.data(), operation.data.size());
    } else {
        scatter(operation.data.data(), to.window(), place.memory);
    }
}

}  // namespace

void address_payload(const Context& context, Place& place, Operation& operation) {
    const isa::OpInstance& op = *operation.op;
    std::int64_t address = 0;
    const auto take = [&](std::int64_t remote, std::int64_t bytes) {
        address = remote;
        operation.data.resize(static_cast<std::size_t>(bytes));
    };
    const auto take_pieces = [&](const isa::Pieces& remote) {
        take(remote.address, remote.bytes());
        if (!remote.in_line()) {
            operation.window = remote.window();
            operation.payload.transfer.window = &operation.window;
        }
    };
    switch (op.opcode) {
        case isa::Opcode::Load:
            take(0, op[f::Load::n]);
            operation.window = isa::window_of(op);
            operation.payload.transfer.window = &operation.window;
            break;
        case isa::Opcode::Fetch: take_pieces(isa::pieces_from(op)); break;
        case isa::Opcode::Store:
        case isa::Opcode::Send:
        case isa::Opcode::Flush:
            take_pieces(isa::pieces_to(op));
            take_local(place, operation, isa::pieces_from(op));
            break;
        case isa::Opcode::WriteXb: {
            const isa::Weight& weight = context.program.weights[static_cast<std::size_t>(op[f::WriteXb::weight])];
            take(weight.ext_offset, isa::stored_bytes(weight) * weight.rows * weight.cols);
            break;
        }
        case isa::Opcode::WriteRow: {
            const isa::Weight& weight = context.program.weights[static_cast<std::size_t>(op[f::WriteRow::weight])];
            const std::int64_t row_bytes = isa::stored_bytes(weight) * weight.cols;
            take(weight.ext_offset + op[f::WriteRow::row] * row_bytes, op[f::WriteRow::rows] * row_bytes);
            break;
        }
        default: return;
    }
    operation.payload.set_address(static_cast<std::uint64_t>(address));
    operation.payload.set_data_ptr(operation.data.data());
    operation.payload.set_data_length(static_cast<unsigned>(operation.data.size()));
    operation.payload.set_streaming_width(static_cast<unsigned>(operation.data.size()));
}

void execute_write(Context& context, CrossbarArray& crossbars, Operation& operation) {
    const isa::OpInstance& op = *operation.op;
    const std::uint8_t* bytes = context.functional ? operation.data.data() : nullptr;
    if (op.opcode == isa::Opcode::WriteXb) {
        const auto weight = static_cast<int>(op[f::WriteXb::weight]);
        crossbars.program(static_cast<int>(op[f::WriteXb::xb]), weight, 0, context.program.weights[static_cast<std::size_t>(weight)].rows,
                          bytes);
    } else {
        crossbars.program(static_cast<int>(op[f::WriteRow::xb]), static_cast<int>(op[f::WriteRow::weight]),
                          static_cast<int>(op[f::WriteRow::row]), static_cast<int>(op[f::WriteRow::rows]), bytes);
    }
}

void execute(Context& context, Place& place, Operation& operation) {
    const isa::OpInstance& op = *operation.op;
    switch (op.opcode) {
        case isa::Opcode::ReadCore: read_core(context, place, op); break;
        case isa::Opcode::ReadXb:
            read_crossbar(place, static_cast<int>(op[f::ReadXb::xb]), isa::window_of(op), 0, op[f::ReadXb::bits], op[f::ReadXb::dst],
                          op[f::ReadXb::cols], false);
            break;
        case isa::Opcode::ReadRow:
            read_crossbar(place, static_cast<int>(op[f::ReadRow::xb]), isa::window_of(op), static_cast<int>(op[f::ReadRow::row]),
                          op[f::ReadRow::bits], op[f::ReadRow::dst], op[f::ReadRow::cols], op[f::ReadRow::add] != 0);
            break;
        case isa::Opcode::WriteXb:
        case isa::Opcode::WriteRow: execute_write(context, *place.crossbars(), operation); break;
        case isa::Opcode::Load: put_local(place, operation, {op[f::Load::dst], op[f::Load::n]}); break;
        case isa::Opcode::Fetch: put_local(place, operation, isa::pieces_to(op)); break;
        case isa::Opcode::Send:
            if (op[f::Send::core] == place.core()) {
                const isa::Pieces from = isa::pieces_from(op);
                operation.data.resize(static_cast<std::size_t>(from.bytes()));
                take_local(place, operation, from);
                put_local(place, operation, isa::pieces_to(op));
            }
            break;
        case isa::Opcode::Store:
        case isa::Opcode::Flush: break;  // written by the target memory
        case isa::Opcode::Copy: {
            const isa::Window window = isa::window_of(op);
            const std::vector<std::uint8_t> bytes = gathered(place.memory, window);
            std::memcpy(place.memory + op[f::Copy::dst], bytes.data(), bytes.size());
            break;
        }
        default: execute_alu(context, place.memory, op); break;
    }
}

}  // namespace cim::platform

#include "compiler/reference/adc_emulation.h"

#include <algorithm>

namespace cim::compiler {
namespace {

constexpr int input_bits = 8;
constexpr int weight_bits = 8;

std::int64_t all_ones(int bits) {
    return (std::int64_t{1} << static_cast<unsigned>(bits)) - 1;
}

}  // namespace

std::int64_t AdcEmulation::largest_sum() const {
    return parallel_row * all_ones(dac_bits) * all_ones(bits_per_cell);
}

std::int64_t AdcEmulation::convert(std::int64_t sum) const {
    const std::int64_t top = all_ones(adc_bits);
    if (transfer == hw::AdcTransfer::Saturate) {
        return std::min(sum, top);
    }
    const std::int64_t largest = largest_sum();
    if (largest <= top) {
        return sum;
    }
    const std::int64_t code = (2 * sum * top + largest) / (2 * largest);
    return (2 * code * largest + top) / (2 * top);
}

AdcEmulation adc_emulation(const hw::Machine& machine) {
    AdcEmulation adc;
    adc.rows = machine.crossbar.rows;
    adc.parallel_row = machine.crossbar.parallel_row;
    adc.bits_per_cell = machine.device.bits_per_cell;
    adc.dac_bits = machine.crossbar.dac.bits;
    adc.adc_bits = machine.crossbar.adc.bits;
    adc.transfer = machine.crossbar.adc.transfer;
    adc.encoding = machine.crossbar.encoding;
    return adc;
}

CrossbarMatrix::CrossbarMatrix(const QuantNode& node, const AdcEmulation& adc, int group)
    : adc_(adc), rows_(node.rows), cols_(node.cols / node.groups) {
    const bool offset = adc.encoding == hw::WeightEncoding::Offset;
    const auto add_slice = [&](int shift, int bits, std::int32_t weight) {
        std::vector<std::uint8_t> cells;
        cells.reserve(static_cast<std::size_t>(rows_) * cols_);
        for (int row = 0; row < rows_; ++row) {
            const std::int8_t* weights = node.matrix.data() + static_cast<std::int64_t>(row) * node.cols + group * cols_;
            for (int col = 0; col < cols_; ++col) {
                const int stored = offset ? weights[col] + 128 : weights[col] & 0xff;
                cells.push_back(static_cast<std::uint8_t>((stored >> shift) & all_ones(bits)));
            }
        }
        slices_.push_back(std::move(cells));
        slice_weight_.push_back(weight);
    };
    for (int shift = 0; shift < weight_bits; shift += adc.bits_per_cell) {
        add_slice(shift, adc.bits_per_cell, std::int32_t{1} << shift);
    }
    if (!offset) {
        add_slice(weight_bits - 1, 1, -(std::int32_t{1} << weight_bits));  // a column of sign bits, read like the others
    }
}

std::int64_t CrossbarMatrix::conversions() const {
    std::int64_t groups = 0;
    for (int tile = 0; tile < rows_; tile += adc_.rows) {
        const int height = std::min(adc_.rows, rows_ - tile);
        groups += (height + adc_.parallel_row - 1) / adc_.parallel_row;
    }
    const int input_slices = (input_bits + adc_.dac_bits - 1) / adc_.dac_bits;
    return groups * input_slices * cols_ * static_cast<std::int64_t>(slices_.size());
}

std::int64_t CrossbarMatrix::multiply(const std::uint8_t* input, std::int32_t* sums) const {
    std::int64_t lossy = 0;
    std::vector<std::int64_t> total(static_cast<std::size_t>(cols_), 0);
    std::vector<std::int32_t> analog(static_cast<std::size_t>(cols_));
    for (int tile = 0; tile < rows_; tile += adc_.rows) {
        const int tile_end = std::min(rows_, tile + adc_.rows);
        for (int first = tile; first < tile_end; first += adc_.parallel_row) {
            const int last = std::min(tile_end, first + adc_.parallel_row);
            for (int shift = 0; shift < input_bits; shift += adc_.dac_bits) {
                for (std::size_t s = 0; s < slices_.size(); ++s) {
                    std::fill(analog.begin(), analog.end(), 0);
                    for (int row = first; row < last; ++row) {
                        const auto x = static_cast<std::int32_t>((input[row] >> shift) & all_ones(adc_.dac_bits));
                        const std::uint8_t* cells = slices_[s].data() + static_cast<std::int64_t>(row) * cols_;
                        for (int col = 0; x != 0 && col < cols_; ++col) {
                            analog[static_cast<std::size_t>(col)] += x * cells[col];
                        }
                    }
                    for (std::size_t col = 0; col < analog.size(); ++col) {
                        const std::int64_t read = adc_.convert(analog[col]);
                        lossy += read != analog[col] ? 1 : 0;
                        total[col] += read * (std::int64_t{1} << static_cast<unsigned>(shift)) * slice_weight_[s];
                    }
                }
            }
        }
    }
    std::int64_t offset = 0;
    if (adc_.encoding == hw::WeightEncoding::Offset) {
        for (int row = 0; row < rows_; ++row) {
            offset += 128 * static_cast<std::int64_t>(input[row]);
        }
    }
    for (std::size_t col = 0; col < total.size(); ++col) {
        sums[col] = static_cast<std::int32_t>(total[col] - offset);
    }
    return lossy;
}

}  // namespace cim::compiler

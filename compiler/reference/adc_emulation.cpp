#include "compiler/reference/adc_emulation.h"

#include <algorithm>
#include <cstdlib>

namespace cim::compiler {
namespace {

constexpr int operand_bits = 8;  // of weights and inputs
constexpr int half = 128;

std::int64_t all_ones(int bits) {
    return (std::int64_t{1} << static_cast<unsigned>(bits)) - 1;
}

/// Bits lowest .. lowest+count-1 of a number, worth `worth` a unit.
struct Field {
    int lowest = 0;
    int count = 1;
    int worth = 1;
    std::int64_t of(int number) const { return (number >> lowest) & all_ones(count); }
};

/// A byte in fields of `width` bits; with_sign: two's complement, whose sign is a field of its own.
std::vector<Field> fields_of_byte(int width, bool with_sign) {
    std::vector<Field> fields;
    const int plain = with_sign ? operand_bits - 1 : operand_bits;
    for (int lowest = 0; lowest < plain; lowest += width) {
        fields.push_back({lowest, std::min(width, plain - lowest), 1 << lowest});
    }
    if (with_sign) {
        fields.push_back({operand_bits - 1, 1, -half});
    }
    return fields;
}

std::vector<Field> input_fields(const AdcEmulation& adc) {
    return fields_of_byte(adc.dac_bits, adc.input_encoding == hw::InputEncoding::TwosComplement);
}

std::vector<Field> weight_fields(const AdcEmulation& adc) {
    return fields_of_byte(adc.bits_per_cell, adc.encoding == hw::WeightEncoding::TwosComplement);
}

/// What the cell, or the difference of the pair of cells, of that field holds.
std::int64_t digit_of(const Field& field, int weight, hw::WeightEncoding encoding) {
    switch (encoding) {
        case hw::WeightEncoding::Offset:
        case hw::WeightEncoding::FlippedOffset: return field.of(weight + half);
        case hw::WeightEncoding::TwosComplement: return field.of(weight & 0xff);
        case hw::WeightEncoding::Differential: return weight < 0 ? -field.of(-weight) : field.of(weight);
    }
    return 0;
}

std::int64_t largest_input(const AdcEmulation& adc) {
    std::int64_t largest = 0;
    for (const Field& field : input_fields(adc)) {
        largest = std::max(largest, all_ones(field.count));
    }
    return largest;
}

bool offset_weights(const AdcEmulation& adc) {
    return adc.encoding == hw::WeightEncoding::Offset || adc.encoding == hw::WeightEncoding::FlippedOffset;
}

}  // namespace

std::int64_t AdcEmulation::largest_sum() const {
    std::int64_t digit = 0;
    for (const Field& field : weight_fields(*this)) {
        for (int weight = -half; weight < half; ++weight) {
            digit = std::max(digit, digit_of(field, weight, encoding));
        }
    }
    const std::int64_t cells = parallel_row * digit;
    return largest_input(*this) * (encoding == hw::WeightEncoding::FlippedOffset ? cells / 2 : cells);
}

std::int64_t AdcEmulation::smallest_sum() const {
    std::int64_t digit = 0;
    for (const Field& field : weight_fields(*this)) {
        for (int weight = -half; weight < half; ++weight) {
            digit = std::min(digit, digit_of(field, weight, encoding));
        }
    }
    return largest_input(*this) * parallel_row * digit;
}

AdcCodes AdcEmulation::codes() const {
    AdcCodes codes;
    const bool with_sign = smallest_sum() < 0;
    codes.highest = all_ones(with_sign ? adc_bits - 1 : adc_bits);
    codes.lowest = with_sign ? -codes.highest - 1 : 0;
    codes.full_scale = std::max(largest_sum(), -smallest_sum());
    codes.resolve_all = largest_sum() <= codes.highest && smallest_sum() >= codes.lowest;
    codes.spread = transfer == hw::AdcTransfer::Uniform && !codes.resolve_all;
    return codes;
}

std::int64_t AdcCodes::convert(std::int64_t sum) const {
    if (!spread) {
        return std::min(std::max(sum, lowest), highest);
    }
    const std::int64_t code = (2 * std::abs(sum) * highest + full_scale) / (2 * full_scale);
    const std::int64_t value = (2 * code * full_scale + highest) / (2 * highest);
    return sum < 0 ? -value : value;
}

AdcEmulation adc_emulation(const hw::Machine& machine) {
    AdcEmulation adc;
    adc.rows = machine.crossbar.rows;
    adc.cols = machine.logical_cols(8);
    adc.parallel_row = machine.crossbar.parallel_row;
    adc.bits_per_cell = machine.device.bits_per_cell;
    adc.dac_bits = machine.crossbar.dac.bits;
    adc.adc_bits = machine.crossbar.adc.bits;
    adc.transfer = machine.crossbar.adc.transfer;
    adc.encoding = machine.crossbar.encoding;
    adc.input_encoding = machine.crossbar.input_encoding;
    return adc;
}

int AdcEmulation::groups_together(const QuantNode& node) const {
    return node.groups == 1 ? 1 : std::clamp(std::min(rows / node.rows, cols / (node.cols / node.groups)), 1, node.groups);
}

CrossbarMatrix::CrossbarMatrix(const QuantNode& node, const AdcEmulation& adc)
    : adc_(adc), codes_(adc.codes()), rows_(node.rows), cols_(node.cols) {
    for (int tile = 0; tile < rows_; tile += adc_.rows) {
        const int end = std::min(rows_, tile + adc_.rows);
        for (int first = tile; first < end; first += adc_.parallel_row) {
            groups_.push_back({first, std::min(end, first + adc_.parallel_row)});
        }
    }
    for (const Field& field : weight_fields(adc_)) {
        Digit digit;
        digit.weight = field.worth;
        digit.top = static_cast<int>(all_ones(field.count));
        for (const std::int8_t weight : node.matrix) {
            digit.cells.push_back(static_cast<std::int16_t>(digit_of(field, weight, adc_.encoding)));
        }
        if (adc_.encoding == hw::WeightEncoding::FlippedOffset) {
            turn_over(digit);
        }
        digits_.push_back(std::move(digit));
    }
    weight_sum_.assign(static_cast<std::size_t>(cols_), 0);
    for (std::size_t i = 0; i < node.matrix.size(); ++i) {
        weight_sum_[i % static_cast<std::size_t>(cols_)] += node.matrix[i];
    }
}

void CrossbarMatrix::turn_over(Digit& digit) const {
    for (const Group& group : groups_) {
        for (int col = 0; col < cols_; ++col) {
            const auto cell = [&](int row) -> std::int16_t& { return digit.cells[static_cast<std::size_t>(row * cols_ + col)]; };
            std::int64_t as_is = 0;
            std::int64_t turned = 0;
            for (int row = group.first; row < group.last; ++row) {
                as_is += cell(row);
                turned += digit.top - cell(row);
            }
            digit.turned.push_back(turned < as_is);
            for (int row = group.first; turned < as_is && row < group.last; ++row) {
                cell(row) = static_cast<std::int16_t>(digit.top - cell(row));
            }
        }
    }
}

std::int64_t CrossbarMatrix::conversions() const {
    return static_cast<std::int64_t>(groups_.size() * input_fields(adc_).size() * digits_.size()) * cols_;
}

std::int64_t CrossbarMatrix::multiply(const std::uint8_t* input, std::int32_t* sums) const {
    const bool signed_input = adc_.input_encoding == hw::InputEncoding::TwosComplement;
    std::int64_t lossy = 0;
    std::vector<std::int64_t> total(static_cast<std::size_t>(cols_), 0);
    std::vector<std::int32_t> analog(static_cast<std::size_t>(cols_));
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        for (const Field& field : input_fields(adc_)) {
            for (const Digit& digit : digits_) {
                std::fill(analog.begin(), analog.end(), 0);
                std::int64_t driven = 0;
                for (int row = groups_[g].first; row < groups_[g].last; ++row) {
                    const auto x = static_cast<std::int32_t>(field.of(signed_input ? (input[row] - half) & 0xff : input[row]));
                    driven += x;
                    const std::int16_t* cells = digit.cells.data() + static_cast<std::int64_t>(row) * cols_;
                    for (int col = 0; x != 0 && col < cols_; ++col) {
                        analog[static_cast<std::size_t>(col)] += x * cells[col];
                    }
                }
                for (std::size_t col = 0; col < analog.size(); ++col) {
                    std::int64_t read = codes_.convert(analog[col]);
                    lossy += read != analog[col] ? 1 : 0;
                    if (!digit.turned.empty() && digit.turned[g * static_cast<std::size_t>(cols_) + col]) {
                        read = driven * digit.top - read;
                    }
                    total[col] += read * field.worth * digit.weight;
                }
            }
        }
    }
    // The crossbars have multiplied (input - a) by (weight + b).
    const std::int64_t a = signed_input ? half : 0;
    const std::int64_t b = offset_weights(adc_) ? half : 0;
    std::int64_t inputs = 0;
    for (int row = 0; row < rows_; ++row) {
        inputs += input[row] - a;
    }
    for (std::size_t col = 0; col < total.size(); ++col) {
        sums[col] = static_cast<std::int32_t>(total[col] + a * weight_sum_[col] - b * inputs);
    }
    return lossy;
}

}  // namespace cim::compiler

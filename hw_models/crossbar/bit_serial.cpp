#include "hw_models/crossbar/bit_serial.h"

#include <algorithm>

namespace cim::hw {

namespace {

std::int32_t wrapped(std::int32_t sum, std::int64_t more) {
    return static_cast<std::int32_t>(sum + more);
}

}  // namespace

std::int64_t largest_sum(const Machine& m) {
    return static_cast<std::int64_t>(m.crossbar.parallel_row) * ((1LL << m.crossbar.dac.bits) - 1) * ((1LL << m.device.bits_per_cell) - 1);
}

bool adc_is_lossless(const Machine& m) {
    return largest_sum(m) <= (1LL << m.crossbar.adc.bits) - 1;
}

std::int64_t adc_value(const Machine& m, std::int64_t sum) {
    const std::int64_t top = (1LL << m.crossbar.adc.bits) - 1;
    const std::int64_t full_scale = largest_sum(m);
    if (full_scale <= top) {
        return sum;
    }
    if (m.crossbar.adc.transfer == AdcTransfer::Saturate) {
        return std::min(sum, top);
    }
    const std::int64_t code = (2 * sum * top + full_scale) / (2 * full_scale);
    return (2 * code * full_scale + top) / (2 * top);
}

CrossbarTile::CrossbarTile(const Machine& machine, int rows, int cols, int weight_bits, const std::int16_t* weights)
    : m_(machine),
      rows_(rows),
      cols_(cols),
      weight_bits_(weight_bits),
      slices_((weight_bits + machine.device.bits_per_cell - 1) / machine.device.bits_per_cell),
      lossless_(adc_is_lossless(machine)),
      weights_(weights, weights + static_cast<std::ptrdiff_t>(rows) * cols),
      words_((rows + 63) / 64) {
    if (lossless_) {
        return;
    }
    const int cell_bits = m_.device.bits_per_cell;
    const bool offset = m_.crossbar.encoding == WeightEncoding::Offset;
    const int stored_bits = slices_ * cell_bits;
    // One plane more than the slices need: the sign column of two's complement.
    planes_.assign(static_cast<std::size_t>(cols_) * static_cast<std::size_t>(stored_bits + 1) * static_cast<std::size_t>(words_), 0);
    for (int r = 0; r < rows_; ++r) {
        for (int c = 0; c < cols_; ++c) {
            const int weight = weights_[static_cast<std::size_t>(r) * static_cast<std::size_t>(cols_) + static_cast<std::size_t>(c)];
            const int modulus = 1 << weight_bits_;
            unsigned stored = static_cast<unsigned>(offset ? weight + modulus / 2 : (weight < 0 ? weight + modulus : weight));
            if (!offset && weight < 0) {
                stored |= 1U << stored_bits;
            }
            for (int b = 0; b <= stored_bits; ++b) {
                if ((stored >> b) & 1U) {
                    const std::size_t plane =
                        static_cast<std::size_t>(c) * static_cast<std::size_t>(stored_bits + 1) + static_cast<std::size_t>(b);
                    planes_[plane * static_cast<std::size_t>(words_) + static_cast<std::size_t>(r / 64)] |= 1ULL << (r % 64);
                }
            }
        }
    }
}

std::int64_t CrossbarTile::convert(std::int64_t sum, AdcLoss& loss) const {
    const std::int64_t value = adc_value(m_, sum);
    ++loss.conversions;
    loss.lossy += value != sum ? 1 : 0;
    return value;
}

void CrossbarTile::multiply(const std::uint16_t* inputs, int row, int n, int input_bits, std::int32_t* sums, bool accumulate,
                            AdcLoss& loss) const {
    if (!accumulate) {
        std::fill(sums, sums + cols_, 0);
    }
    if (lossless_) {
        multiply_exact(inputs, row, n, sums);
    } else {
        multiply_sliced(inputs, row, n, input_bits, sums, loss);
    }
}

void CrossbarTile::multiply_exact(const std::uint16_t* inputs, int row, int n, std::int32_t* sums) const {
    const std::int16_t* weight = weights_.data() + static_cast<std::ptrdiff_t>(row) * cols_;
    for (int r = 0; r < n; ++r, weight += cols_) {
        const std::uint32_t x = inputs[r];
        if (x == 0) {
            continue;
        }
        // Sums of 16-bit operands may leave 32 bits; the adders wrap around.
        for (int c = 0; c < cols_; ++c) {
            sums[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[c]) + x * static_cast<std::uint32_t>(weight[c]));
        }
    }
}

void CrossbarTile::multiply_sliced(const std::uint16_t* inputs, int row, int n, int input_bits, std::int32_t* sums, AdcLoss& loss) const {
    const int dac_bits = m_.crossbar.dac.bits;
    const int cell_bits = m_.device.bits_per_cell;
    const int stored_bits = slices_ * cell_bits;
    const bool offset = m_.crossbar.encoding == WeightEncoding::Offset;
    std::vector<std::uint64_t> input_planes(static_cast<std::size_t>(dac_bits) * static_cast<std::size_t>(words_));
    for (int from = 0; from < n; from += m_.crossbar.parallel_row) {
        const int to = std::min(n, from + m_.crossbar.parallel_row);
        for (int bit = 0; bit < input_bits; bit += dac_bits) {
            std::fill(input_planes.begin(), input_planes.end(), 0);
            for (int i = from; i < to; ++i) {
                const unsigned slice = (static_cast<unsigned>(inputs[i]) >> bit) & ((1U << dac_bits) - 1U);
                for (int b = 0; b < dac_bits; ++b) {
                    if ((slice >> b) & 1U) {
                        const int r = row + i;
                        input_planes[static_cast<std::size_t>(b * words_ + r / 64)] |= 1ULL << (r % 64);
                    }
                }
            }
            const auto bitline = [&](int column, int first_bit, int bits) {
                std::int64_t sum = 0;
                for (int b = 0; b < bits; ++b) {
                    const std::uint64_t* plane =
                        planes_.data() + (static_cast<std::size_t>(column) * static_cast<std::size_t>(stored_bits + 1) +
                                          static_cast<std::size_t>(first_bit + b)) *
                                             static_cast<std::size_t>(words_);
                    for (int d = 0; d < dac_bits; ++d) {
                        int ones = 0;
                        for (int w = 0; w < words_; ++w) {
                            ones += __builtin_popcountll(plane[w] & input_planes[static_cast<std::size_t>(d * words_ + w)]);
                        }
                        sum += static_cast<std::int64_t>(ones) << (b + d);
                    }
                }
                return sum;
            };
            for (int c = 0; c < cols_; ++c) {
                std::int64_t total = 0;
                for (int s = 0; s < slices_; ++s) {
                    total += convert(bitline(c, s * cell_bits, cell_bits), loss) << (s * cell_bits);
                }
                if (!offset) {
                    total -= convert(bitline(c, stored_bits, 1), loss) << weight_bits_;
                }
                sums[c] = wrapped(sums[c], total * (std::int64_t{1} << bit));
            }
        }
        if (offset) {
            std::int64_t input_sum = 0;
            for (int i = from; i < to; ++i) {
                input_sum += inputs[i];
            }
            for (int c = 0; c < cols_; ++c) {
                sums[c] = wrapped(sums[c], -(input_sum << (weight_bits_ - 1)));
            }
        }
    }
}

}  // namespace cim::hw

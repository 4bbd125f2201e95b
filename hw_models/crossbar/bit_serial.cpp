#include "hw_models/crossbar/bit_serial.h"

#include <algorithm>

#include "hw_models/crossbar/input_encoder.h"

namespace cim::hw {

namespace {

std::int32_t wrapped(std::int32_t sum, std::int64_t more) {
    return static_cast<std::int32_t>(sum + more);
}

/// Bits from .. to-1 of word `word`.
std::uint64_t rows_mask(int word, int from, int to) {
    const auto below = [&](int row) {
        const int bits = std::clamp(row - 64 * word, 0, 64);
        return bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    };
    return below(to) & ~below(from);
}

}  // namespace

/// One step: a row group with one slice of its inputs.
struct CrossbarTile::Activation {
    int from = 0;  ///< first row
    int to = 0;
    int bits = 1;
    std::int64_t factor = 1;
    std::int64_t input_sum = 0;         ///< of the slice
    std::vector<std::uint64_t> inputs;  ///< a bit of the slice each, words of 64 rows
};

CrossbarTile::CrossbarTile(const Machine& machine, int rows, int cols, int weight_bits, const std::int16_t* weights)
    : m_(machine),
      encoder_(encoder_of(machine.crossbar.encoding)),
      rows_(rows),
      cols_(cols),
      weight_bits_(weight_bits),
      weights_(weights, weights + static_cast<std::ptrdiff_t>(rows) * cols),
      slices_(encoder_.slices(weight_bits, machine.device.bits_per_cell)),
      words_((rows + 63) / 64),
      groups_((rows + machine.crossbar.parallel_row - 1) / machine.crossbar.parallel_row) {
    for (std::size_t bits = 1; bits <= most_input_bits; ++bits) {
        lossless_[bits] = adc_is_lossless(machine, weight_bits, static_cast<int>(bits));
    }
    if (lossless_.count() == most_input_bits) {
        return;
    }
    store();
    if (encoder_.inverts()) {
        invert_large_sums();
    }
}

void CrossbarTile::store() {
    for (const WeightSlice& slice : slices_) {
        first_plane_.push_back(planes_a_weight_);
        planes_a_weight_ += slice.bits * encoder_.bitlines();
    }
    planes_.assign(static_cast<std::size_t>(cols_) * static_cast<std::size_t>(planes_a_weight_) * static_cast<std::size_t>(words_), 0);
    for (int r = 0; r < rows_; ++r) {
        for (int c = 0; c < cols_; ++c) {
            const StoredWeight stored = encoder_.stored(weights_[static_cast<std::size_t>(r * cols_ + c)], weight_bits_);
            for (std::size_t s = 0; s < slices_.size(); ++s) {
                for (int b = 0; b < slices_[s].bits * encoder_.bitlines(); ++b) {
                    const unsigned number = b < slices_[s].bits ? stored.plus : stored.minus;
                    const std::uint64_t bit = (number >> (slices_[s].shift + b % slices_[s].bits)) & 1U;
                    plane(c, first_plane_[s] + b)[r / 64] |= bit << (r % 64);
                }
            }
        }
    }
}

void CrossbarTile::invert_large_sums() {
    inverted_.assign(static_cast<std::size_t>(cols_) * slices_.size() * static_cast<std::size_t>(groups_), false);
    for (int c = 0; c < cols_; ++c) {
        for (std::size_t s = 0; s < slices_.size(); ++s) {
            for (int from = 0; from < rows_; from += m_.crossbar.parallel_row) {
                const int to = std::min(rows_, from + m_.crossbar.parallel_row);
                std::int64_t sum = 0;
                for (int b = 0; b < slices_[s].bits; ++b) {
                    for (int w = from / 64; w <= (to - 1) / 64; ++w) {
                        const auto ones = __builtin_popcountll(plane(c, first_plane_[s] + b)[w] & rows_mask(w, from, to));
                        sum += static_cast<std::int64_t>(ones) << b;
                    }
                }
                if (2 * sum <= (to - from) * slices_[s].most) {
                    continue;
                }
                inverted_[group_of(c, s, from)] = true;
                for (int b = 0; b < slices_[s].bits; ++b) {
                    for (int w = from / 64; w <= (to - 1) / 64; ++w) {
                        plane(c, first_plane_[s] + b)[w] ^= rows_mask(w, from, to);
                    }
                }
            }
        }
    }
}

void CrossbarTile::multiply(const std::uint16_t* inputs, int row, int n, int input_bits, std::int32_t* sums, bool accumulate,
                            AdcLoss& loss) const {
    if (!accumulate) {
        std::fill(sums, sums + cols_, 0);
    }
    if (lossless_[static_cast<std::size_t>(input_bits)]) {
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
    const InputEncoder& encoder = encoder_of(m_.crossbar.input_encoding);
    const std::vector<InputSlice> input_slices = encoder.slices(input_bits, m_.crossbar.dac.bits);
    const Converter converter = converter_of(m_, weight_bits_, input_bits);
    const int group = m_.crossbar.parallel_row;
    Activation step;
    for (step.from = row; step.from < row + n; step.from = step.to) {
        step.to = std::min(row + n, encoder_.inverts() ? (step.from / group + 1) * group : step.from + group);
        for (const InputSlice& slice : input_slices) {
            step.bits = slice.bits;
            step.factor = slice.factor;
            step.input_sum = 0;
            step.inputs.assign(static_cast<std::size_t>(slice.bits * words_), 0);
            for (int r = step.from; r < step.to; ++r) {
                const unsigned x = (encoder.driven(inputs[r - row], input_bits) >> slice.shift) & ((1U << slice.bits) - 1U);
                step.input_sum += x;
                for (int b = 0; b < slice.bits; ++b) {
                    step.inputs[static_cast<std::size_t>(b * words_ + r / 64)] |= static_cast<std::uint64_t>((x >> b) & 1U) << (r % 64);
                }
            }
            activate(step, converter, sums, loss);
        }
    }
    const std::int64_t offset = encoder.offset(input_bits);
    std::int64_t input_sum = 0;
    for (int i = 0; i < n; ++i) {
        input_sum += inputs[i] - offset;
    }
    for (int c = 0; c < cols_; ++c) {
        std::int64_t weight_sum = 0;
        for (int r = row; offset != 0 && r < row + n; ++r) {
            weight_sum += weights_[static_cast<std::size_t>(r * cols_ + c)];
        }
        sums[c] = wrapped(sums[c], input_sum * encoder_.input_factor(weight_bits_) + offset * weight_sum);
    }
}

void CrossbarTile::activate(const Activation& step, const Converter& converter, std::int32_t* sums, AdcLoss& loss) const {
    const auto bitline = [&](int col, int first, int bits) {
        std::int64_t sum = 0;
        for (int b = 0; b < bits; ++b) {
            const std::uint64_t* cells = plane(col, first + b);
            for (int d = 0; d < step.bits; ++d) {
                const std::uint64_t* inputs = step.inputs.data() + d * words_;
                int ones = 0;
                for (int w = step.from / 64; w <= (step.to - 1) / 64; ++w) {
                    ones += __builtin_popcountll(cells[w] & inputs[w]);
                }
                sum += static_cast<std::int64_t>(ones) << (b + d);
            }
        }
        return sum;
    };
    for (int c = 0; c < cols_; ++c) {
        std::int64_t total = 0;
        for (std::size_t s = 0; s < slices_.size(); ++s) {
            const WeightSlice& slice = slices_[s];
            std::int64_t sum = bitline(c, first_plane_[s], slice.bits);
            if (encoder_.bitlines() == 2) {
                sum -= bitline(c, first_plane_[s] + slice.bits, slice.bits);
            }
            std::int64_t value = converter.value(sum);
            ++loss.conversions;
            loss.lossy += value != sum ? 1 : 0;
            if (!inverted_.empty() && inverted_[group_of(c, s, step.from)]) {
                value = slice.most * step.input_sum - value;
            }
            total += value * slice.factor;
        }
        sums[c] = wrapped(sums[c], total * step.factor);
    }
}

}  // namespace cim::hw

#include "hw_models/crossbar/bit_serial.h"

#include <algorithm>

#include "hw_models/crossbar/input_encoder.h"
#include "hw_models/simd.h"

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

/// sums[c] += the sum of inputs[r] * weights[r * cols + c]. Sums of 16-bit operands may leave 32 bits; the adders wrap around.
CIM_WIDE_VECTORS
void add_products(const std::int16_t* weights, int cols, const std::uint16_t* inputs, int rows, std::int32_t* sums) {
    constexpr int together = 32;  // columns whose sums stay in registers
    int first = 0;
    for (; first + together <= cols; first += together) {
        std::uint32_t held[together];
        for (int c = 0; c < together; ++c) {
            held[c] = static_cast<std::uint32_t>(sums[first + c]);
        }
        const std::int16_t* weight = weights + first;
        for (int r = 0; r < rows; ++r, weight += cols) {
            const std::uint32_t x = inputs[r];
            if (x == 0) {
                continue;
            }
            for (int c = 0; c < together; ++c) {
                held[c] += x * static_cast<std::uint32_t>(weight[c]);
            }
        }
        for (int c = 0; c < together; ++c) {
            sums[first + c] = static_cast<std::int32_t>(held[c]);
        }
    }
    for (int r = 0; r < rows && first < cols; ++r, weights += cols) {
        const std::uint32_t x = inputs[r];
        for (int c = first; c < cols; ++c) {
            sums[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[c]) + x * static_cast<std::uint32_t>(weights[c]));
        }
    }
}

/// Unsigned numbers by their bits: bit b of 64 of them is the word at b * stride.
struct BitPlanes {
    const std::uint64_t* words;
    std::ptrdiff_t stride;
    int bits;
};

/// sums[c] = the sum over rows of cell x input, for `cols` columns of cells whose planes lie `to_next` words apart; `words` words of rows.
CIM_WIDE_VECTORS
void sum_bitlines(const BitPlanes& cells, std::ptrdiff_t to_next, const BitPlanes& inputs, int words, int cols, std::int64_t* sums) {
    const std::uint64_t* column = cells.words;
    for (int c = 0; c < cols; ++c, column += to_next) {
        std::int64_t sum = 0;
        for (int b = 0; b < cells.bits; ++b) {
            const std::uint64_t* cell = column + b * cells.stride;
            for (int d = 0; d < inputs.bits; ++d) {
                const std::uint64_t* input = inputs.words + d * inputs.stride;
                std::int64_t ones = __builtin_popcountll(cell[0] & input[0]);
                for (int w = 1; w < words; ++w) {
                    ones += __builtin_popcountll(cell[w] & input[w]);
                }
                sum += ones << (b + d);
            }
        }
        sums[c] = sum;
    }
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
    std::vector<std::int64_t> sums;     ///< on the bitlines, line by line
};

CrossbarTile::CrossbarTile(const Machine& machine, int rows, int cols, int weight_bits, const std::int16_t* weights)
    : m_(machine),
      encoder_(encoder_of(machine.crossbar.encoding)),
      rows_(rows),
      cols_(cols),
      weight_bits_(weight_bits),
      exact_(adc_is_lossless(machine, weight_bits, most_input_bits)),  // fewer bits make no larger sums
      weights_(weights),
      slices_(encoder_.slices(weight_bits, machine.device.bits_per_cell)),
      words_((rows + 63) / 64),
      groups_((rows + machine.crossbar.parallel_row - 1) / machine.crossbar.parallel_row) {
    if (exact_) {
        return;
    }
    store();
    if (encoder_.inverts()) {
        invert_large_sums();
    }
}

void CrossbarTile::store() {
    for (const WeightSlice& slice : slices_) {
        for (int line = 0; line < encoder_.bitlines(); ++line) {
            lines_.push_back({planes_a_weight_, slice.bits, slice.shift, line == 1});
            planes_a_weight_ += slice.bits;
        }
    }
    planes_.assign(static_cast<std::size_t>(cols_) * static_cast<std::size_t>(planes_a_weight_) * static_cast<std::size_t>(words_), 0);
    std::vector<std::uint64_t> bits(static_cast<std::size_t>(planes_a_weight_));  // of 64 rows
    for (int c = 0; c < cols_; ++c) {
        for (int w = 0; w < words_; ++w) {
            std::fill(bits.begin(), bits.end(), 0);
            for (int r = 64 * w; r < std::min(rows_, 64 * w + 64); ++r) {
                const StoredWeight stored = encoder_.stored(weights_[static_cast<std::ptrdiff_t>(r) * cols_ + c], weight_bits_);
                std::uint64_t* to = bits.data();
                for (const Line& line : lines_) {
                    const unsigned number = (line.minus ? stored.minus : stored.plus) >> line.shift;
                    for (int b = 0; b < line.bits; ++b) {
                        *to++ |= static_cast<std::uint64_t>((number >> b) & 1U) << (r % 64);
                    }
                }
            }
            for (int p = 0; p < planes_a_weight_; ++p) {
                plane(c, p)[w] = bits[static_cast<std::size_t>(p)];
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
                        const auto ones = __builtin_popcountll(plane(c, lines_[s].first + b)[w] & rows_mask(w, from, to));
                        sum += static_cast<std::int64_t>(ones) << b;
                    }
                }
                if (2 * sum <= (to - from) * slices_[s].most) {
                    continue;
                }
                inverted_[group_of(c, s, from)] = true;
                for (int b = 0; b < slices_[s].bits; ++b) {
                    for (int w = from / 64; w <= (to - 1) / 64; ++w) {
                        plane(c, lines_[s].first + b)[w] ^= rows_mask(w, from, to);
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
    if (exact_) {
        add_products(weights_ + static_cast<std::ptrdiff_t>(row) * cols_, cols_, inputs, n, sums);
        return;
    }
    const Converter converter = converter_of(m_, weight_bits_, input_bits);
    if (converter.lossless()) {
        add_products(weights_ + static_cast<std::ptrdiff_t>(row) * cols_, cols_, inputs, n, sums);
    } else {
        multiply_sliced(inputs, row, n, input_bits, converter, sums, loss);
    }
}

void CrossbarTile::multiply_sliced(const std::uint16_t* inputs, int row, int n, int input_bits, const Converter& converter,
                                   std::int32_t* sums, AdcLoss& loss) const {
    const InputEncoder& encoder = encoder_of(m_.crossbar.input_encoding);
    const std::vector<InputSlice> input_slices = encoder.slices(input_bits, m_.crossbar.dac.bits);
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
            if (step.input_sum == 0) {
                loss.conversions += static_cast<std::int64_t>(cols_) * static_cast<std::int64_t>(slices_.size());  // of sums that are 0
                continue;
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
            weight_sum += weights_[static_cast<std::ptrdiff_t>(r) * cols_ + c];
        }
        sums[c] = wrapped(sums[c], input_sum * encoder_.input_factor(weight_bits_) + offset * weight_sum);
    }
}

void CrossbarTile::activate(Activation& step, const Converter& converter, std::int32_t* sums, AdcLoss& loss) const {
    step.sums.resize(static_cast<std::size_t>(cols_) * lines_.size());
    const int first = step.from / 64;
    const int words = (step.to - 1) / 64 + 1 - first;
    for (std::size_t l = 0; l < lines_.size(); ++l) {
        const BitPlanes cells{plane(0, lines_[l].first) + first, words_, lines_[l].bits};
        sum_bitlines(cells, static_cast<std::ptrdiff_t>(planes_a_weight_) * words_, {step.inputs.data() + first, words_, step.bits}, words,
                     cols_, step.sums.data() + static_cast<std::ptrdiff_t>(l) * cols_);
    }
    const auto sum_of = [&](int col, std::size_t line) {
        return step.sums[line * static_cast<std::size_t>(cols_) + static_cast<std::size_t>(col)];
    };
    const bool pairs = lines_.size() > slices_.size();
    for (int c = 0; c < cols_; ++c) {
        std::int64_t total = 0;
        for (std::size_t s = 0; s < slices_.size(); ++s) {
            const WeightSlice& slice = slices_[s];
            const std::int64_t sum = pairs ? sum_of(c, 2 * s) - sum_of(c, 2 * s + 1) : sum_of(c, s);
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

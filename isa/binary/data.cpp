#include "isa/binary/data.h"

#include <algorithm>

#include <xxhash.h>

namespace cim::isa {

namespace {

constexpr std::string_view data_magic = "CIMD";
constexpr std::uint8_t data_version = 2;

bool fits_byte(std::int16_t value) {
    return value >= INT8_MIN && value <= INT8_MAX;
}

}  // namespace

void write_values(ByteWriter& out, const std::vector<std::int16_t>& values) {
    const int width = std::all_of(values.begin(), values.end(), fits_byte) ? 1 : 2;
    out.byte(static_cast<std::uint8_t>(width));
    out.varint(values.size());
    for (const std::int16_t value : values) {
        out.fixed(static_cast<std::uint16_t>(value), width);
    }
}

void read_values(ByteReader& in, std::vector<std::int16_t>& values) {
    const std::size_t width = in.byte();
    if (width != 1 && width != 2) {
        in.fail("weights take 1 or 2 bytes a value");
    }
    values.resize(in.count(width));
    const std::string_view bytes = in.raw(values.size() * width);
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (width == 1) {
            values[i] = static_cast<std::int8_t>(bytes[i]);
        } else {
            const auto low = static_cast<std::uint8_t>(bytes[2 * i]);
            const auto high = static_cast<std::uint8_t>(bytes[2 * i + 1]);
            values[i] = static_cast<std::int16_t>(static_cast<std::uint16_t>(low | (high << 8)));
        }
    }
}

void write_constants(ByteWriter& out, const Param& param) {
    out.varint(param.bias.size());
    for (const std::int32_t bias : param.bias) {
        out.fixed(static_cast<std::uint32_t>(bias), 4);
    }
    for (const auto* scales : {&param.scale, &param.negative_scale}) {
        out.varint(scales->size());
        for (const float scale : *scales) {
            out.real(scale);
        }
    }
}

void read_constants(ByteReader& in, Param& param) {
    param.bias.resize(in.count(4));
    for (std::int32_t& bias : param.bias) {
        bias = static_cast<std::int32_t>(static_cast<std::uint32_t>(in.fixed(4)));
    }
    for (auto* scales : {&param.scale, &param.negative_scale}) {
        scales->resize(in.count(4));
        for (float& scale : *scales) {
            scale = in.real();
        }
    }
}

std::string encode_data(const Program& program) {
    ByteWriter out;
    out.raw(data_magic);
    out.byte(data_version);
    out.varint(program.weights.size());
    for (const Weight& weight : program.weights) {
        write_values(out, weight.values);
    }
    out.varint(program.params.size());
    for (const Param& param : program.params) {
        write_constants(out, param);
    }
    return out.take();
}

void decode_data(std::string_view bytes, Program& program, const std::string& name) {
    ByteReader in(bytes, name);
    in.expect(data_magic, "not a data file of a program: it does not begin with CIMD");
    if (const std::uint8_t found = in.byte(); found != data_version) {
        in.fail(fmt::format("version {} of the data file; this program reads version {}", found, data_version));
    }
    if (const std::size_t weights = in.count(); weights != program.weights.size()) {
        in.fail(fmt::format("values of {} weights, but the program has {}", weights, program.weights.size()));
    }
    for (Weight& weight : program.weights) {
        read_values(in, weight.values);
        const std::int64_t wanted = std::int64_t{weight.rows} * weight.cols;
        if (!weight.values.empty() && static_cast<std::int64_t>(weight.values.size()) != wanted) {
            in.fail(fmt::format("weight '{}' has {} values, its shape {}x{} wants {}", weight.name, weight.values.size(), weight.rows,
                                weight.cols, wanted));
        }
    }
    if (const std::size_t params = in.count(); params != program.params.size()) {
        in.fail(fmt::format("constants of {} params, but the program has {}", params, program.params.size()));
    }
    for (Param& param : program.params) {
        const std::size_t n = param.bias.size();
        read_constants(in, param);
        if (param.bias.size() != n) {
            in.fail(fmt::format("param '{}' has {} constants, the program says n={}", param.name, param.bias.size(), n));
        }
    }
    in.expect_end();
}

std::string content_hash(std::string_view bytes) {
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace cim::isa

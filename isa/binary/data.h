#pragma once
// The data file of a text program: values of weights, constants of params, in table order.

#include <string>
#include <string_view>

#include "isa/binary/stream.h"
#include "isa/program.h"

namespace cim::isa {

/// Content of the data file. Layout: "CIMD", version byte; number of weights; per weight bytes a value (1 or 2), number of values,
/// values; number of params; per param number of biases, biases (4 bytes), number of scales, scales (float32). Numbers are varints, all
/// else is little endian.
std::string encode_data(const Program& program);

/// Puts the content into the weights and params of `program`, whose shapes it must fit. `name` is for messages. Throws ProgramError.
void decode_data(std::string_view bytes, Program& program, const std::string& name);

/// XXH3-128 of the bytes, 32 hexadecimal digits.
std::string content_hash(std::string_view bytes);

// Parts shared with the binary form.
void write_values(ByteWriter& out, const std::vector<std::int16_t>& values);
void read_values(ByteReader& in, std::vector<std::int16_t>& values);
void write_constants(ByteWriter& out, const Param& param);
void read_constants(ByteReader& in, Param& param);

}  // namespace cim::isa

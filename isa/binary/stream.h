#pragma once
// Bytes out and in: variable-length integers, little-endian fixed ones, strings. The reader trusts nothing.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "isa/interpreter/resolved.h"

namespace cim::isa {

/// Appends to a string.
class ByteWriter {
  public:
    void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
    void raw(std::string_view bytes) { out_.append(bytes); }

    /// Seven bits a byte, low first, the top bit says that more follow.
    void varint(std::uint64_t value) {
        while (value >= 0x80) {
            byte(static_cast<std::uint8_t>(value | 0x80));
            value >>= 7;
        }
        byte(static_cast<std::uint8_t>(value));
    }
    /// Zigzag: small magnitudes are short whatever their sign.
    void signed_varint(std::int64_t value) { varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63)); }
    /// The `bytes` low bytes of a value, lowest first.
    void fixed(std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i, value >>= 8) {
            byte(static_cast<std::uint8_t>(value));
        }
    }
    void real(float value) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        fixed(bits, sizeof bits);
    }
    void string(std::string_view text) {
        varint(text.size());
        raw(text);
    }

    std::string take() { return std::move(out_); }

  private:
    std::string out_;
};

/// Reads what ByteWriter wrote; throws ProgramError "<name>: byte <n>: ..." when the input cannot be that.
class ByteReader {
  public:
    ByteReader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

    [[noreturn]] void fail(const std::string& what) const { throw ProgramError(fmt::format("{}: byte {}: {}", name_, at_, what)); }
    std::size_t remaining() const { return bytes_.size() - at_; }

    std::string_view raw(std::size_t count) {
        if (count > remaining()) {
            fail(fmt::format("the file ends too early: {} bytes wanted, {} left", count, remaining()));
        }
        const std::string_view piece = bytes_.substr(at_, count);
        at_ += count;
        return piece;
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(raw(1)[0]); }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const std::uint8_t next = byte();
            if (shift == 63 && next > 1) {
                break;
            }
            value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
            if (next < 0x80) {
                return value;
            }
        }
        fail("a number of more than 64 bits");
    }
    std::int64_t signed_varint() {
        const std::uint64_t value = varint();
        return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    }
    std::int32_t int32() {
        const std::int64_t value = signed_varint();
        if (value < INT32_MIN || value > INT32_MAX) {
            fail(fmt::format("{} does not fit 32 bits", value));
        }
        return static_cast<std::int32_t>(value);
    }
    /// A number of things that take at least `least_bytes` each: never more than what is left can hold.
    std::size_t count(std::size_t least_bytes = 1) {
        const std::uint64_t value = varint();
        if (value > remaining() / least_bytes) {
            fail(fmt::format("{} items announced, but only {} bytes are left", value, remaining()));
        }
        return static_cast<std::size_t>(value);
    }
    std::uint64_t fixed(int bytes) {
        const std::string_view piece = raw(static_cast<std::size_t>(bytes));
        std::uint64_t value = 0;
        for (int i = bytes - 1; i >= 0; --i) {
            value = (value << 8) | static_cast<std::uint8_t>(piece[static_cast<std::size_t>(i)]);
        }
        return value;
    }
    float real() {
        const auto bits = static_cast<std::uint32_t>(fixed(4));
        float value = 0;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
    std::string string() { return std::string(raw(count())); }
    bool flag() {
        const std::uint8_t value = byte();
        if (value > 1) {
            fail(fmt::format("{} where 0 or 1 should be", value));
        }
        return value == 1;
    }
    /// An enumerator below `end`.
    template <typename Enum>
    Enum one_of(int end) {
        const std::uint8_t value = byte();
        if (value >= end) {
            fail(fmt::format("{} where a kind below {} should be", value, end));
        }
        return static_cast<Enum>(value);
    }
    void expect(std::string_view bytes, const char* what) {
        if (remaining() < bytes.size() || raw(bytes.size()) != bytes) {
            fail(what);
        }
    }
    void expect_end() {
        if (remaining() != 0) {
            fail(fmt::format("{} bytes follow the end", remaining()));
        }
    }

  private:
    std::string_view bytes_;
    std::string name_;
    std::size_t at_ = 0;
};

}  // namespace cim::isa

#include "compiler/io/npy.h"

#include <cstring>

#include "compiler/error.h"
#include "compiler/io/file.h"

namespace cim::compiler {
namespace {

/// The header is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class Header {
  public:
    Header(const std::string& file, std::string_view text) : file_(file), text_(text) {
        expect('{');
        while (!accept('}')) {
            const std::string key = string();
            expect(':');
            if (key == "descr" && descr.empty()) {
                descr = string();
            } else if (key == "fortran_order") {
                if (text_.substr(at_, 5) != "False") {
                    fail("only C order is supported");
                }
                at_ += 5;
                ordered_ = true;
            } else if (key == "shape" && !shaped_) {
                read_shape();
            } else {
                fail("its header has the key '" + key + "', which is unknown or given twice");
            }
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skip();
        if (at_ != text_.size() || descr.empty() || !ordered_ || !shaped_) {
            fail("its header is not complete");
        }
    }

    std::string descr;
    Dims shape;

  private:
    [[noreturn]] void fail(const std::string& what) const { throw InputError(file_ + ": " + what); }
    void skip() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) {
            ++at_;
        }
    }
    bool accept(char c) {
        skip();
        const bool found = at_ < text_.size() && text_[at_] == c;
        at_ += found ? 1 : 0;
        skip();
        return found;
    }
    void expect(char c) {
        if (!accept(c)) {
            fail(std::string("its header lacks a '") + c + "'");
        }
    }
    std::string string() {
        expect('\'');
        const std::size_t end = text_.find('\'', at_);
        if (end == std::string_view::npos || end - at_ > 32) {
            fail("its header has a string without end");
        }
        std::string value(text_.substr(at_, end - at_));
        at_ = end + 1;
        return value;
    }
    void read_shape() {
        shaped_ = true;
        expect('(');
        while (!accept(')')) {
            std::int64_t n = 0;
            const std::size_t start = at_;
            for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
                n = n * 10 + (text_[at_] - '0');
                if (n > std::int64_t{1} << 40U) {
                    fail("its shape is too large");
                }
            }
            if (at_ == start || shape.size() == 32) {
                fail("its shape is not a list of numbers");
            }
            shape.push_back(n);
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
    }

    const std::string& file_;
    std::string_view text_;
    std::size_t at_ = 0;
    bool ordered_ = false;
    bool shaped_ = false;
};

struct Npy {
    std::string descr;
    Dims shape;
    std::int64_t elements = 0;
    std::string bytes;
    std::size_t data = 0;  ///< where the elements begin
};

Npy read(const std::filesystem::path& path) {
    const std::string file = path.string();
    const auto fail = [&](const std::string& what) { throw InputError(file + ": " + what); };
    Npy npy;
    npy.bytes = read_file(path);
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(npy.bytes[i])); };
    if (npy.bytes.size() < 10 || npy.bytes.compare(0, 6, "\x93NUMPY") != 0) {
        fail("not a .npy file");
    }
    if ((byte(6) != 1 && byte(6) != 2) || byte(7) != 0) {
        fail(".npy format " + std::to_string(byte(6)) + "." + std::to_string(byte(7)) + " is not supported (1.0 and 2.0 are)");
    }
    const std::size_t start = byte(6) == 1 ? 10 : 12;
    if (npy.bytes.size() < start) {
        fail("cut off in its header");
    }
    std::size_t length = byte(8) | byte(9) << 8U;
    if (start == 12) {
        length |= byte(10) << 16U | byte(11) << 24U;
    }
    if (length > npy.bytes.size() - start) {
        fail("cut off in its header");
    }
    const Header header(file, std::string_view(npy.bytes).substr(start, length));
    npy.descr = header.descr;
    npy.shape = header.shape;
    npy.data = start + length;
    npy.elements = checked_count(npy.shape, std::int64_t{1} << 40U);
    if (npy.elements < 0) {
        fail("its shape " + to_string(npy.shape) + " is too large");
    }
    return npy;
}

/// Converts the elements if `descr` is that of Stored.
template <typename Stored, typename Out>
bool convert_as(const Npy& npy, const char* descr, const std::filesystem::path& path, std::vector<Out>& out) {
    if (npy.descr != descr) {
        return false;
    }
    const std::size_t have = npy.bytes.size() - npy.data;
    const std::size_t need = static_cast<std::size_t>(npy.elements) * sizeof(Stored);
    if (have != need) {
        throw InputError(path.string() + ": shape " + to_string(npy.shape) + " of '" + npy.descr + "' needs " + std::to_string(need) +
                         " bytes, the file has " + std::to_string(have));
    }
    out.resize(static_cast<std::size_t>(npy.elements));
    for (std::size_t i = 0; i < out.size(); ++i) {
        Stored value{};
        std::memcpy(&value, npy.bytes.data() + npy.data + i * sizeof(Stored), sizeof(Stored));
        out[i] = static_cast<Out>(value);
    }
    return true;
}

template <typename Out>
bool convert_integers(const Npy& npy, const std::filesystem::path& path, std::vector<Out>& out) {
    return convert_as<std::uint8_t>(npy, "|u1", path, out) || convert_as<std::int8_t>(npy, "|i1", path, out) ||
           convert_as<std::uint8_t>(npy, "|b1", path, out) || convert_as<std::uint16_t>(npy, "<u2", path, out) ||
           convert_as<std::int16_t>(npy, "<i2", path, out) || convert_as<std::uint32_t>(npy, "<u4", path, out) ||
           convert_as<std::int32_t>(npy, "<i4", path, out) || convert_as<std::uint64_t>(npy, "<u8", path, out) ||
           convert_as<std::int64_t>(npy, "<i8", path, out);
}

}  // namespace

FloatTensor read_npy(const std::filesystem::path& path) {
    const Npy npy = read(path);
    FloatTensor tensor{npy.shape, {}};
    if (!convert_as<float>(npy, "<f4", path, tensor.data) && !convert_as<double>(npy, "<f8", path, tensor.data) &&
        !convert_integers(npy, path, tensor.data)) {
        throw InputError(path.string() + ": element type '" + npy.descr + "' is not supported (little-endian floats and integers are)");
    }
    return tensor;
}

std::vector<std::int64_t> read_npy_integers(const std::filesystem::path& path, Dims* shape) {
    const Npy npy = read(path);
    std::vector<std::int64_t> values;
    if (!convert_integers(npy, path, values)) {
        throw InputError(path.string() + ": element type '" + npy.descr + "' is not one of little-endian integers");
    }
    if (shape != nullptr) {
        *shape = npy.shape;
    }
    return values;
}

void write_npy(const std::filesystem::path& path, const FloatTensor& tensor) {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    for (const std::int64_t d : tensor.shape) {
        header += std::to_string(d) + ", ";
    }
    if (tensor.shape.size() > 1) {
        header.resize(header.size() - 2);
    } else if (tensor.shape.size() == 1) {
        header.pop_back();
    }
    header += "), }";
    while ((10 + header.size() + 1) % 64 != 0) {
        header += ' ';
    }
    header += '\n';
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += static_cast<char>(header.size() & 0xffU);
    bytes += static_cast<char>(header.size() >> 8U);
    bytes += header;
    bytes.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size() * sizeof(float));
    write_file_atomically(path, bytes);
}

}  // namespace cim::compiler

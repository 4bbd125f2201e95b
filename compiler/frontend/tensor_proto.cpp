#include "compiler/frontend/tensor_proto.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "compiler/error.h"

namespace cim::compiler {
namespace {

float half_to_float(std::uint16_t half) {
    const int exponent = (half >> 10U) & 0x1f;
    const int fraction = half & 0x3ff;
    float magnitude = 0;
    if (exponent == 31) {
        magnitude = fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    } else if (exponent == 0) {
        magnitude = std::ldexp(static_cast<float>(fraction), -24);
    } else {
        magnitude = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
    }
    return (half & 0x8000U) != 0 ? -magnitude : magnitude;
}

float bfloat_to_float(std::uint16_t half) {
    const std::uint32_t bits = std::uint32_t{half} << 16U;
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

/// Reads one tensor; each typed accessor knows how ONNX packs that type.
class Decoder {
  public:
    Decoder(const onnx::TensorProto& tensor, const std::string& where) : tensor_(tensor), where_(where) {}

    Constant decode() {
        if (tensor_.data_location() == onnx::TensorProto::EXTERNAL || tensor_.external_data_size() > 0) {
            fail("its data are kept outside the file, which is not supported");
        }
        if (tensor_.has_segment()) {
            fail("it is split into segments, which is not supported");
        }
        Constant constant;
        constant.shape.assign(tensor_.dims().begin(), tensor_.dims().end());
        count_ = checked_count(constant.shape, largest_constant);
        if (count_ < 0) {
            fail("its dimensions are negative or too large: " + to_string(constant.shape));
        }
        using T = onnx::TensorProto;
        const auto same = [](auto v) { return v; };
        switch (tensor_.data_type()) {
            case T::FLOAT: constant.data = read<float, float>(tensor_.float_data(), same); break;
            case T::DOUBLE:
                constant.data = read<double, float>(tensor_.double_data(), [](double v) { return static_cast<float>(v); });
                break;
            case T::FLOAT16: constant.data = read<std::uint16_t, float>(tensor_.int32_data(), half_to_float); break;
            case T::BFLOAT16: constant.data = read<std::uint16_t, float>(tensor_.int32_data(), bfloat_to_float); break;
            case T::INT64: constant.data = read<std::int64_t, std::int64_t>(tensor_.int64_data(), same); break;
            case T::UINT64: constant.data = read<std::uint64_t, std::int64_t>(tensor_.uint64_data(), same); break;
            case T::UINT32: constant.data = read<std::uint32_t, std::int64_t>(tensor_.uint64_data(), same); break;
            case T::INT32: constant.data = read<std::int32_t, std::int64_t>(tensor_.int32_data(), same); break;
            case T::INT16: constant.data = read<std::int16_t, std::int64_t>(tensor_.int32_data(), same); break;
            case T::UINT16: constant.data = read<std::uint16_t, std::int64_t>(tensor_.int32_data(), same); break;
            case T::INT8: constant.data = read<std::int8_t, std::int64_t>(tensor_.int32_data(), same); break;
            case T::UINT8: constant.data = read<std::uint8_t, std::int64_t>(tensor_.int32_data(), same); break;
            case T::BOOL: constant.data = read<std::uint8_t, std::int64_t>(tensor_.int32_data(), same); break;
            default:
                fail("its element type " +
                     (T::DataType_IsValid(tensor_.data_type()) ? T::DataType_Name(static_cast<T::DataType>(tensor_.data_type()))
                                                               : std::to_string(tensor_.data_type())) +
                     " is not supported (float and integer types are)");
        }
        return constant;
    }

  private:
    [[noreturn]] void fail(const std::string& what) const { throw InputError(where_ + ": " + what); }

    void expect(std::int64_t elements) const {
        if (elements != count_) {
            fail("its shape " + to_string(Dims(tensor_.dims().begin(), tensor_.dims().end())) + " needs " + std::to_string(count_) +
                 " elements, the file holds " + std::to_string(elements));
        }
    }

    template <typename Stored, typename Out, typename Field, typename Convert>
    std::vector<Out> read(const Field& typed, Convert convert) const {
        std::vector<Out> out;
        if (tensor_.has_raw_data()) {
            const std::string& raw = tensor_.raw_data();
            if (raw.size() % sizeof(Stored) != 0) {
                fail("its data are cut off: " + std::to_string(raw.size()) + " bytes");
            }
            expect(static_cast<std::int64_t>(raw.size() / sizeof(Stored)));
            out.resize(static_cast<std::size_t>(count_));
            for (std::size_t i = 0; i < out.size(); ++i) {
                Stored value{};
                std::memcpy(&value, raw.data() + i * sizeof(Stored), sizeof(Stored));
                out[i] = static_cast<Out>(convert(value));
            }
        } else {
            expect(typed.size());
            out.resize(static_cast<std::size_t>(count_));
            for (std::size_t i = 0; i < out.size(); ++i) {
                out[i] = static_cast<Out>(convert(static_cast<Stored>(typed[static_cast<int>(i)])));
            }
        }
        return out;
    }

    const onnx::TensorProto& tensor_;
    const std::string& where_;
    std::int64_t count_ = 0;
};

}  // namespace

Constant decode_tensor(const onnx::TensorProto& tensor, const std::string& where) {
    return Decoder(tensor, where).decode();
}

}  // namespace cim::compiler

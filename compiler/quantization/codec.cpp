#include "compiler/quantization/codec.h"

#include <cmath>

#include "compiler/error.h"
#include "compiler/quantization/params.h"

namespace cim::compiler {
namespace {

/// Calls visit(index in ONNX order, index in stored order) for every element.
template <typename Visit>
void for_each_element(const Shape3& shape, Visit visit) {
    std::size_t onnx = 0;
    for (int c = 0; c < shape.c; ++c) {
        for (int y = 0; y < shape.h; ++y) {
            for (int x = 0; x < shape.w; ++x) {
                visit(onnx++, (static_cast<std::size_t>(y) * shape.w + x) * shape.c + c);
            }
        }
    }
}

}  // namespace

std::vector<std::uint8_t> quantise_tensor(const FloatTensor& real, const QuantTensor& tensor) {
    if (real.shape != tensor.onnx_shape) {
        throw InputError("tensor '" + tensor.name + "' has the shape " + to_string(tensor.onnx_shape) + ", data of shape " +
                         to_string(real.shape) + " are given");
    }
    std::vector<std::uint8_t> stored(real.data.size());
    for_each_element(tensor.shape, [&](std::size_t from, std::size_t to) {
        if (std::isnan(real.data[from])) {
            throw InputError("the data for tensor '" + tensor.name + "' hold a value that is not a number");
        }
        stored[to] = stored_value(real.data[from], tensor.quant);
    });
    return stored;
}

FloatTensor dequantise_tensor(const std::vector<std::uint8_t>& stored, const QuantTensor& tensor) {
    FloatTensor real{tensor.onnx_shape, std::vector<float>(stored.size())};
    for_each_element(tensor.shape, [&](std::size_t to, std::size_t from) { real.data[to] = real_value(stored[from], tensor.quant); });
    return real;
}

}  // namespace cim::compiler

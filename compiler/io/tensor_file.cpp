#include "compiler/io/tensor_file.h"

#include <algorithm>

#include <google/protobuf/stubs/logging.h>

#include "compiler/error.h"
#include "compiler/frontend/tensor_proto.h"
#include "compiler/io/file.h"
#include "compiler/io/npy.h"

namespace cim::compiler {
namespace fs = std::filesystem;
namespace {

FloatTensor read_tensor_proto(const fs::path& path) {
    const std::string bytes = read_file(path, (std::uintmax_t{1} << 31U) - 1);
    const google::protobuf::LogSilencer quiet;
    onnx::TensorProto proto;
    if (!proto.ParseFromString(bytes) || bytes.empty()) {
        throw InputError(path.string() + ": not an ONNX TensorProto, or cut off");
    }
    Constant constant = decode_tensor(proto, path.string());
    FloatTensor tensor{constant.shape, {}};
    if (constant.is_integer()) {
        tensor.data.assign(constant.integers().begin(), constant.integers().end());
    } else {
        tensor.data = std::move(std::get<0>(constant.data));
    }
    return tensor;
}

/// Cuts a tensor into those of shape `shape` that it holds.
void split(const FloatTensor& whole, const Dims& shape, const fs::path& path, std::vector<FloatTensor>& samples) {
    const bool leading_one = !shape.empty() && shape[0] == 1;
    const Dims inner(shape.begin() + (leading_one ? 1 : 0), shape.end());
    std::int64_t n = 0;
    if (whole.shape == shape || whole.shape == inner) {
        n = 1;
    } else if (whole.shape.size() == inner.size() + 1 && std::equal(inner.begin(), inner.end(), whole.shape.begin() + 1)) {
        n = whole.shape[0];
    } else {
        throw InputError(path.string() + ": a tensor of shape " + to_string(whole.shape) + " holds none of shape " + to_string(shape));
    }
    const auto size = static_cast<std::ptrdiff_t>(count(shape));
    for (std::ptrdiff_t i = 0; i < n; ++i) {
        samples.push_back({shape, {whole.data.begin() + i * size, whole.data.begin() + (i + 1) * size}});
    }
}

}  // namespace

FloatTensor read_tensor(const fs::path& path) {
    if (path.extension() == ".npy") {
        return read_npy(path);
    }
    if (path.extension() == ".pb") {
        return read_tensor_proto(path);
    }
    throw InputError(path.string() + ": not a tensor file (.npy or .pb)");
}

std::vector<FloatTensor> read_samples(const fs::path& path, const Dims& shape) {
    std::vector<fs::path> files;
    std::error_code error;
    if (fs::is_directory(path, error)) {
        for (const auto& entry : fs::directory_iterator(path, error)) {
            if (entry.path().extension() == ".npy" || entry.path().extension() == ".pb") {
                files.push_back(entry.path());
            }
        }
        std::sort(files.begin(), files.end());
        if (error || files.empty()) {
            throw InputError(path.string() + ": no .npy or .pb file in this folder");
        }
    } else {
        files.push_back(path);
    }
    std::vector<FloatTensor> samples;
    for (const fs::path& file : files) {
        split(read_tensor(file), shape, file, samples);
    }
    return samples;
}

}  // namespace cim::compiler

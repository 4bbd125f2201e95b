// The trained networks of the tree, on the images that are with them.

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "compiler/frontend/onnx_import.h"
#include "compiler/io/npy.h"
#include "compiler/io/tensor_file.h"
#include "compiler/quantization/codec.h"
#include "compiler/quantization/quantise.h"
#include "compiler/reference/float_executor.h"
#include "compiler/reference/integer_executor.h"

using namespace cim::compiler;
namespace fs = std::filesystem;

namespace {

const fs::path networks = fs::path(__FILE__).parent_path() / "../../networks";

template <typename Values>
std::int64_t top_1(const Values& scores) {
    return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

}  // namespace

TEST_CASE("trained networks classify as before in float32, and hardly differently in int8", "[compiler][networks]") {
    const auto [name, right_in_float] = GENERATE(std::make_pair("lenet", 57), std::make_pair("resnet8", 60));
    const fs::path file = networks / (std::string(name) + ".onnx");
    if (!fs::exists(file)) {
        WARN("not run: " << file.filename() << " is not in the tree");
        return;
    }
    INFO(name);
    const Graph graph = import_onnx(file);
    const Dims& shape = graph.values[graph.inputs.at(0)].shape;
    const fs::path data = networks / "fashion_mnist";
    const std::vector<FloatTensor> images = read_samples(data / "images.npy", shape);
    const std::vector<std::int64_t> labels = read_npy_integers(data / "labels.npy");
    REQUIRE(images.size() == labels.size());

    const auto method = GENERATE(CalibrationMethod::MinMax, CalibrationMethod::MeanSquare);
    const QuantGraph quant = quantise(graph, calibrate(graph, read_samples(data / "calibration.npy", shape), method));
    const FloatExecutor in_float(graph);
    IntegerExecutor in_int8(quant);
    int float_right = 0;
    int agree = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        const std::int64_t by_float = top_1(in_float.run({images[i]})[0].data);
        const std::int64_t by_int8 = top_1(in_int8.run({quantise_tensor(images[i], quant.tensors[quant.inputs[0]])})[0]);
        float_right += by_float == labels[i] ? 1 : 0;
        agree += by_float == by_int8 ? 1 : 0;
    }
    CHECK(float_right == right_in_float);
    CHECK(agree >= static_cast<int>(images.size()) - 1);
}

TEST_CASE("face networks keep what int8 can keep", "[compiler][networks]") {
    struct Bar {
        const char* name;
        double sqnr_db, cosine;
    };
    const Bar bar = GENERATE(Bar{"fr_eye", 18, 0.999}, Bar{"fr_landmark", 30, 0.999}, Bar{"fr_feature", 18, 0.99});
    const fs::path folder = networks / "../build/face";
    const std::string name = bar.name;
    if (!fs::exists(folder / (name + "_images.npy"))) {
        WARN("not run: networks/face/install.sh fetches " << name);
        return;
    }
    INFO(name);
    const Graph graph = import_onnx(folder / (name + ".onnx"));
    const Dims& shape = graph.values[graph.inputs.at(0)].shape;
    const std::vector<FloatTensor> calibration = read_samples(folder / (name + "_calibration.npy"), shape);
    const QuantGraph quant = quantise(graph, calibrate(graph, calibration, CalibrationMethod::MeanSquare));
    const FloatExecutor in_float(graph);
    IntegerExecutor in_int8(quant);
    double signal = 0;
    double error = 0;
    double cosines = 0;
    const std::vector<FloatTensor> images = read_samples(folder / (name + "_images.npy"), shape);
    for (const FloatTensor& image : images) {
        const std::vector<float> wanted = in_float.run({image})[0].data;
        const std::vector<float> got =
            dequantise_tensor(in_int8.run({quantise_tensor(image, quant.tensors[quant.inputs[0]])})[0], quant.tensors[quant.outputs[0]])
                .data;
        double ww = 0;
        double gg = 0;
        double wg = 0;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            ww += std::pow(wanted[i], 2);
            gg += std::pow(got[i], 2);
            wg += static_cast<double>(wanted[i]) * static_cast<double>(got[i]);
            error += std::pow(wanted[i] - got[i], 2);
        }
        signal += ww;
        cosines += wg / std::sqrt(ww * gg);
    }
    CHECK(10 * std::log10(signal / error) > bar.sqnr_db);
    CHECK(cosines / static_cast<double>(images.size()) > bar.cosine);
}

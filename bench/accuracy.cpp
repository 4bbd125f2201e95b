// cimmlc-accuracy MODEL.onnx --images X.npy --labels Y.npy --calibration C.npy [--method min-max|mean-square]
//
// Top-1 accuracy of a classifier in float32 and quantised to int8, over labelled images.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/io/npy.h"
#include "compiler/io/tensor_file.h"
#include "compiler/quantization/codec.h"
#include "compiler/quantization/quantise.h"
#include "compiler/reference/float_executor.h"
#include "compiler/reference/integer_executor.h"

namespace {

using namespace cim::compiler;
using Clock = std::chrono::steady_clock;

constexpr const char* usage =
    "usage: cimmlc-accuracy MODEL.onnx --images X.npy --labels Y.npy --calibration C.npy [--method min-max|mean-square]\n";

template <typename Values>
std::int64_t top_1(const Values& scores) {
    return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

/// Runs `predict` on all images; prints and returns the percentage that is right.
template <typename Predict>
double measure(const char* what, const std::vector<FloatTensor>& images, const std::vector<std::int64_t>& labels, Predict predict) {
    const Clock::time_point start = Clock::now();
    std::size_t right = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
        right += predict(images[i]) == labels[i] ? 1U : 0U;
    }
    const double percent = 100.0 * static_cast<double>(right) / static_cast<double>(images.size());
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::printf("%-8s top-1 %6.2f %%  %8.3f s\n", what, percent, seconds);
    return percent;
}

int run(const std::string& model, std::map<std::string, std::string>& options) {
    const CalibrationMethod method = options["--method"] == "mean-square" ? CalibrationMethod::MeanSquare : CalibrationMethod::MinMax;
    const Graph graph = import_onnx(model);
    if (graph.inputs.size() != 1 || graph.outputs.size() != 1) {
        throw InputError(model + ": not a classifier of one input and one output");
    }
    const Dims& shape = graph.values[static_cast<std::size_t>(graph.inputs[0])].shape;
    const std::vector<FloatTensor> images = read_samples(options["--images"], shape);
    const std::vector<std::int64_t> labels = read_npy_integers(options["--labels"]);
    if (images.size() != labels.size()) {
        throw InputError(options["--labels"] + ": " + std::to_string(labels.size()) + " labels for " + std::to_string(images.size()) +
                         " images");
    }
    const QuantGraph quantised = quantise(graph, calibrate(graph, read_samples(options["--calibration"], shape), method));

    std::printf("%s, %zu images, calibration %s\n", graph.name.c_str(), images.size(), to_string(method));
    const FloatExecutor float_executor(graph);
    const double in_float =
        measure("float32", images, labels, [&](const FloatTensor& image) { return top_1(float_executor.run({image})[0].data); });
    IntegerExecutor integer_executor(quantised);
    const QuantTensor& input = quantised.tensors[static_cast<std::size_t>(quantised.inputs[0])];
    const double in_int8 = measure(
        "int8", images, labels, [&](const FloatTensor& image) { return top_1(integer_executor.run({quantise_tensor(image, input)})[0]); });
    std::printf("%-8s       %+6.2f\n", "change", in_int8 - in_float);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::string model;
    std::map<std::string, std::string> options{{"--images", ""}, {"--labels", ""}, {"--calibration", ""}, {"--method", "min-max"}};
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (options.count(word) != 0 && i + 1 < argc) {
            options[word] = argv[++i];
        } else if (model.empty() && word[0] != '-') {
            model = word;
        } else {
            std::fprintf(stderr, "%s", usage);
            return 2;
        }
    }
    const std::string& method = options["--method"];
    if (model.empty() || options["--images"].empty() || options["--labels"].empty() || options["--calibration"].empty() ||
        (method != "min-max" && method != "mean-square")) {
        std::fprintf(stderr, "%s", usage);
        return 2;
    }
    try {
        return run(model, options);
    } catch (const InputError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
}

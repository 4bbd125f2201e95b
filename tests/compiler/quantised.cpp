#include "tests/compiler/quantised.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/quantization/codec.h"
#include "compiler/quantization/quantise.h"
#include "compiler/reference/float_executor.h"
#include "compiler/reference/integer_executor.h"

using namespace cim::compiler;

namespace cim::test {

Graph imported(const ModelBuilder& model, const ImportOptions& options) {
    const TemporaryFolder folder;
    return import_onnx(model.write(folder / "m.onnx"), options);
}

std::vector<FloatTensor> samples_for(const Graph& graph, unsigned n) {
    std::vector<FloatTensor> samples;
    for (unsigned i = 0; i < n; ++i) {
        samples.push_back(noise(graph.values[graph.inputs[0]].shape, i + 1));
    }
    return samples;
}

QuantGraph quantised(const Graph& graph) {
    return quantise(graph, calibrate(graph, samples_for(graph, 8), CalibrationMethod::MinMax));
}

double fidelity(const Graph& graph, const QuantGraph& quant) {
    double signal = 0;
    double error = 0;
    IntegerExecutor integer(quant);
    for (const FloatTensor& x : samples_for(graph, 8)) {
        const FloatTensor expected = FloatExecutor(graph).run({x})[0];
        const FloatTensor got =
            dequantise_tensor(integer.run({quantise_tensor(x, quant.tensors[quant.inputs[0]])})[0], quant.tensors[quant.outputs[0]]);
        CHECK(got.shape == expected.shape);
        for (std::size_t i = 0; i < got.data.size(); ++i) {
            signal += std::pow(expected.data[i], 2);
            error += std::pow(expected.data[i] - got.data[i], 2);
        }
    }
    return 10 * std::log10(signal / error);
}

std::string quantise_error(const ModelBuilder& model) {
    const Graph graph = imported(model);
    try {
        quantised(graph);
    } catch (const InputError& error) {
        return std::string(error.what()).substr(graph.source.size() + 2);
    }
    return "";
}

std::vector<std::uint8_t> bytes(std::int64_t n, unsigned seed) {
    std::vector<std::uint8_t> out;
    for (const float v : noise({n}, seed).data) {
        out.push_back(static_cast<std::uint8_t>(std::lround(v * 127.5F + 127.5F)));
    }
    return out;
}

}  // namespace cim::test

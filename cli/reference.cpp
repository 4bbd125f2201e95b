#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cli/session.h"
#include "compiler/error.h"
#include "compiler/io/file.h"
#include "compiler/io/npy.h"
#include "compiler/quantization/codec.h"
#include "compiler/quantization/quantise.h"
#include "compiler/reference/float_executor.h"
#include "compiler/reference/integer_executor.h"

namespace cim::cli {

namespace {

using compiler::Dims;
using compiler::FloatTensor;
namespace fs = std::filesystem;

/// Collects the outputs of all inputs and writes them, and the tensors of each as they come.
class Results {
  public:
    Results(fs::path folder, bool all_tensors) : folder_(std::move(folder)), all_tensors_(all_tensors) {}

    void add_output(const std::string& name, const FloatTensor& tensor) {
        FloatTensor& all = outputs_[name];
        if (all.shape.empty()) {
            all.shape = tensor.shape;
            all.shape[0] = 0;
        }
        ++all.shape[0];
        all.data.insert(all.data.end(), tensor.data.begin(), tensor.data.end());
    }

    void add_tensor(std::size_t input, const std::string& name, const FloatTensor& tensor) {
        if (all_tensors_) {
            write(folder_ / "tensors" / std::to_string(input), name, tensor);
        }
    }

    void write_outputs() {
        for (const auto& [name, tensor] : outputs_) {
            write(folder_, name, tensor);
        }
    }

  private:
    void write(const fs::path& folder, const std::string& name, const FloatTensor& tensor) {
        std::error_code error;
        fs::create_directories(folder, error);
        compiler::write_npy(folder / (names_.of(name) + ".npy"), tensor);
    }

    fs::path folder_;
    bool all_tensors_;
    std::map<std::string, FloatTensor> outputs_;
    compiler::FileNames names_;
};

void run_float(const Network& network, Results& results) {
    const compiler::Graph& graph = network.graph;
    const compiler::FloatExecutor executor(graph);
    for (std::size_t n = 0; n < network.inputs.samples.size(); ++n) {
        const auto outputs = executor.run({network.inputs.samples[n]}, [&](compiler::ValueId id, const FloatTensor& tensor) {
            results.add_tensor(n, graph.values[static_cast<std::size_t>(id)].name, tensor);
        });
        for (std::size_t o = 0; o < outputs.size(); ++o) {
            results.add_output(graph.values[static_cast<std::size_t>(graph.outputs[o])].name, outputs[o]);
        }
    }
}

/// Tensors inside the network have no shape of their own in ONNX: they are shown as the feature maps that they are.
compiler::QuantTensor as_onnx(compiler::QuantTensor tensor) {
    if (tensor.onnx_shape.empty()) {
        tensor.onnx_shape = {1, tensor.shape.c, tensor.shape.h, tensor.shape.w};
    }
    return tensor;
}

void run_integer(const Network& network, const compiler::QuantGraph& graph, Results& results) {
    compiler::IntegerExecutor executor(graph);
    for (std::size_t n = 0; n < network.inputs.samples.size(); ++n) {
        std::vector<std::vector<std::uint8_t>> stored;
        for (const compiler::TensorId id : graph.inputs) {
            stored.push_back(compiler::quantise_tensor(network.inputs.samples[n], graph.tensors[static_cast<std::size_t>(id)]));
        }
        executor.run(stored);
        for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
            const compiler::QuantTensor tensor = as_onnx(graph.tensors[t]);
            const auto id = static_cast<compiler::TensorId>(t);
            const FloatTensor real = compiler::dequantise_tensor(executor.tensor(id), tensor);
            results.add_tensor(n, tensor.name, real);
            if (std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end()) {
                results.add_output(tensor.name, real);
            }
        }
    }
}

}  // namespace

int reference(const Words& words) {
    po::options_description options("options");
    options.add_options()("input", po::value<std::string>()->value_name("FILE|DIR"), "inputs (.npy, .pb, or a folder of them)")(
        "output", po::value<std::string>()->required()->value_name("DIR"),
        "folder for the results (required): NAME.npy for each output of the network, first dimension the inputs")(
        "tensors", "also writes every tensor: DIR/tensors/INPUT/NAME.npy, INPUT counted from 0")(
        "float", "executes the network as it is, in float32, instead of the quantised one");
    add_quantise_options(options);
    const std::optional<po::variables_map> values = parse({"reference", "MODEL.onnx", 1, "model"}, options, words);
    if (!values) {
        return 0;
    }
    const Network network = network_of(*values, true);
    Results results((*values)["output"].as<std::string>(), values->count("tensors") > 0);
    if (values->count("float") > 0) {
        if (values->count("emit-qdq") > 0) {
            throw compiler::InputError("--emit-qdq writes the quantised network, --float does not make one");
        }
        run_float(network, results);
    } else {
        const compiler::QuantGraph quantised = compiler::quantise(network.graph, network.ranges);
        emit_qdq(*values, quantised);
        run_integer(network, quantised, results);
        fmt::print("calibrated on {}\n", network.calibrated_on);
    }
    results.write_outputs();
    fmt::print("{} input{}\n", network.inputs.samples.size(), network.inputs.samples.size() == 1 ? "" : "s");
    return 0;
}

}  // namespace cim::cli

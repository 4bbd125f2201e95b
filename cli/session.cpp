#include "cli/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>

#include <fmt/format.h>
#include <unistd.h>

#include "compiler/driver/limits.h"
#include "compiler/error.h"
#include "compiler/export/qdq.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/io/file.h"
#include "compiler/io/npy.h"
#include "compiler/io/tensor_file.h"
#include "compiler/quantization/codec.h"
#include "hw_models/spec/load.h"
#include "isa/verifier/verify.h"
#include "platform/observe/vcd.h"

namespace cim::cli {

using compiler::Dims;
using compiler::FloatTensor;
using compiler::InputError;

hw::Machine machine_of(const std::string& path) {
    hw::LoadResult loaded = hw::load_machine(path);
    if (!loaded.ok()) {
        std::string message;
        for (const hw::Diagnostic& diagnostic : loaded.diagnostics) {
            message += (message.empty() ? "" : "\n") + diagnostic.text();
        }
        throw InputLines(message);
    }
    return std::move(loaded.machine);
}

void verify_for(const isa::Program& program, const hw::Machine& machine, std::int64_t batch) {
    const std::vector<isa::Diagnostic> found = isa::verify(program, compiler::limits_of(machine), batch);
    if (found.empty()) {
        return;
    }
    std::string message = fmt::format("program '{}' is not right for machine '{}'", program.name, machine.name);
    if (program.machine_hash != machine.hash) {
        message += fmt::format(" (it was compiled for another machine, '{}')", program.machine);
    }
    for (const isa::Diagnostic& diagnostic : found) {
        message += fmt::format("\n  {}: {}", diagnostic.rule, diagnostic.message);
    }
    throw InputLines(message);
}

std::shared_future<compiler::Prediction> predict_meanwhile(const isa::Program& program, const hw::Machine& machine, std::int64_t batch) {
    return std::async(std::launch::async, [&program, &machine, batch] { return compiler::predict(program, machine, batch); });
}

// ---- options ------------------------------------------------------------------------------------------------------------------

void add_quantise_options(po::options_description& options) {
    options.add_options()("calibration", po::value<std::string>()->value_name("RANGES|DIR|FILE"),
                          "ranges found by 'cimmlc calibrate', or inputs to find them on (.npy, .pb or a folder of them)")(
        "calibration-method", po::value<std::string>()->value_name("NAME"), "min-max (default) or mean-square")(
        "input-shape", po::value<std::vector<std::string>>()->value_name("NAME:1x3x224x224"),
        "shape of an input that the network leaves open")("emit-qdq", po::value<std::string>()->value_name("FILE"),
                                                          "writes the quantised network as ONNX (QuantizeLinear, DequantizeLinear)");
}

void emit_qdq(const po::variables_map& values, const compiler::QuantGraph& network) {
    if (values.count("emit-qdq") > 0) {
        compiler::write_qdq(values["emit-qdq"].as<std::string>(), network);
    }
}

void add_simulation_options(po::options_description& options) {
    options.add_options()("input", po::value<std::string>()->value_name("FILE|DIR"), "inputs (.npy, .pb, or a folder of them)")(
        "output", po::value<std::string>()->value_name("FILE|DIR"),
        "writes the outputs as .npy: a file for one output, a folder for several")(
        "batch", po::value<std::string>()->value_name("N"), "inputs to stream through the chip (default: all of --input)")(
        "timing-only", "no data is moved: cycles and energy only")("report", po::value<std::string>()->value_name("FILE"),
                                                                   "writes report.json")(
        "vcd", po::value<std::string>()->value_name("FILE"), "writes waveforms, and a GTKWave save file beside them")("quiet",
                                                                                                                      "no summary");
}

// ---- networks and inputs ------------------------------------------------------------------------------------------------------

namespace {

compiler::CalibrationMethod method_of(const po::variables_map& values) {
    if (values.count("calibration-method") == 0) {
        return compiler::CalibrationMethod::MinMax;
    }
    const std::string name = values["calibration-method"].as<std::string>();
    for (const compiler::CalibrationMethod method : {compiler::CalibrationMethod::MinMax, compiler::CalibrationMethod::MeanSquare}) {
        if (name == compiler::to_string(method)) {
            return method;
        }
    }
    throw InputError(fmt::format("--calibration-method: no method '{}'; there are min-max and mean-square", name));
}

std::pair<std::string, Dims> input_shape(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    Dims shape;
    std::size_t at = colon == std::string::npos ? text.size() : colon + 1;
    while (at < text.size()) {
        std::size_t used = 0;
        std::int64_t value = 0;
        try {
            value = std::stoll(text.substr(at), &used);
        } catch (const std::exception&) {
            used = 0;
        }
        at += used;
        if (used == 0 || value < 1 || (at < text.size() && text[at] != 'x') || at + 1 == text.size()) {
            shape.clear();
            break;
        }
        shape.push_back(value);
        at += at < text.size() ? 1 : 0;
    }
    if (shape.empty() || colon == 0) {
        throw InputError(fmt::format("--input-shape: '{}' is not NAME:1x3x224x224", text));
    }
    return {text.substr(0, colon), shape};
}

const Dims& only_input_shape(const compiler::Graph& graph) {
    if (graph.inputs.size() != 1) {
        throw InputError(fmt::format("network '{}' has {} inputs; networks with one input can be run", graph.name, graph.inputs.size()));
    }
    return graph.values[static_cast<std::size_t>(graph.inputs[0])].shape;
}

}  // namespace

Network network_of(const po::variables_map& values, bool with_inputs) {
    compiler::ImportOptions import;
    if (values.count("input-shape") > 0) {
        for (const std::string& text : values["input-shape"].as<std::vector<std::string>>()) {
            import.input_shapes.insert(input_shape(text));
        }
    }
    Network network;
    network.graph = compiler::import_onnx(values["model"].as<std::vector<std::string>>()[0], import);
    const Dims& shape = only_input_shape(network.graph);
    const compiler::CalibrationMethod method = method_of(values);
    if (with_inputs) {
        network.inputs = inputs_of(values, shape);
    }
    if (values.count("calibration") > 0) {
        const std::filesystem::path path = values["calibration"].as<std::string>();
        const bool ranges = path.extension() != ".npy" && path.extension() != ".pb" && !std::filesystem::is_directory(path);
        if (ranges) {
            if (values.count("calibration-method") > 0) {
                throw InputError("--calibration-method: --calibration names ranges that have been found already");
            }
            network.ranges = compiler::read_ranges(path);
            network.calibrated_on = fmt::format("ranges of {}", path.string());
        } else {
            const std::vector<FloatTensor> inputs = compiler::read_samples(path, shape);
            network.ranges = compiler::calibrate(network.graph, inputs, method);
            network.calibrated_on = fmt::format("{} inputs of {}", inputs.size(), path.string());
        }
    } else if (with_inputs && !network.inputs.made) {
        network.ranges = compiler::calibrate(network.graph, network.inputs.samples, method);
        network.calibrated_on = fmt::format("the {} inputs of this run", network.inputs.samples.size());
    } else {
        constexpr std::int64_t count = 8;
        network.ranges = compiler::calibrate(network.graph, made_inputs(shape, count), method);
        network.calibrated_on = fmt::format("{} made inputs (no --calibration given)", count);
    }
    return network;
}

std::vector<FloatTensor> made_inputs(const Dims& shape, std::int64_t count) {
    std::mt19937 random(1);  // the sequence of mt19937 is the same everywhere; distributions are not, so numbers are made from its words
    const auto uniform = [&](double low, double high) { return low + (high - low) * static_cast<double>(random()) / 4294967296.0; };
    const std::int64_t width = shape.empty() ? 1 : shape.back();
    const std::int64_t height = shape.size() > 2 ? shape[shape.size() - 2] : 1;
    const std::int64_t total = compiler::count(shape);
    std::vector<FloatTensor> inputs;
    for (std::int64_t i = 0; i < count; ++i) {
        FloatTensor tensor;
        tensor.shape = shape;
        tensor.data.resize(static_cast<std::size_t>(total));
        for (std::int64_t plane = 0; plane < total / (width * height); ++plane) {
            const double fx = uniform(0.5, 4);
            const double fy = uniform(0.5, 4);
            const double phase = uniform(0, 6.283185307179586);
            const double cx = uniform(0, 1);
            const double cy = uniform(0, 1);
            const double size = uniform(0.05, 0.3);
            for (std::int64_t y = 0; y < height; ++y) {
                for (std::int64_t x = 0; x < width; ++x) {
                    const double u = static_cast<double>(x) / static_cast<double>(width);
                    const double v = static_cast<double>(y) / static_cast<double>(height);
                    const double wave = 0.5 + 0.25 * std::sin(6.283185307179586 * (fx * u + fy * v) + phase);
                    const double blob = std::exp(-((u - cx) * (u - cx) + (v - cy) * (v - cy)) / (2 * size * size));
                    tensor.data[static_cast<std::size_t>((plane * height + y) * width + x)] =
                        static_cast<float>(std::min(1.0, wave * 0.6 + blob * 0.5));
                }
            }
        }
        inputs.push_back(std::move(tensor));
    }
    return inputs;
}

Inputs inputs_of(const po::variables_map& values, const Dims& shape) {
    Inputs inputs;
    if (values.count("input") > 0) {
        inputs.samples = compiler::read_samples(values["input"].as<std::string>(), shape);
    }
    inputs.made = inputs.samples.empty();
    const auto given = static_cast<std::int64_t>(inputs.samples.size());
    inputs.batch = number_option(values, "batch", 1, 1 << 20, std::max<std::int64_t>(1, given));
    if (!inputs.made && inputs.batch > given && values.count("timing-only") == 0) {
        throw InputError(fmt::format("--batch {}: --input holds {} inputs", inputs.batch, given));
    }
    if (inputs.made) {
        inputs.samples = made_inputs(shape, inputs.batch);
    }
    inputs.samples.resize(static_cast<std::size_t>(std::min(inputs.batch, static_cast<std::int64_t>(inputs.samples.size()))));
    return inputs;
}

compiler::QuantTensor quant_tensor(const isa::Tensor& tensor) {
    compiler::QuantTensor result;
    result.name = tensor.name;
    result.onnx_shape = tensor.shape;
    result.quant = {tensor.scale, tensor.zero};
    const auto dim = [&](std::size_t i) { return static_cast<int>(tensor.shape[i]); };
    if (tensor.shape.size() == 4) {
        result.shape = {dim(2), dim(3), dim(1)};
    } else {
        result.shape = {1, 1, static_cast<int>(tensor.size)};
    }
    return result;
}

std::vector<std::vector<std::uint8_t>> stored_inputs(const isa::Program& program, const std::vector<FloatTensor>& samples) {
    std::vector<std::vector<std::uint8_t>> stored(program.inputs.size());
    for (std::size_t i = 0; i < program.inputs.size(); ++i) {
        const compiler::QuantTensor tensor = quant_tensor(program.inputs[i]);
        for (const FloatTensor& sample : samples) {
            const std::vector<std::uint8_t> one = compiler::quantise_tensor(sample, tensor);
            stored[i].insert(stored[i].end(), one.begin(), one.end());
        }
    }
    return stored;
}

// ---- running --------------------------------------------------------------------------------------------------------------------

platform::SimulationResult simulate_with(const isa::Program& program, const hw::Machine& machine, const po::variables_map& values,
                                         const Inputs& inputs, HostCost& cost) {
    platform::SimulationOptions options;
    options.functional = values.count("timing-only") == 0;
    options.batch = inputs.batch;
    for (const isa::Tensor& tensor : program.inputs) {
        if (machine.chip.external_memory.size.ideal) {
            break;
        }
        if (tensor.ext_offset + tensor.size * inputs.batch > machine.chip.external_memory.size.value) {
            throw InputError(fmt::format("--batch {}: {} inputs of {} bytes do not fit the external memory of machine '{}'", inputs.batch,
                                         inputs.batch, tensor.size, machine.name));
        }
    }
    const std::vector<std::vector<std::uint8_t>> stored =
        options.functional ? stored_inputs(program, inputs.samples) : std::vector<std::vector<std::uint8_t>>{};
    std::optional<platform::VcdWriter> vcd;
    if (values.count("vcd") > 0) {
        vcd.emplace(values["vcd"].as<std::string>(), program, machine);
        options.observer = &*vcd;
    }
    const auto begin = std::chrono::steady_clock::now();
    platform::SimulationResult result = platform::simulate(program, machine, options, stored);
    if (vcd) {
        const std::filesystem::path path = values["vcd"].as<std::string>();
        const hw::Ticks end = result.setup_ticks + result.ticks;
        vcd->finish(end);
        std::filesystem::path save = path;
        compiler::write_file_atomically(save.replace_extension(".gtkw"), vcd->save_file(path.filename().string(), end));
    }
    cost.simulate_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
}

namespace {

void write_outputs(const RunFacts& facts, const std::filesystem::path& path) {
    const std::vector<isa::Tensor>& outputs = facts.program.outputs;
    std::error_code error;
    if (outputs.size() > 1) {
        std::filesystem::create_directories(path, error);
    }
    compiler::FileNames names;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const compiler::QuantTensor tensor = quant_tensor(outputs[i]);
        FloatTensor all;
        all.shape = tensor.onnx_shape;
        all.shape[0] = facts.batch;
        for (std::int64_t n = 0; n < facts.batch; ++n) {
            const auto first = facts.result.outputs[i].begin() + n * outputs[i].size;
            const FloatTensor one = compiler::dequantise_tensor({first, first + outputs[i].size}, tensor);
            all.data.insert(all.data.end(), one.data.begin(), one.data.end());
        }
        compiler::write_npy(outputs.size() > 1 ? path / (names.of(outputs[i].name) + ".npy") : path, all);
    }
}

}  // namespace

int finish(const RunFacts& facts, const po::variables_map& values) {
    if (!facts.result.deadlock.empty()) {
        fmt::print(stderr, "deadlock: {}\n", facts.result.deadlock);
        return 1;
    }
    const Json report = make_report(facts);
    if (values.count("output") > 0) {
        write_outputs(facts, values["output"].as<std::string>());
    }
    if (values.count("report") > 0) {
        compiler::write_file_atomically(values["report"].as<std::string>(), report.dump(2) + "\n");
    }
    if (values.count("quiet") == 0) {
        fmt::print("{}", summary(report, isatty(STDOUT_FILENO) != 0));
    }
    const hw::Limit& endurance = facts.machine.device.endurance;
    if (!endurance.ideal && facts.result.statistics.most_writes > endurance.value) {
        fmt::print(stderr, "endurance: a cell is written {} times, the device survives {}\n", facts.result.statistics.most_writes,
                   endurance.value);
        return 1;
    }
    return facts.verification.mismatches == 0 ? 0 : 1;
}

}  // namespace cim::cli

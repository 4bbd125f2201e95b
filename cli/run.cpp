#include <chrono>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/dump.h"
#include "cli/schedule_options.h"
#include "cli/session.h"
#include "compiler/error.h"
#include "compiler/io/npy.h"
#include "compiler/quantization/codec.h"
#include "compiler/reference/float_executor.h"
#include "compiler/reference/integer_executor.h"
#include "hw_models/crossbar/bit_serial.h"

namespace cim::cli {

namespace {

using compiler::FloatTensor;

/// Sum of squares of a signal and of its error; in decibel at the end.
struct Sqnr {
    double signal = 0;
    double noise = 0;
    void add(double reference, double value) {
        signal += reference * reference;
        noise += (reference - value) * (reference - value);
    }
    std::optional<double> decibel() const {
        return noise > 0 && signal > 0 ? std::optional<double>(10 * std::log10(signal / noise)) : std::nullopt;
    }
};

Verification compare(const Network& network, const compiler::Compiled& compiled, const hw::Machine& machine, const Inputs& inputs,
                     const platform::SimulationResult& result) {
    const bool lossless = hw::adc_is_lossless(machine);
    compiler::IntegerExecutor exact(compiled.network);
    compiler::IntegerExecutor reference(compiled.network, compiler::adc_emulation(machine));
    const compiler::FloatExecutor real(network.graph);
    Verification v;
    v.reference = lossless ? "integer" : "adc-emulation";
    Sqnr to_float;
    Sqnr to_exact;
    for (std::size_t n = 0; n < inputs.samples.size(); ++n) {
        std::vector<std::vector<std::uint8_t>> stored;
        for (const compiler::TensorId id : compiled.network.inputs) {
            stored.push_back(compiler::quantise_tensor(inputs.samples[n], compiled.network.tensors[static_cast<std::size_t>(id)]));
        }
        const auto expected = reference.run(stored);
        const auto ideal = lossless ? expected : exact.run(stored);
        const std::vector<FloatTensor> wanted = real.run({inputs.samples[n]});
        for (std::size_t o = 0; o < expected.size(); ++o) {
            const std::size_t size = expected[o].size();
            const std::vector<std::uint8_t> got(result.outputs[o].begin() + static_cast<std::ptrdiff_t>(n * size),
                                                result.outputs[o].begin() + static_cast<std::ptrdiff_t>((n + 1) * size));
            for (std::size_t i = 0; i < size; ++i) {
                const int difference = std::abs(static_cast<int>(got[i]) - static_cast<int>(expected[o][i]));
                ++v.compared;
                v.mismatches += difference != 0 ? 1 : 0;
                v.max_abs_diff = std::max(v.max_abs_diff, difference);
            }
            const compiler::QuantTensor& tensor = compiled.network.tensors[static_cast<std::size_t>(compiled.network.outputs[o])];
            const FloatTensor real_got = compiler::dequantise_tensor(got, tensor);
            const FloatTensor real_ideal = compiler::dequantise_tensor(ideal[o], tensor);
            for (std::size_t i = 0; i < real_got.data.size(); ++i) {
                to_float.add(static_cast<double>(wanted[o].data[i]), static_cast<double>(real_got.data[i]));
                to_exact.add(static_cast<double>(real_ideal.data[i]), static_cast<double>(real_got.data[i]));
            }
        }
    }
    v.sqnr_db = to_float.decibel();
    v.adc_sqnr_db = lossless ? std::nullopt : to_exact.decibel();
    return v;
}

/// Class with the largest stored value of image n; the first of equals.
std::int64_t best_class(const isa::Program& program, const platform::SimulationResult& result, std::int64_t n) {
    const std::int64_t size = program.outputs[0].size;
    const auto first = result.outputs[0].begin() + n * size;
    return std::max_element(first, first + size) - first;
}

double top1(const isa::Program& program, const platform::SimulationResult& result, const std::string& path, std::int64_t batch) {
    const std::vector<std::int64_t> labels = compiler::read_npy_integers(path);
    if (static_cast<std::int64_t>(labels.size()) < batch) {
        throw compiler::InputError(fmt::format("{}: {} labels for {} inputs", path, labels.size(), batch));
    }
    std::int64_t right = 0;
    for (std::int64_t n = 0; n < batch; ++n) {
        right += best_class(program, result, n) == labels[static_cast<std::size_t>(n)] ? 1 : 0;
    }
    return static_cast<double>(right) / static_cast<double>(batch);
}

void print_outputs(const isa::Program& program, const platform::SimulationResult& result, std::int64_t batch) {
    constexpr std::int64_t most_images = 4;
    constexpr std::size_t most_values = 12;
    fmt::print("\noutputs\n");
    for (std::int64_t n = 0; n < std::min(batch, most_images); ++n) {
        for (std::size_t o = 0; o < program.outputs.size(); ++o) {
            const isa::Tensor& tensor = program.outputs[o];
            const auto first = result.outputs[o].begin() + n * tensor.size;
            const FloatTensor values = compiler::dequantise_tensor({first, first + tensor.size}, quant_tensor(tensor));
            fmt::print("  {:>3}  {} ", n, tensor.name);
            for (std::size_t i = 0; i < std::min(most_values, values.data.size()); ++i) {
                fmt::print(" {:.3f}", values.data[i]);
            }
            fmt::print("{}\n", values.data.size() > most_values ? " ..." : fmt::format("   class {}", best_class(program, result, n)));
        }
    }
    if (batch > most_images) {
        fmt::print("  ... {} more\n", batch - most_images);
    }
}

}  // namespace

int run(const Words& words) {
    po::options_description options("options");
    options.add_options()("arch", po::value<std::string>()->required()->value_name("FILE"), "hardware file of the machine (required)")(
        "labels", po::value<std::string>()->value_name("FILE"), "right classes (.npy of integers): prints the accuracy");
    add_quantise_options(options);
    add_schedule_options(options);
    add_dump_option(options);
    add_simulation_options(options);
    const std::optional<po::variables_map> values = parse({"run", "MODEL.onnx", 1, "model"}, options, words);
    if (!values) {
        return 0;
    }
    const std::vector<std::string> dumped = passes_to_dump(*values);
    const hw::Machine machine = machine_of((*values)["arch"].as<std::string>());
    const bool functional = values->count("timing-only") == 0;
    if (!functional && (values->count("output") > 0 || values->count("labels") > 0)) {
        throw compiler::InputError("--timing-only moves no data: there is nothing for --output or --labels");
    }
    const bool quiet = values->count("quiet") > 0;

    HostCost cost;
    const auto begin = std::chrono::steady_clock::now();
    const Network network = network_of(*values, true);
    const Inputs& inputs = network.inputs;
    const compiler::Compiled compiled = compiler::compile(network.graph, network.ranges, machine, schedule_options(*values, inputs.batch));
    print_dumps(dumped, network.graph, compiled);
    const std::shared_future<compiler::Prediction> prediction = predict_meanwhile(compiled.program, machine, inputs.batch);
    verify_for(compiled.program, machine, inputs.batch);
    emit_qdq(*values, compiled.network);
    cost.compile_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (!quiet) {
        fmt::print("calibrated on {}\n", network.calibrated_on);
        if (inputs.made && functional) {
            fmt::print("running {} made input{} (no --input given)\n", inputs.batch, inputs.batch == 1 ? "" : "s");
        }
    }

    const platform::SimulationResult result = simulate_with(compiled.program, machine, *values, inputs, cost);
    RunFacts facts{compiled.program, machine, result, prediction.get(), inputs.batch, functional, {}, cost};
    facts.bounds = compiler::bounds_of(compiled.network, compiled.machine, compiled.schedule.segments.size(), inputs.batch);
    if (functional && result.deadlock.empty()) {
        facts.verification = compare(network, compiled, machine, inputs, result);
        if (values->count("labels") > 0) {
            facts.verification.top1 = top1(compiled.program, result, (*values)["labels"].as<std::string>(), inputs.batch);
        }
        if (!quiet) {
            print_outputs(compiled.program, result, inputs.batch);
        }
    }
    return finish(facts, *values);
}

}  // namespace cim::cli

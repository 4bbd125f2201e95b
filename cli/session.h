#pragma once
// What several subcommands do: load machines and networks, find ranges, read inputs, run, compare, write results.

#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/report/report.h"
#include "compiler/driver/compile.h"
#include "compiler/ir/float_tensor.h"
#include "compiler/prediction/predict.h"
#include "isa/verifier/verify.h"

namespace cim::cli {

/// The machine of a hardware file. InputError with all its mistakes, one a line.
hw::Machine machine_of(const std::string& path);

/// Checks a program for a machine and a number of inputs. InputError with what the verifier found.
void verify_for(const isa::Program& program, const hw::Machine& machine, std::int64_t batch);

/// Predicts a program that is right, or that was compiled here, while the caller does something else. Both arguments must outlive it.
std::shared_future<compiler::Prediction> predict_meanwhile(const isa::Program& program, const hw::Machine& machine, std::int64_t batch);

/// Options of compile, run and reference that say how a network is quantised, and --emit-qdq.
void add_quantise_options(po::options_description& options);
/// Writes the quantised network where --emit-qdq says, if it does.
void emit_qdq(const po::variables_map& values, const compiler::QuantGraph& network);
/// Options of simulate and run.
void add_simulation_options(po::options_description& options);

/// Seeded inputs with structure (smooth waves and blobs in 0..1), for networks that nobody gave an input for.
std::vector<compiler::FloatTensor> made_inputs(const compiler::Dims& shape, std::int64_t count);

/// Input tensors given by --input, and the batch: --batch, else as many as there are (1 if none). InputError if --batch asks for more.
struct Inputs {
    std::vector<compiler::FloatTensor> samples;
    std::int64_t batch = 1;
    bool made = false;  ///< nobody gave any
};
Inputs inputs_of(const po::variables_map& values, const compiler::Dims& shape);

struct Network {
    compiler::Graph graph;
    compiler::Ranges ranges;
    std::string calibrated_on;  ///< for people: "64 inputs of calibration.npy"
    Inputs inputs;              ///< of the run, if it has one
};
/// Imports the network that `values` names and finds its ranges: from --calibration, else from the inputs of the run (if `with_inputs`),
/// else from made inputs.
Network network_of(const po::variables_map& values, bool with_inputs);

/// The stored form (uint8, HWC) of inputs for a program, one vector for each of its inputs.
std::vector<std::vector<std::uint8_t>> stored_inputs(const isa::Program& program, const std::vector<compiler::FloatTensor>& samples);

/// Simulates with the trace sinks that `values` asks for.
platform::SimulationResult simulate_with(const isa::Program& program, const hw::Machine& machine, const po::variables_map& values,
                                         const Inputs& inputs, HostCost& cost);

/// Writes --output and --report, prints the summary; the exit status.
int finish(const RunFacts& facts, const po::variables_map& values);

/// Quantised tensor that a program's tensor stands for.
compiler::QuantTensor quant_tensor(const isa::Tensor& tensor);

}  // namespace cim::cli

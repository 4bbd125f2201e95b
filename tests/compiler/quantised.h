#pragma once
// Networks on their way from a file to integers, and how much of them arrives.

#include <string>
#include <vector>

#include "compiler/frontend/onnx_import.h"
#include "compiler/ir/graph.h"
#include "compiler/ir/quant_graph.h"
#include "tests/compiler/onnx_files.h"

namespace cim::test {

compiler::Graph imported(const ModelBuilder& model, const compiler::ImportOptions& options = {});

/// Noise for the network's inputs.
std::vector<FloatTensor> samples_for(const compiler::Graph& graph, unsigned n);

/// Calibrated on eight samples, min-max.
compiler::QuantGraph quantised(const compiler::Graph& graph);

/// Signal to quantisation noise of the first output over some inputs, in dB.
double fidelity(const compiler::Graph& graph, const compiler::QuantGraph& quant);

/// What quantising says after the file's name, "" if it works.
std::string quantise_error(const ModelBuilder& model);

/// Values drawn from a fixed sequence, all bytes.
std::vector<std::uint8_t> bytes(std::int64_t n, unsigned seed);

}  // namespace cim::test

#pragma once
// The operators of the integer executor that have no matrix. Tensors are rows x columns x channels.

#include <cstdint>
#include <vector>

#include "compiler/ir/quant_graph.h"

namespace cim::compiler {

/// A tensor and its values.
struct StoredTensor {
    const QuantTensor* info = nullptr;
    std::vector<std::uint8_t>* values = nullptr;
};

/// Executes a node of any kind but Conv.
void execute_integer(const QuantNode& node, const std::vector<StoredTensor>& inputs, const StoredTensor& output);

}  // namespace cim::compiler

#include "compiler/reference/integer_executor.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "compiler/error.h"
#include "compiler/reference/integer_kernels.h"

namespace cim::compiler {
IntegerExecutor::IntegerExecutor(const QuantGraph& graph, std::optional<AdcEmulation> adc) : graph_(graph) {
    for (const QuantTensor& tensor : graph.tensors) {
        tensors_.emplace_back(static_cast<std::size_t>(tensor.shape.count()));
    }
    const std::optional<AdcEmulation> lossy = adc && !adc->lossless() ? adc : std::nullopt;
    for (const QuantNode& node : graph.nodes) {
        convs_.push_back(node.kind == NodeKind::Conv ? std::make_unique<IntegerConv>(node, lossy) : nullptr);
    }
}

void IntegerExecutor::execute(std::size_t index) {
    const QuantNode& node = graph_.nodes[index];
    const auto stored = [&](TensorId id) {
        return StoredTensor{&graph_.tensors[static_cast<std::size_t>(id)], &tensors_[static_cast<std::size_t>(id)]};
    };
    const StoredTensor output = stored(node.output);
    if (node.kind == NodeKind::Conv) {
        const StoredTensor input = stored(node.inputs[0]);
        convs_[index]->run(*input.info, *output.info, *input.values, *output.values);
        return;
    }
    std::vector<StoredTensor> inputs;
    std::transform(node.inputs.begin(), node.inputs.end(), std::back_inserter(inputs), stored);
    execute_integer(node, inputs, output);
}

std::int64_t IntegerExecutor::conversions() const {
    return std::accumulate(convs_.begin(), convs_.end(), std::int64_t{0},
                           [](std::int64_t sum, const auto& conv) { return sum + (conv ? conv->conversions() : 0); });
}

std::int64_t IntegerExecutor::lossy_conversions() const {
    return std::accumulate(convs_.begin(), convs_.end(), std::int64_t{0},
                           [](std::int64_t sum, const auto& conv) { return sum + (conv ? conv->lossy_conversions() : 0); });
}

std::vector<std::vector<std::uint8_t>> IntegerExecutor::run(const std::vector<std::vector<std::uint8_t>>& inputs) {
    if (inputs.size() != graph_.inputs.size()) {
        throw InputError("network '" + graph_.name + "' has " + std::to_string(graph_.inputs.size()) + " inputs, " +
                         std::to_string(inputs.size()) + " are given");
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::vector<std::uint8_t>& tensor = tensors_[static_cast<std::size_t>(graph_.inputs[i])];
        if (inputs[i].size() != tensor.size()) {
            throw InputError("input '" + graph_.tensors[static_cast<std::size_t>(graph_.inputs[i])].name + "' has " +
                             std::to_string(tensor.size()) + " elements, " + std::to_string(inputs[i].size()) + " are given");
        }
        tensor = inputs[i];
    }
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
        execute(n);
    }
    std::vector<std::vector<std::uint8_t>> outputs;
    for (const TensorId output : graph_.outputs) {
        outputs.push_back(tensors_[static_cast<std::size_t>(output)]);
    }
    return outputs;
}

}  // namespace cim::compiler

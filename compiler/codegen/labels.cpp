#include "compiler/codegen/labels.h"

#include <unordered_set>

#include <fmt/format.h>

#include "compiler/ir/index.h"
#include "isa/names.h"

namespace cim::compiler {

template <typename Things>
std::vector<std::string> labels_of(const Things& things) {
    std::unordered_set<std::string> taken;
    for (const auto& thing : things) {
        if (isa::is_name(thing.name)) {
            taken.insert(thing.name);
        }
    }
    std::vector<std::string> labels;
    for (const auto& thing : things) {
        std::string label = thing.name;
        if (!isa::is_name(label)) {
            const std::string like = isa::name_like(label);
            label = like;
            for (int number = 2; !taken.insert(label).second; ++number) {
                label = fmt::format("{}_{}", like, number);
            }
        }
        labels.push_back(std::move(label));
    }
    return labels;
}

template std::vector<std::string> labels_of(const std::vector<QuantNode>&);
template std::vector<std::string> labels_of(const std::vector<QuantTensor>&);

std::vector<isa::Operator> operators_of(const QuantGraph& network) {
    std::vector<isa::Operator> operators;
    std::unordered_set<std::string> taken;
    for (const QuantNode& node : network.nodes) {
        operators.push_back({node.name, node.type});
        taken.insert(node.name);
    }
    const auto add = [&](const std::vector<TensorId>& tensors, const char* type, const char* ending) {
        for (const TensorId id : tensors) {
            std::string name = network.tensors[at(id)].name;
            while (!taken.insert(name).second) {
                name += ending;
            }
            operators.push_back({std::move(name), type});
        }
    };
    add(network.inputs, "Input", ".input");
    add(network.outputs, "Output", ".output");
    return operators;
}

}  // namespace cim::compiler

#include "compiler/frontend/lowering.h"

#include <algorithm>
#include <cmath>

#include "compiler/frontend/constant_folding.h"

namespace cim::compiler {

Lowering::Lowering(RawModel& model, Graph& graph) : model_(model), graph_(graph) {
    for (const RawNode& node : model.nodes) {
        for (const std::string& input : node.inputs) {
            ++uses_[input];
        }
        for (const std::string& output : node.outputs) {
            uses_[output] += 0;  // known as a name
        }
    }
    // Shape arithmetic is small; rearranged weights are as large as the weights. More than that is a file made to hurt.
    fold_budget_ = std::int64_t{1} << 22U;
    for (const auto& [name, constant] : model.constants) {
        fold_budget_ += 4 * constant.size();
    }
}

ValueId Lowering::find(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? -1 : found->second;
}

bool Lowering::has_input(const NodeView& node, std::size_t i) const {
    return i < node.raw().inputs.size() && !node.raw().inputs[i].empty();
}

bool Lowering::is_constant(const NodeView& node, std::size_t i) const {
    return has_input(node, i) && model_.constants.count(node.raw().inputs[i]) != 0;
}

ValueId Lowering::computed(const NodeView& node, std::size_t i) const {
    if (!has_input(node, i)) {
        node.fail("input " + std::to_string(i) + " is missing");
    }
    const std::string& name = node.raw().inputs[i];
    const ValueId value = find(name);
    if (value < 0) {
        node.fail(
            "input '" + name + "' " +
            (is_constant(node, i) ? "is constant, which is not supported" : "is a further output of another node, which is not supported"));
    }
    return value;
}

FloatTensor Lowering::floats(const NodeView& node, std::size_t i, const std::string& what) {
    const auto found = has_input(node, i) ? model_.constants.find(node.raw().inputs[i]) : model_.constants.end();
    if (found == model_.constants.end() || found->second.is_integer()) {
        node.fail("its " + what + " must be a constant of floats");
    }
    Constant& constant = found->second;
    FloatTensor tensor;
    tensor.shape = constant.shape;
    if (--uses_[found->first] == 0) {
        tensor.data = std::move(std::get<0>(constant.data));
        model_.constants.erase(found);
    } else {
        tensor.data = constant.floats();
    }
    for (const float v : tensor.data) {
        if (!std::isfinite(v)) {
            node.fail("its " + what + " holds a value that is not finite");
        }
    }
    return tensor;
}

std::vector<const Constant*> Lowering::constants(const NodeView& node) const {
    std::vector<const Constant*> inputs;
    for (const std::string& name : node.raw().inputs) {
        const auto found = model_.constants.find(name);
        inputs.push_back(found == model_.constants.end() ? nullptr : &found->second);
    }
    return inputs;
}

std::string Lowering::unique(const std::string& name) {
    const int seen = names_[name]++;
    return seen == 0 ? name : unique(name + "_" + std::to_string(seen));
}

ValueId Lowering::add_value(const std::string& name, const Dims& shape, const std::function<void(const std::string&)>& fail) {
    const bool empty = std::any_of(shape.begin(), shape.end(), [](std::int64_t d) { return d < 1; });
    if (empty || checked_count(shape, largest_tensor) < 0) {
        fail("'" + name + "' has the shape " + to_string(shape) + (empty ? ", which holds nothing" : ", which is too large"));
    }
    graph_.values.push_back({name, shape});
    const auto id = static_cast<ValueId>(graph_.values.size() - 1);
    bind(name, id);
    return id;
}

void Lowering::emit(const NodeView& node, Node made, const Dims& shape) {
    made.name = unique(node.raw().name);
    made.type = node.type();
    made.output = add_value(node.raw().outputs[0], shape, [&](const std::string& what) { node.fail("its output " + what); });
    graph_.nodes.push_back(std::move(made));
}

ValueId Lowering::emit_part(const NodeView& node, Node made, const Dims& shape) {
    made.name = unique(node.raw().name);
    made.type = node.type();
    std::string name = made.name + "_part";
    while (uses_.count(name) != 0) {
        name += "_";
    }
    made.output = add_value(name, shape, [&](const std::string& what) { node.fail("its output " + what); });
    graph_.nodes.push_back(std::move(made));
    return graph_.nodes.back().output;
}

bool Lowering::fold(const NodeView& node) {
    if (node.type() == "Shape") {
        const Dims& dims = is_constant(node, 0) ? constants(node)[0]->shape : shape(computed(node, 0));
        model_.constants[node.raw().outputs[0]] = shape_constant(node, dims);
        return true;
    }
    const std::vector<const Constant*> inputs = constants(node);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i] == nullptr && has_input(node, i)) {
            return false;
        }
    }
    if (!is_foldable(node.type())) {
        return false;
    }
    Constant result = fold_constants(node, inputs, fold_budget_);
    fold_budget_ -= result.size();
    if (fold_budget_ < 0) {
        node.fail("the constants of this network grow too large");
    }
    for (const std::string& name : node.raw().inputs) {
        if (--uses_[name] == 0) {
            model_.constants.erase(name);
        }
    }
    model_.constants[node.raw().outputs[0]] = std::move(result);
    return true;
}

void Lowering::lower(const RawNode& raw) {
    const NodeView node(model_, raw);
    if (raw.outputs[0].empty()) {
        node.fail("its first output has no name");
    }
    if (fold(node)) {
        return;
    }
    const auto handler = handlers().find(raw.type);
    if (handler == handlers().end()) {
        node.fail("is supported only where all its inputs are constant");
    }
    handler->second(*this, node);
}

}  // namespace cim::compiler

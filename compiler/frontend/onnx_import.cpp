#include "compiler/frontend/onnx_import.h"

#include <set>
#include <string>

#include "compiler/error.h"
#include "compiler/frontend/constant_folding.h"
#include "compiler/frontend/lowering.h"
#include "compiler/frontend/onnx_reader.h"
#include "compiler/transform/passes.h"

namespace cim::compiler {

const std::map<std::string, Handler>& handlers() {
    static const std::map<std::string, Handler> table = [] {
        std::map<std::string, Handler> known{
            {"Add", &lower_arithmetic},
            {"AveragePool", &lower_average_pool},
            {"BatchNormalization", &lower_batch_norm},
            {"Cast", &lower_identity},
            {"Clip", &lower_clip},
            {"Concat", &lower_concat},
            {"Conv", &lower_conv},
            {"Div", &lower_arithmetic},
            {"Dropout", &lower_identity},
            {"Flatten", &lower_reshape},
            {"Gemm", &lower_gemm},
            {"GlobalAveragePool", &lower_global_pool},
            {"GlobalMaxPool", &lower_global_pool},
            {"Identity", &lower_identity},
            {"LeakyRelu", &lower_prelu},
            {"MatMul", &lower_matmul},
            {"Max", &lower_extremum},
            {"MaxPool", &lower_max_pool},
            {"Min", &lower_extremum},
            {"Mul", &lower_arithmetic},
            {"PRelu", &lower_prelu},
            {"Pad", &lower_pad},
            {"Pow", &lower_pow},
            {"ReduceMax", &lower_reduce},
            {"ReduceMean", &lower_reduce},
            {"Relu", &lower_clip},
            {"Reshape", &lower_reshape},
            {"Softmax", &lower_softmax},
            {"Squeeze", &lower_reshape},
            {"Sub", &lower_arithmetic},
            {"Sum", &lower_sum},
            {"Transpose", &lower_transpose},
            {"Unsqueeze", &lower_reshape},
        };
        for (const UnaryFunction& function : unary_functions()) {
            if (std::string(function.type) != "Affine") {  // not an operator of ONNX
                known.emplace(function.type, &lower_unary);
            }
        }
        return known;
    }();
    return table;
}

namespace {

std::set<std::string> supported_operators() {
    std::set<std::string> types{"Constant", "ConstantOfShape", "Gather", "Shape", "Slice"};
    for (const auto& [type, handler] : handlers()) {
        types.insert(type);
    }
    return types;
}

/// Shape of an input: that of the file, open dimensions closed by the option or, the first one, by 1.
Dims input_shape(const RawModel& model, const RawInput& input, const ImportOptions& options) {
    const auto fail = [&](const std::string& what) { throw InputError(model.file + ": input '" + input.name + "' " + what); };
    if (!input.is_float) {
        fail("is not of element type float");
    }
    const auto given = options.input_shapes.find(input.name);
    if (given != options.input_shapes.end()) {
        const Dims& wish = given->second;
        bool fits = !input.has_shape || wish.size() == input.shape.size();
        for (std::size_t d = 0; fits && input.has_shape && d < wish.size(); ++d) {
            fits = input.shape[d] <= 0 || input.shape[d] == wish[d];
        }
        if (!fits) {
            std::string declared;
            for (const std::int64_t d : input.shape) {
                declared += (declared.empty() ? "" : "x") + (d < 1 ? std::string("?") : std::to_string(d));
            }
            fail("cannot have the shape " + to_string(wish) + ": the file declares " + (declared.empty() ? "a scalar" : declared));
        }
        return wish;
    }
    if (!input.has_shape) {
        fail("has no shape in the file; give one (--input-shape " + input.name + ":1x3x224x224)");
    }
    Dims shape = input.shape;
    for (std::size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] >= 1) {
            continue;
        }
        if (d > 0 || shape[d] == 0) {
            const std::string symbol = input.symbols[d].empty() ? "" : " ('" + input.symbols[d] + "')";
            fail("has no size for dimension " + std::to_string(d) + symbol + "; give the whole shape (--input-shape " + input.name +
                 ":1x3x224x224)");
        }
        shape[d] = 1;
    }
    return shape;
}

void name_outputs(const RawModel& model, const Lowering& lowering, Graph& graph) {
    for (const std::string& name : model.outputs) {
        const ValueId value = lowering.find(name);
        const auto fail = [&](const std::string& what) { throw InputError(model.file + ": output '" + name + "' " + what); };
        if (value < 0) {
            fail(model.constants.count(name) != 0 ? "does not depend on any input"
                                                  : "is a further output of a node, which is not supported");
        }
        for (const ValueId input : graph.inputs) {
            if (value == input) {
                fail("is input '" + graph.values[static_cast<std::size_t>(value)].name + "' unchanged");
            }
        }
        for (const ValueId other : graph.outputs) {
            if (value == other) {
                fail("is the same as output '" + graph.values[static_cast<std::size_t>(other)].name + "'");
            }
        }
        graph.values[static_cast<std::size_t>(value)].name = name;
        graph.outputs.push_back(value);
    }
}

}  // namespace

Graph import_onnx(const std::filesystem::path& path, const ImportOptions& options) {
    RawModel model = read_onnx(path, supported_operators());
    Graph graph;
    graph.name = model.name;
    graph.source = model.file;
    Lowering lowering(model, graph);
    for (const RawInput& input : model.inputs) {
        graph.inputs.push_back(lowering.add_value(input.name, input_shape(model, input, options),
                                                  [&](const std::string& what) { throw InputError(model.file + ": input " + what); }));
    }
    for (const auto& [name, shape] : options.input_shapes) {
        if (lowering.find(name) < 0) {
            throw InputError(model.file + ": it has no input '" + name + "' whose shape could be given");
        }
    }
    for (const RawNode& node : model.nodes) {
        lowering.lower(node);
    }
    name_outputs(model, lowering, graph);
    remove_dead_nodes(graph);
    fold_pads(graph);
    fold_affine(graph);
    fold_transposes(graph);
    fuse_unary(graph);
    return graph;
}

}  // namespace cim::compiler

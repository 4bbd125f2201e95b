#pragma once
// One ONNX node -> node of the float graph. What all operators need is in the class; lower_*.cpp hold the operators.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/frontend/node_view.h"
#include "compiler/ir/graph.h"

namespace cim::compiler {

class Lowering {
  public:
    Lowering(RawModel& model, Graph& graph);

    /// Takes one node; nodes come in topological order.
    void lower(const RawNode& node);

    /// A new value of the graph; its shape is checked by the caller's rules and for sanity. `fail` reports.
    ValueId add_value(const std::string& name, const Dims& shape, const std::function<void(const std::string&)>& fail);

    void bind(const std::string& name, ValueId value) { values_[name] = value; }
    /// The value of that name, -1 if it is a constant or nothing.
    ValueId find(const std::string& name) const;

    // ---- for the operators ------------------------------------------------------------------------------------------------------
    Graph& graph() { return graph_; }
    bool has_input(const NodeView& node, std::size_t i) const;
    bool is_constant(const NodeView& node, std::size_t i) const;
    /// The computed input i; an error if it is missing or constant.
    ValueId computed(const NodeView& node, std::size_t i) const;
    const Dims& shape(ValueId value) const { return graph_.values[static_cast<std::size_t>(value)].shape; }
    /// The constant input i of floats, all finite; `what` names it in messages. Taken away if nobody else reads it.
    FloatTensor floats(const NodeView& node, std::size_t i, const std::string& what);
    /// All inputs as constants, null for those that are left out or computed.
    std::vector<const Constant*> constants(const NodeView& node) const;
    /// Appends `made`, which has its inputs, and gives it an output of shape `shape` that stands for the node's first output.
    void emit(const NodeView& node, Node made, const Dims& shape);
    /// The same for a part of a node that becomes several; returns its output.
    ValueId emit_part(const NodeView& node, Node made, const Dims& shape);
    /// The node's first output is its input `value`, unchanged.
    void alias(const NodeView& node, ValueId value) { bind(node.raw().outputs[0], value); }

  private:
    bool fold(const NodeView& node);
    std::string unique(const std::string& name);

    RawModel& model_;
    Graph& graph_;
    std::map<std::string, ValueId> values_;
    std::map<std::string, int> uses_;  ///< of each name in the file: readings still to come
    std::map<std::string, int> names_;
    std::int64_t fold_budget_ = 0;  ///< elements that folded constants may still take
};

/// Handler of each operator type on computed tensors.
using Handler = void (*)(Lowering&, const NodeView&);
const std::map<std::string, Handler>& handlers();

void lower_conv(Lowering&, const NodeView&);
void lower_gemm(Lowering&, const NodeView&);
void lower_matmul(Lowering&, const NodeView&);

void lower_batch_norm(Lowering&, const NodeView&);
void lower_arithmetic(Lowering&, const NodeView&);  ///< Add, Sub, Mul, Div
void lower_sum(Lowering&, const NodeView&);
void lower_extremum(Lowering&, const NodeView&);  ///< Max, Min with a constant
void lower_pow(Lowering&, const NodeView&);

void lower_max_pool(Lowering&, const NodeView&);
void lower_average_pool(Lowering&, const NodeView&);
void lower_global_pool(Lowering&, const NodeView&);
void lower_reduce(Lowering&, const NodeView&);
void lower_pad(Lowering&, const NodeView&);

void lower_clip(Lowering&, const NodeView&);   ///< Relu, Clip
void lower_prelu(Lowering&, const NodeView&);  ///< PRelu, LeakyRelu
void lower_unary(Lowering&, const NodeView&);  ///< the other functions of ir/unary.h
void lower_softmax(Lowering&, const NodeView&);

void lower_reshape(Lowering&, const NodeView&);  ///< Reshape, Flatten, Squeeze, Unsqueeze
void lower_transpose(Lowering&, const NodeView&);
void lower_concat(Lowering&, const NodeView&);
void lower_identity(Lowering&, const NodeView&);  ///< Identity, Dropout, Cast to float

/// A constant as one value a channel (dimension 1) of a tensor of shape `in`, broadcast as ONNX does.
std::vector<float> per_channel(const NodeView& node, const FloatTensor& constant, const Dims& in);

/// Window of a Conv or pooling node from its attributes; `ceil` rounds the output size up by padding more at the end. Errors if the
/// attributes make no sense for an input of `in_h` x `in_w`.
Window read_window(const NodeView& node, std::int64_t kernel_h, std::int64_t kernel_w, std::int64_t in_h, std::int64_t in_w, bool ceil);

}  // namespace cim::compiler

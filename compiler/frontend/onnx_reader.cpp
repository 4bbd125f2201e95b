#include "compiler/frontend/onnx_reader.h"

#include <fstream>
#include <optional>
#include <set>

#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include "compiler/error.h"
#include "compiler/frontend/tensor_proto.h"
#include "isa/names.h"

namespace cim::compiler {
namespace fs = std::filesystem;
namespace {

class Reader {
  public:
    Reader(const fs::path& path, const std::set<std::string>& supported) : supported_(supported) { raw_.file = path.string(); }

    RawModel read() {
        parse();
        check_names();
        check_opset();
        check_operators();
        check_order();
        check_constants();
        check_by_onnx();
        take_constants();
        take_interface();
        take_nodes();
        return std::move(raw_);
    }

  private:
    [[noreturn]] void fail(const std::string& what) const { throw InputError(raw_.file + ": " + what); }

    static std::string label(const onnx::NodeProto& node) {
        return !node.name().empty() || node.output_size() == 0 ? node.name() : node.output(0);
    }
    std::string place(const onnx::NodeProto& node) const { return "node '" + label(node) + "' (" + node.op_type() + "): "; }

    void parse() {
        std::error_code error;
        const auto status = fs::status(raw_.file, error);
        if (!fs::exists(status)) {
            fail("no such file");
        }
        if (!fs::is_regular_file(status)) {
            fail("not a regular file");
        }
        const std::uintmax_t size = fs::file_size(raw_.file, error);
        if (error || size == 0) {
            fail(error ? error.message() : "the file is empty");
        }
        if (size >= std::uintmax_t{1} << 31U) {
            fail("larger than 2 GiB, which an ONNX file cannot be");
        }
        std::ifstream stream(raw_.file, std::ios::binary);
        if (!stream) {
            fail("cannot be read");
        }
        const google::protobuf::LogSilencer quiet;
        google::protobuf::io::IstreamInputStream input(&stream, 1 << 20);  // bytes at a time
        if (!model_.ParseFromZeroCopyStream(&input)) {
            fail("not an ONNX model, or cut off");
        }
        if (!model_.has_graph() || model_.graph().node_size() == 0) {
            fail("an ONNX model without a network in it");
        }
        if (model_.graph().sparse_initializer_size() > 0) {
            fail("it has sparse initializers, which are not supported");
        }
        raw_.name = model_.graph().name().empty() ? fs::path(raw_.file).stem().string() : model_.graph().name();
    }

    /// Names stand in reports, waveforms and on the screen.
    void check_names() const {
        const auto check = [&](const std::string& what, const std::string& name) {
            if (!isa::is_title(name)) {
                fail(what + " '" + isa::printable(name) + "': the name is not UTF-8 or has control characters");
            }
        };
        const auto& graph = model_.graph();
        check("network", graph.name());
        for (const auto* values : {&graph.input(), &graph.output()}) {
            for (const auto& value : *values) {
                check(values == &graph.input() ? "input" : "output", value.name());
            }
        }
        for (const auto& tensor : graph.initializer()) {
            check("initializer", tensor.name());
        }
        for (const auto& node : graph.node()) {
            check("node", node.name());
            check("operator", node.op_type());
            for (const auto* values : {&node.input(), &node.output()}) {
                for (const std::string& value : *values) {
                    check("tensor", value);
                }
            }
        }
    }

    void check_opset() {
        for (const auto& import : model_.opset_import()) {
            if (import.domain().empty() || import.domain() == "ai.onnx") {
                const std::int64_t version = import.version();
                if (version < oldest_opset || version > newest_opset) {
                    fail("opset " + std::to_string(version) + " is not supported (" + std::to_string(oldest_opset) + " to " +
                         std::to_string(newest_opset) + " are)");
                }
                raw_.opset = static_cast<int>(version);
            }
        }
        if (raw_.opset == 0) {
            fail("it does not say which opset it is written in");
        }
    }

    void check_operators() const {
        for (const auto& node : model_.graph().node()) {
            const bool own = node.domain().empty() || node.domain() == "ai.onnx";
            if (own && supported_.count(node.op_type()) != 0) {
                continue;
            }
            std::string list;
            for (const std::string& type : supported_) {
                list += (list.empty() ? "" : ", ") + type;
            }
            fail(place(node) + "operator " + (own ? "" : node.domain() + ".") + node.op_type() + " of opset " + std::to_string(raw_.opset) +
                 " is not supported; supported are " + list);
        }
    }

    void check_order() const {
        std::set<std::string> known;
        for (const auto& tensor : model_.graph().initializer()) {
            known.insert(tensor.name());
        }
        for (const auto& input : model_.graph().input()) {
            known.insert(input.name());
        }
        std::map<std::string, std::string> given_by;
        for (const auto& node : model_.graph().node()) {
            for (const std::string& output : node.output()) {
                if (!output.empty() && (known.count(output) != 0 || !given_by.emplace(output, label(node)).second)) {
                    fail(place(node) + "output '" + output + "' is given more than once in the network");
                }
            }
        }
        for (const auto& node : model_.graph().node()) {
            for (const std::string& input : node.input()) {
                if (input.empty() || known.count(input) != 0) {
                    continue;
                }
                const auto later = given_by.find(input);
                fail(place(node) + (later == given_by.end()
                                        ? "no node, initializer or input gives '" + input + "'"
                                        : "input '" + input + "' comes from node '" + later->second +
                                              "', which does not come before it: the nodes form a cycle or are out of order"));
            }
            known.insert(node.output().begin(), node.output().end());
        }
        for (const auto& output : model_.graph().output()) {
            if (known.count(output.name()) == 0) {
                fail("no node gives the network's output '" + output.name() + "'");
            }
        }
        if (model_.graph().output_size() == 0) {
            fail("the network has no output");
        }
    }

    /// Dimensions first: the checker multiplies them without looking for overflow.
    void check_constants() const {
        for (const auto& tensor : model_.graph().initializer()) {
            const Dims shape(tensor.dims().begin(), tensor.dims().end());
            if (checked_count(shape, largest_constant) < 0) {
                fail("initializer '" + tensor.name() + "': its dimensions are negative or too large: " + to_string(shape));
            }
        }
    }

    /// The checker insists on shapes of inputs and outputs; here they may be missing, so it is shown empty ones.
    void check_by_onnx() {
        for (auto* values : {model_.mutable_graph()->mutable_input(), model_.mutable_graph()->mutable_output()}) {
            for (auto& value : *values) {
                if (value.type().has_tensor_type() && !value.type().tensor_type().has_shape()) {
                    shapeless_.insert(value.name());
                    value.mutable_type()->mutable_tensor_type()->mutable_shape();
                }
            }
        }
        try {
            const google::protobuf::LogSilencer quiet;
            onnx::checker::check_model(model_);
        } catch (const std::exception& error) {
            fail(std::string("not a valid ONNX model: ") + error.what());
        }
    }

    void take_constants() {
        for (auto& tensor : *model_.mutable_graph()->mutable_initializer()) {
            const std::string where = raw_.file + ": initializer '" + tensor.name() + "'";
            if (!raw_.constants.emplace(tensor.name(), decode_tensor(tensor, where)).second) {
                throw InputError(where + ": given twice");
            }
            onnx::TensorProto().Swap(&tensor);  // a network's weights need not be in memory twice; Clear() keeps their room
        }
    }

    void take_interface() {
        for (const auto& value : model_.graph().input()) {
            if (raw_.constants.count(value.name()) != 0) {
                continue;
            }
            if (!value.type().has_tensor_type()) {
                fail("input '" + value.name() + "' is not a tensor");
            }
            const auto& type = value.type().tensor_type();
            RawInput input;
            input.name = value.name();
            input.is_float = type.elem_type() == onnx::TensorProto::FLOAT;
            input.has_shape = shapeless_.count(input.name) == 0;
            for (const auto& dim : type.shape().dim()) {
                input.shape.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
                input.symbols.push_back(dim.dim_param());
            }
            raw_.inputs.push_back(std::move(input));
        }
        for (const auto& value : model_.graph().output()) {
            raw_.outputs.push_back(value.name());
        }
    }

    std::optional<Attribute> take_attribute(const onnx::AttributeProto& proto, const onnx::NodeProto& node) const {
        using A = onnx::AttributeProto;
        switch (proto.type()) {
            case A::INT: return proto.i();
            case A::FLOAT: return proto.f();
            case A::STRING: return proto.s();
            case A::INTS: return std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end());
            case A::FLOATS: return std::vector<float>(proto.floats().begin(), proto.floats().end());
            case A::STRINGS: return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
            case A::TENSOR: return decode_tensor(proto.t(), raw_.file + ": " + place(node) + "attribute '" + proto.name() + "'");
            default: return std::nullopt;  // no supported operator has one of another type
        }
    }

    void take_nodes() {
        for (auto& proto : *model_.mutable_graph()->mutable_node()) {
            RawNode node;
            node.name = label(proto);
            node.type = proto.op_type();
            node.inputs.assign(proto.input().begin(), proto.input().end());
            node.outputs.assign(proto.output().begin(), proto.output().end());
            if (node.outputs.empty()) {
                fail(place(proto) + "it has no output");
            }
            for (const auto& attribute : proto.attribute()) {
                if (auto taken = take_attribute(attribute, proto)) {
                    node.attributes.emplace(attribute.name(), std::move(*taken));
                }
            }
            raw_.nodes.push_back(std::move(node));
            onnx::NodeProto().Swap(&proto);
        }
    }

    const std::set<std::string>& supported_;
    onnx::ModelProto model_;
    std::set<std::string> shapeless_;
    RawModel raw_;
};

}  // namespace

RawModel read_onnx(const fs::path& path, const std::set<std::string>& supported) {
    return Reader(path, supported).read();
}

}  // namespace cim::compiler

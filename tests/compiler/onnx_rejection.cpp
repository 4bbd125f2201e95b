// What the importer says about files that it cannot take. Every message is one line and begins with the file's name.

#include <fstream>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "tests/compiler/onnx_files.h"

using namespace cim::compiler;
using namespace cim::test;
using Catch::Matchers::Contains;

namespace {

/// The message for a model, after the file's name, which it must begin with.
std::string rejection(const ModelBuilder& model) {
    const TemporaryFolder folder;
    const std::string file = model.write(folder / "m.onnx").string();
    const std::string message = import_error(file);
    CHECK(message.find('\n') == std::string::npos);
    REQUIRE(message.rfind(file + ": ", 0) == 0);
    return message.substr(file.size() + 2);
}

ModelBuilder one_node(const std::string& type, const std::vector<std::int64_t>& shape, const std::vector<std::string>& inputs = {"x"}) {
    ModelBuilder m;
    m.input("x", shape).output("y").node(type, inputs, {"y"});
    return m;
}

onnx::NodeProto& last_node(ModelBuilder& m) {
    return *m.proto().mutable_graph()->mutable_node(m.proto().graph().node_size() - 1);
}

}  // namespace

TEST_CASE("files that are no ONNX network", "[compiler][onnx]") {
    const TemporaryFolder folder;
    CHECK_THAT(import_error(folder / "absent.onnx"), Contains("absent.onnx: no such file"));
    CHECK_THAT(import_error(folder.path()), Contains("not a regular file"));
    std::ofstream(folder / "empty.onnx").flush();
    CHECK_THAT(import_error(folder / "empty.onnx"), Contains("empty.onnx: the file is empty"));
    std::ofstream(folder / "text.onnx") << "This is not a network.";
    CHECK_THAT(import_error(folder / "text.onnx"), Contains("text.onnx: not an ONNX model, or cut off"));
    CHECK(rejection(ModelBuilder()) == "an ONNX model without a network in it");
}

TEST_CASE("names that cannot be shown", "[compiler][onnx]") {
    ModelBuilder m = one_node("Relu", {1, 2});
    last_node(m).set_name("a\x1B[2J");
    CHECK(rejection(m) == "node 'a\\x1b[2J': the name is not UTF-8 or has control characters");
    // Protobuf's own writer would complain of it.
    const TemporaryFolder folder;
    std::string bytes = small_network().proto().SerializeAsString();
    const std::string name = small_network().proto().graph().node(0).name();
    bytes.replace(bytes.find(name), 1, "\xFF");
    std::ofstream(folder / "m.onnx", std::ios::binary) << bytes;
    CHECK_THAT(import_error(folder / "m.onnx"), Contains("m.onnx: node '\\xff"));
}

TEST_CASE("every way of cutting a file off is one error", "[compiler][onnx]") {
    const TemporaryFolder folder;
    const std::string bytes = small_network().proto().SerializeAsString();
    for (std::size_t length = 0; length < bytes.size(); length += 37) {
        std::ofstream(folder / "cut.onnx", std::ios::binary) << bytes.substr(0, length);
        const std::string message = import_error(folder / "cut.onnx");
        INFO(length);
        CHECK_THAT(message, Contains("cut.onnx: "));
        CHECK(message.find('\n') == std::string::npos);
    }
}

TEST_CASE("a file with any byte changed is an error or a network", "[compiler][onnx]") {
    const TemporaryFolder folder;
    const std::string bytes = small_network().proto().SerializeAsString();
    std::uint32_t state = 1;
    for (int round = 0; round < 2000; ++round) {
        std::string changed = bytes;
        state = state * 1664525U + 1013904223U;
        // The structure is at the beginning and the end; in between lie weights, where changes are seldom noticed.
        const std::size_t at = state >> 8U & 1U ? (state >> 9U) % 900U : changed.size() - 1 - (state >> 9U) % 120U;
        changed[at] = static_cast<char>(changed[at] ^ static_cast<char>(1U << (state >> 3U & 7U)));
        std::ofstream(folder / "changed.onnx", std::ios::binary) << changed;
        const std::string message = import_error(folder / "changed.onnx");
        CHECK(message.find('\n') == std::string::npos);
    }
}

TEST_CASE("unsupported operators and opsets are named", "[compiler][onnx]") {
    CHECK_THAT(rejection(one_node("Asinh", {1, 4})),
               Contains("node 'n_y' (Asinh): operator Asinh of opset 13 is not supported; supported are Abs, Add, Atan, "));
    ModelBuilder foreign = one_node("Relu", {1, 4});
    last_node(foreign).set_domain("com.acme");
    CHECK_THAT(rejection(foreign), Contains("node 'n_y' (Relu): operator com.acme.Relu of opset 13 is not supported; supported are "));
    for (const int opset : {5, 18}) {
        ModelBuilder m(opset);
        m.input("x", {1, 4}).output("y").node("Relu", {"x"}, {"y"});
        CHECK(rejection(m) == "opset " + std::to_string(opset) + " is not supported (6 to 17 are)");
    }
    ModelBuilder none = one_node("Relu", {1, 4});
    none.proto().clear_opset_import();
    CHECK(rejection(none) == "it does not say which opset it is written in");
}

TEST_CASE("values must be given once, before they are used", "[compiler][onnx]") {
    CHECK(rejection(one_node("Relu", {1, 4}, {"z"})) == "node 'n_y' (Relu): no node, initializer or input gives 'z'");

    ModelBuilder missing = one_node("Conv", {1, 2, 5, 5}, {"x", "w"});
    CHECK(rejection(missing) == "node 'n_y' (Conv): no node, initializer or input gives 'w'");

    ModelBuilder cycle;
    cycle.input("x", {1, 4}).output("y");
    cycle.node("Add", {"x", "b"}, {"a"});
    cycle.node("Relu", {"a"}, {"b"});
    cycle.node("Relu", {"b"}, {"y"});
    CHECK(rejection(cycle) ==
          "node 'n_a' (Add): input 'b' comes from node 'n_b', which does not come before it: the nodes form a cycle or are out of order");

    ModelBuilder self = one_node("Relu", {1, 4}, {"y"});
    CHECK_THAT(rejection(self), Contains("the nodes form a cycle"));

    ModelBuilder twice = one_node("Relu", {1, 4});
    twice.node("Tanh", {"x"}, {"y"});
    CHECK(rejection(twice) == "node 'n_y' (Tanh): output 'y' is given more than once in the network");

    ModelBuilder absent;
    absent.input("x", {1, 4}).output("z").node("Relu", {"x"}, {"y"});
    CHECK(rejection(absent) == "no node gives the network's output 'z'");
}

TEST_CASE("open dimensions and wrong shapes of inputs", "[compiler][onnx]") {
    CHECK(rejection(one_node("Relu", {-1, 3, -1, 8})) ==
          "input 'x' has no size for dimension 2 ('d2'); give the whole shape (--input-shape x:1x3x224x224)");
    const TemporaryFolder folder;
    const auto file = one_node("Relu", {-1, 3, -1, 8}).write(folder / "m.onnx");
    CHECK_THROWS_WITH(import_onnx(file, {{{"x", {1, 4, 8, 8}}}}),
                      Contains("input 'x' cannot have the shape 1x4x8x8: the file declares ?x3x?x8"));
    CHECK_THROWS_WITH(import_onnx(file, {{{"x", {1, 3, 8, 8}}, {"z", {1}}}}), Contains("it has no input 'z' whose shape could be given"));
    CHECK_THROWS_WITH(import_onnx(file, {{{"x", {1, 3, std::int64_t{1} << 40U, 8}}}}), Contains("which is too large"));
    CHECK_THAT(rejection(one_node("Relu", {1, 1 << 20, 1 << 20, 1 << 20})),
               Contains("input 'x' has the shape 1x1048576x1048576x1048576, which is too large"));
    CHECK_THAT(rejection(one_node("Relu", {1, 0})), Contains("input 'x' has no size for dimension 1"));
    ModelBuilder bytes = one_node("Relu", {1, 4});
    bytes.proto().mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::DOUBLE);
    CHECK(rejection(bytes) == "input 'x' is not of element type float");
}

TEST_CASE("constants whose data and shape disagree", "[compiler][onnx]") {
    ModelBuilder few = one_node("Conv", {1, 2, 5, 5}, {"x", "w"});
    few.floats("w", {3, 2, 3, 3}, std::vector<float>(53, 1.0F));
    CHECK(rejection(few) == "initializer 'w': its shape 3x2x3x3 needs 54 elements, the file holds 53");

    ModelBuilder huge = one_node("Conv", {1, 2, 5, 5}, {"x", "w"});
    huge.floats("w", {std::int64_t{1} << 40U, std::int64_t{1} << 40U, 3, 3}, {1.0F});
    CHECK_THAT(rejection(huge), Contains("initializer 'w': its dimensions are negative or too large: 1099511627776x"));

    ModelBuilder infinite = one_node("Conv", {1, 1, 5, 5}, {"x", "w"});
    infinite.floats("w", {1, 1, 1, 1}, {std::numeric_limits<float>::infinity()});
    CHECK(rejection(infinite) == "node 'n_y' (Conv): its weight holds a value that is not finite");

    ModelBuilder outside = one_node("Conv", {1, 1, 5, 5}, {"x", "w"});
    outside.floats("w", {1, 1, 1, 1}, {1.0F});
    auto* tensor = outside.proto().mutable_graph()->mutable_initializer(0);
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    CHECK_THAT(rejection(outside), Contains("w"));

    ModelBuilder doubling;
    doubling.input("x", {1, 4}).output("y").weights("c0", {1024});
    for (int i = 0; i < 40; ++i) {
        const std::string from = "c" + std::to_string(i);
        set_integer(doubling.node("Concat", {from, from}, {"c" + std::to_string(i + 1)}), "axis", 0);
    }
    doubling.node("Add", {"x", "c40"}, {"y"});
    CHECK_THAT(rejection(doubling), Contains("(Concat): its result would have the shape ") && Contains("too large for a constant"));
}

TEST_CASE("attributes that make no sense", "[compiler][onnx]") {
    const auto conv = [](const std::string& attribute, const std::vector<std::int64_t>& values) {
        ModelBuilder m = one_node("Conv", {1, 2, 5, 5}, {"x", "w"});
        m.weights("w", {3, 2, 3, 3});
        set_integers(last_node(m), attribute, values);
        return rejection(m);
    };
    CHECK_THAT(conv("strides", {0, 1}), Contains("node 'n_y' (Conv): attribute 'strides': 0 is out of range [1, 65536]"));
    CHECK_THAT(conv("pads", {0, 0, 0, -1}), Contains("attribute 'pads': -1 is out of range [0, 65536]"));
    CHECK_THAT(conv("pads", {0, 0, 0, std::int64_t{1} << 60U}), Contains("is out of range [0, 65536]"));
    CHECK_THAT(conv("pads", {65536, 65536, 65536, 65536}), Contains("which is too large"));
    CHECK_THAT(conv("strides", {1, 1, 1}), Contains("attribute 'strides' has 3 numbers, two-dimensional windows have 2"));
    CHECK_THAT(conv("kernel_shape", {5, 5}), Contains("kernel_shape 5x5 contradicts its weight of shape 3x2x3x3"));
    CHECK_THAT(conv("dilations", {3, 1}), Contains("its kernel of 3x3 is larger than its padded input of 5x5"));

    ModelBuilder groups = one_node("Conv", {1, 2, 5, 5}, {"x", "w"});
    groups.weights("w", {2, 1, 3, 3});
    set_integer(last_node(groups), "group", 3);
    CHECK(rejection(groups) == "node 'n_y' (Conv): group = 3 does not divide the 2 channels of its input");

    ModelBuilder channels = one_node("Conv", {1, 2, 5, 5}, {"x", "w"});
    channels.weights("w", {3, 4, 3, 3});
    CHECK(rejection(channels) == "node 'n_y' (Conv): a weight of shape 3x4x3x3 does not fit an input of shape 1x2x5x5");

    ModelBuilder mode = one_node("Conv", {1, 2, 5, 5}, {"x", "w"});
    mode.weights("w", {3, 2, 3, 3});
    set_text(last_node(mode), "auto_pad", "SAME");
    CHECK_THAT(rejection(mode), Contains("auto_pad 'SAME' does not exist"));

    ModelBuilder gemm = one_node("Gemm", {1, 4}, {"x", "w"});
    gemm.weights("w", {5, 2});
    CHECK(rejection(gemm) == "node 'n_y' (Gemm): an input of shape 1x4 does not fit a weight for 5 inputs and 2 outputs");

    ModelBuilder reshape = one_node("Reshape", {1, 4}, {"x", "s"});
    reshape.integers("s", {3, -1});
    CHECK(rejection(reshape) == "node 'n_y' (Reshape): a tensor of shape 1x4 cannot take the shape 3x-1");

    ModelBuilder quotient = one_node("Div", {1, 4}, {"x", "x"});
    CHECK(rejection(quotient) == "node 'n_y' (Div): by a computed tensor is not supported");

    ModelBuilder product;
    product.input("x", {1, 3, 4, 5}).input("z", {1, 3, 4, 1}).output("y").node("Mul", {"x", "z"}, {"y"});
    CHECK(rejection(product) ==
          "node 'n_y' (Mul): of shapes 1x3x4x5 and 1x3x4x1: computed tensors must have the same shape, or one of them one value a channel");

    ModelBuilder joined;
    joined.input("x", {1, 3, 4, 5}).input("z", {1, 3, 4, 4}).output("y");
    set_integer(joined.node("Concat", {"x", "z"}, {"y"}), "axis", 1);
    CHECK(rejection(joined) == "node 'n_y' (Concat): inputs of shapes 1x3x4x5 and 1x3x4x4 do not fit together");

    ModelBuilder slope = one_node("PRelu", {1, 3, 4, 5}, {"x", "s"});
    slope.weights("s", {5});
    CHECK(rejection(slope) ==
          "node 'n_y' (PRelu): a constant of shape 5 for a tensor of shape 1x3x4x5: only one value a channel is supported");

    ModelBuilder bound = one_node("Max", {1, 4}, {"x", "x"});
    CHECK(rejection(bound) == "node 'n_y' (Max): is supported only of a computed tensor and one constant number");

    ModelBuilder average = one_node("AveragePool", {1, 2, 5, 5});
    set_integers(last_node(average), "kernel_shape", {2, 2});
    set_integers(last_node(average), "strides", {2, 2});
    set_integer(last_node(average), "ceil_mode", 1);
    set_integer(last_node(average), "count_include_pad", 1);
    CHECK(rejection(average) ==
          "node 'n_y' (AveragePool): count_include_pad with ceil_mode is not supported where the last window reaches beyond the padding");

    ModelBuilder mean = one_node("ReduceMean", {1, 3, 4, 5});
    set_integers(last_node(mean), "axes", {1});
    CHECK(rejection(mean) == "node 'n_y' (ReduceMean): is supported only over the rows and columns of a feature map (axes 2 and 3)");

    ModelBuilder pad = one_node("Pad", {1, 3, 4, 5}, {"x", "p"});
    pad.integers("p", {0, 1, 0, 0, 0, 0, 0, 0});
    CHECK(rejection(pad) == "node 'n_y' (Pad): is supported only with zeros around the rows and columns of a feature map");

    ModelBuilder index = one_node("Relu", {1, 4});
    index.integers("s", {3}).integers("i", {7}).output("g");
    index.node("Gather", {"s", "i"}, {"g"});
    CHECK(rejection(index) == "node 'n_g' (Gather): index 7 is outside of dimension 0 of 1");

    ModelBuilder pool = one_node("MaxPool", {1, 2, 5, 5});
    set_integers(last_node(pool), "kernel_shape", {2, 2});
    set_integers(last_node(pool), "pads", {2, 2, 2, 2});
    CHECK(rejection(pool) == "node 'n_y' (MaxPool): its padding is wider than its kernel");

    ModelBuilder line = one_node("MaxPool", {1, 2, 5});
    set_integers(last_node(line), "kernel_shape", {2});
    CHECK_THAT(rejection(line), Contains("only two-dimensional pooling of NCHW tensors is supported"));

    ModelBuilder mask;
    mask.input("x", {1, 4}).output("mask").node("Dropout", {"x"}, {"y", "mask"});
    CHECK(rejection(mask) == "output 'mask' is a further output of a node, which is not supported");
}

TEST_CASE("texts with line breaks and long names do not break the message", "[compiler][onnx]") {
    ModelBuilder m = one_node("MaxPool", {1, 2, 5, 5});
    set_integers(last_node(m), "kernel_shape", {2, 2});
    set_text(last_node(m), "auto_pad", "two\nlines\t\x1b[31m");
    CHECK_THAT(rejection(m), Contains("two lines [31m"));
    m = one_node("Div", {1, 4}, {"x", "x"});
    last_node(m).set_name(std::string(100000, 'n'));
    CHECK(rejection(m).size() < 2100);
}

TEST_CASE("what ONNX's checker finds is one line too", "[compiler][onnx]") {
    ModelBuilder m = one_node("Relu", {1, 4}, {"x", "x"});
    CHECK_THAT(rejection(m), Contains("not a valid ONNX model: "));
}

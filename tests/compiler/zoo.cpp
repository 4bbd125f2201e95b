#include "compiler/zoo/zoo.h"

#include <cmath>
#include <map>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/io/file.h"
#include "compiler/quantization/quantise.h"
#include "compiler/reference/float_executor.h"
#include "compiler/zoo/onnx_writer.h"
#include "compiler/zoo/weights.h"
#include "tests/compiler/onnx_files.h"

using namespace cim::compiler;
using namespace cim::test;
using Catch::Matchers::Contains;

namespace {

Blueprint published(const std::string& name) {
    const ZooNetwork& network = *find_zoo_network(name);
    return network.build({1, 3, network.size, network.size}, network.classes);
}

Blueprint small(const std::string& name, std::int64_t size, std::int64_t classes = 10) {
    return find_zoo_network(name)->build({1, 3, size, size}, classes);
}

std::string bytes_of(const Blueprint& blueprint, std::uint32_t seed) {
    return onnx_bytes(give_weights(blueprint, calibration_images(blueprint), seed));
}

const Dims& shape_of(const Graph& graph, const std::string& name) {
    for (const Value& value : graph.values) {
        if (value.name == name) {
            return value.shape;
        }
    }
    throw std::runtime_error("no value " + name);
}

double deviation(const std::vector<float>& values) {
    double mean = 0;
    double square = 0;
    for (const float v : values) {
        mean += v / static_cast<double>(values.size());
        square += static_cast<double>(v) * v / static_cast<double>(values.size());
    }
    return std::sqrt(std::max(0.0, square - mean * mean));
}

void normalise(FloatTensor& image) {
    const double factor = 1 / deviation(image.data);
    double mean = 0;
    for (const float v : image.data) {
        mean += v / static_cast<double>(image.data.size());
    }
    for (float& v : image.data) {
        v = static_cast<float>((v - mean) * factor);
    }
}

/// Images that the weights were not made for: waves, a bright disc, noise.
std::vector<FloatTensor> unseen_images(const Dims& shape) {
    std::vector<FloatTensor> images{{shape, {}}, {shape, {}}, noise(shape, 5)};
    for (std::int64_t i = 0; i < count(shape); ++i) {
        const double x = static_cast<double>(i % shape[3]) / static_cast<double>(shape[3]);
        const double y = static_cast<double>(i / shape[3] % shape[2]) / static_cast<double>(shape[2]);
        const double channel = static_cast<double>(i / (shape[2] * shape[3]));
        images[0].data.push_back(static_cast<float>(std::sin(9 * x + 14 * y + channel)));
        images[1].data.push_back(std::hypot(x - 0.4, y - 0.6) < 0.25 ? 1.0F + static_cast<float>(channel) : 0.0F);
    }
    for (FloatTensor& image : images) {
        normalise(image);
    }
    return images;
}

/// Writes the network with images of `size`, has it checked, imports it and looks at every tensor.
void check_activations(const std::string& name, std::int64_t size) {
    const TemporaryFolder folder;
    const Blueprint blueprint = small(name, size);
    write_file_atomically(folder / "m.onnx", bytes_of(blueprint, 1));
    CHECK(onnx_error(folder / "m.onnx").empty());
    const Graph graph = import_onnx(folder / "m.onnx");
    CHECK(graph.name == name);
    const FloatExecutor executor(graph);
    for (const FloatTensor& image : unseen_images({1, 3, size, size})) {
        std::size_t tensors = 0;
        executor.run({image}, [&](ValueId id, const FloatTensor& tensor) {
            INFO(graph.values[static_cast<std::size_t>(id)].name);
            const double d = deviation(tensor.data);
            CHECK(d > 0.1);
            CHECK(d < 10);
            ++tensors;
        });
        CHECK(tensors == blueprint.graph.values.size());
    }
}

std::uint64_t fingerprint(const std::string& bytes) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : bytes) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
    return hash;
}

}  // namespace

TEST_CASE("networks of the zoo have as many parameters as published", "[compiler][zoo]") {
    const std::map<std::string, std::int64_t> parameters{{"vgg7", 12'976'266},      {"vgg16", 138'357'544},   {"resnet18", 11'689'512},
                                                         {"resnet34", 21'797'672},  {"resnet50", 25'557'032}, {"resnet101", 44'549'160},
                                                         {"mobilenetv2", 3'504'872}};
    CHECK(zoo().size() == parameters.size());
    for (const auto& [name, expected] : parameters) {
        INFO(name);
        const Blueprint blueprint = published(name);
        CHECK(blueprint.parameters == expected);
        const bool batch_norm = name.substr(0, 3) != "vgg";
        std::int64_t counted = 0;
        for (const Node& node : blueprint.graph.nodes) {
            if (!node.weight.shape.empty()) {
                counted += count(node.weight.shape) + node.weight.shape[0] * (batch_norm && node.op == Op::Conv ? 2 : 1);
            }
        }
        CHECK(counted == expected);
    }
}

TEST_CASE("maps of the zoo's networks have the published shapes", "[compiler][zoo]") {
    const Graph vgg = published("vgg16").graph;
    CHECK(shape_of(vgg, "pool1") == Dims{1, 64, 112, 112});
    CHECK(shape_of(vgg, "relu4_3") == Dims{1, 512, 28, 28});
    CHECK(shape_of(vgg, "flatten") == Dims{1, 25088});
    CHECK(shape_of(vgg, "scores") == Dims{1, 1000});
    CHECK(shape_of(published("vgg7").graph, "pool3") == Dims{1, 512, 4, 4});

    const Graph resnet = published("resnet50").graph;
    CHECK(shape_of(resnet, "relu1") == Dims{1, 64, 112, 112});
    CHECK(shape_of(resnet, "maxpool") == Dims{1, 64, 56, 56});
    CHECK(shape_of(resnet, "layer1.2.relu") == Dims{1, 256, 56, 56});
    CHECK(shape_of(resnet, "layer2.0.conv1") == Dims{1, 128, 56, 56});
    CHECK(shape_of(resnet, "layer2.0.conv2") == Dims{1, 128, 28, 28});
    CHECK(shape_of(resnet, "layer3.5.relu") == Dims{1, 1024, 14, 14});
    CHECK(shape_of(resnet, "layer4.2.relu") == Dims{1, 2048, 7, 7});
    CHECK(shape_of(resnet, "avgpool") == Dims{1, 2048, 1, 1});
    CHECK(shape_of(published("resnet101").graph, "layer3.22.relu") == Dims{1, 1024, 14, 14});
    CHECK(shape_of(published("resnet18").graph, "layer4.1.relu") == Dims{1, 512, 7, 7});

    const Graph mobilenet = published("mobilenetv2").graph;
    CHECK(shape_of(mobilenet, "block1.project") == Dims{1, 16, 112, 112});
    CHECK(shape_of(mobilenet, "block3.add") == Dims{1, 24, 56, 56});
    CHECK(shape_of(mobilenet, "block7.expand") == Dims{1, 192, 28, 28});
    CHECK(shape_of(mobilenet, "block17.project") == Dims{1, 320, 7, 7});
    CHECK(shape_of(mobilenet, "head") == Dims{1, 1280, 7, 7});
}

TEST_CASE("activations of vgg7 stay in range", "[compiler][zoo]") {
    check_activations("vgg7", 16);
}
TEST_CASE("activations of vgg16 stay in range", "[compiler][zoo]") {
    check_activations("vgg16", 32);
}
TEST_CASE("activations of resnet18 stay in range", "[compiler][zoo]") {
    check_activations("resnet18", 64);
}
TEST_CASE("activations of resnet34 stay in range", "[compiler][zoo]") {
    check_activations("resnet34", 32);
}
TEST_CASE("activations of resnet50 stay in range", "[compiler][zoo]") {
    check_activations("resnet50", 32);
}
TEST_CASE("activations of resnet101 stay in range", "[compiler][zoo]") {
    check_activations("resnet101", 32);
}
TEST_CASE("activations of mobilenetv2 stay in range", "[compiler][zoo]") {
    check_activations("mobilenetv2", 64);
}

TEST_CASE("the seed says everything about the weights", "[compiler][zoo]") {
    const Blueprint blueprint = small("mobilenetv2", 32);
    const std::string bytes = bytes_of(blueprint, 7);
    CHECK(bytes == bytes_of(blueprint, 7));
    CHECK(bytes.size() == bytes_of(blueprint, 8).size());
    CHECK(bytes != bytes_of(blueprint, 8));
    CHECK(fingerprint(bytes) == 0xa7a31841ffed98e7U);  // on every machine
}

TEST_CASE("a network of the zoo can be quantised", "[compiler][zoo]") {
    const TemporaryFolder folder;
    const Blueprint blueprint = small("resnet18", 32);
    const std::vector<FloatTensor> images = calibration_images(blueprint);
    write_file_atomically(folder / "m.onnx", onnx_bytes(give_weights(blueprint, images, 1)));
    const Graph graph = import_onnx(folder / "m.onnx");
    CHECK_NOTHROW(quantise(graph, calibrate(graph, images, CalibrationMethod::MinMax)));
}

TEST_CASE("a network too large for an ONNX file", "[compiler][zoo]") {
    CHECK_THROWS_WITH(small("vgg16", 1024), Contains("vgg16 for images of 1024x1024 would have") && Contains("2 GiB"));
}

#include "tests/platform/networks.h"

#include "compiler/reference/integer_executor.h"

namespace cim::test {

using namespace cim::compiler;
using isa::Dice;

std::vector<std::uint8_t> random_images(const QuantGraph& graph, std::int64_t batch, std::uint64_t seed) {
    Dice dice(seed);
    std::vector<std::uint8_t> bytes(
        static_cast<std::size_t>(batch * graph.tensors[static_cast<std::size_t>(graph.inputs[0])].shape.count()));
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(dice.roll(0, 255));
    }
    return bytes;
}

std::vector<std::vector<std::uint8_t>> random_image_sets(const QuantGraph& graph, std::int64_t batch, std::uint64_t seed) {
    Dice dice(seed);
    std::vector<std::vector<std::uint8_t>> sets;
    for (const TensorId id : graph.inputs) {
        sets.emplace_back(static_cast<std::size_t>(batch * graph.tensors[static_cast<std::size_t>(id)].shape.count()));
        for (std::uint8_t& byte : sets.back()) {
            byte = static_cast<std::uint8_t>(dice.roll(0, 255));
        }
    }
    return sets;
}

Compiled compile_with_schedule(const QuantGraph& graph, const hw::Machine& machine, std::optional<isa::Level> level, std::int64_t images) {
    CompileOptions options;
    options.level = level;
    options.spread = images > 0;
    options.images = images;
    return compile(graph, machine, options);
}

isa::Program compile_network(const QuantGraph& graph, const hw::Machine& machine, std::optional<isa::Level> level, std::int64_t images) {
    return compile_with_schedule(graph, machine, level, images).program;
}

std::vector<std::vector<std::uint8_t>> reference_outputs(const QuantGraph& graph, const hw::Machine& machine,
                                                         const std::vector<std::uint8_t>& images) {
    IntegerExecutor executor(graph, adc_emulation(machine));
    const auto size = static_cast<std::ptrdiff_t>(graph.tensors[static_cast<std::size_t>(graph.inputs[0])].shape.count());
    std::vector<std::vector<std::uint8_t>> outputs(graph.outputs.size());
    for (auto image = images.begin(); image != images.end(); image += size) {
        const std::vector<std::vector<std::uint8_t>> one = executor.run({{image, image + size}});
        for (std::size_t i = 0; i < one.size(); ++i) {
            outputs[i].insert(outputs[i].end(), one[i].begin(), one[i].end());
        }
    }
    return outputs;
}

std::vector<std::vector<std::uint8_t>> reference_outputs(const QuantGraph& graph, const hw::Machine& machine,
                                                         const std::vector<std::vector<std::uint8_t>>& images, std::int64_t batch) {
    IntegerExecutor executor(graph, adc_emulation(machine));
    std::vector<std::vector<std::uint8_t>> outputs(graph.outputs.size());
    for (std::int64_t image = 0; image < batch; ++image) {
        std::vector<std::vector<std::uint8_t>> one;
        for (const std::vector<std::uint8_t>& all : images) {
            const auto size = static_cast<std::ptrdiff_t>(all.size()) / batch;
            one.emplace_back(all.begin() + image * size, all.begin() + (image + 1) * size);
        }
        const std::vector<std::vector<std::uint8_t>> results = executor.run(one);
        for (std::size_t i = 0; i < results.size(); ++i) {
            outputs[i].insert(outputs[i].end(), results[i].begin(), results[i].end());
        }
    }
    return outputs;
}

}  // namespace cim::test

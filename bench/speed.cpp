// How fast a timing-only simulation is: meta-operators (CIM, DCOM, DMOV; counters and loops not counted) a second of host time, on a
// machine of 64 cores whose cores all work. Beside it, to compare hosts by, what the SystemC kernel alone does in a second.
// Usage: cimmlc-speed MACHINE.yaml [IMAGES]
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <random>
#include <systemc>

#include <fmt/format.h>

#include "compiler/driver/compile.h"
#include "compiler/prediction/predict.h"
#include "hw_models/spec/load.h"
#include "platform/kernel/fresh_kernel.h"
#include "platform/loader/simulate.h"

namespace {

using namespace cim;

double seconds_since(std::clock_t begin) {
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;  // of this process, not of what else the host does
}

struct Ringing final : sc_core::sc_module {
    SC_HAS_PROCESS(Ringing);
    explicit Ringing(const sc_core::sc_module_name& name) : sc_module(name) {
        SC_METHOD(ring);
        sensitive << bell_;
    }
    void ring() {
        if (--left_ > 0) {
            bell_.notify(sc_core::SC_ZERO_TIME);
        }
    }

    static constexpr int activations = 20'000;

  private:
    sc_core::sc_event bell_;
    int left_ = activations;
};

/// Process activations of the kernel a second, in millions: methods that wake each other a delta cycle later, the cheapest that it has. One
/// at a later time costs three times as much.
double kernel_speed() {
    const platform::FreshKernel kernel;
    const sc_core::sc_vector<Ringing> processes("ringing", 256);  // as many as a chip has engines
    const std::clock_t begin = std::clock();
    sc_core::sc_start();
    return 1e-6 * Ringing::activations * static_cast<double>(processes.size()) / seconds_since(begin);
}

int add_tensor(compiler::QuantGraph& graph, const std::string& name, compiler::Shape3 shape) {
    compiler::QuantTensor tensor;
    tensor.name = name;
    tensor.shape = shape;
    tensor.onnx_shape = {1, shape.c, shape.h, shape.w};
    graph.tensors.push_back(tensor);
    return static_cast<int>(graph.tensors.size()) - 1;
}

/// A chain of 3x3 convolutions, `layers` of them, on a map of size x size with `channels` channels.
compiler::QuantGraph chain(int layers, int size, int channels) {
    compiler::QuantGraph graph;
    graph.name = "chain";
    std::mt19937 random(1);
    int from = add_tensor(graph, "image", {size, size, channels});
    graph.inputs = {from};
    for (int i = 0; i < layers; ++i) {
        compiler::QuantNode node;
        node.name = fmt::format("conv{}", i);
        node.type = "Conv";
        node.inputs = {from};
        node.kernel_h = node.kernel_w = 3;
        node.pad_top = node.pad_left = node.pad_bottom = node.pad_right = 1;
        node.rows = 9 * channels;
        node.cols = channels;
        node.matrix.resize(static_cast<std::size_t>(node.rows) * static_cast<std::size_t>(node.cols));
        for (std::int8_t& weight : node.matrix) {
            weight = static_cast<std::int8_t>(random() % 255);
        }
        node.bias.assign(static_cast<std::size_t>(channels), 0);
        node.scale.assign(static_cast<std::size_t>(channels), 1e-4F);
        from = node.output = add_tensor(graph, node.name + ".out", {size, size, channels});
        graph.nodes.push_back(std::move(node));
    }
    graph.outputs = {from};
    return graph;
}

}  // namespace

int sc_main(int argc, char** argv) {
    if (argc < 2 || argc > 3) {
        fmt::print(stderr, "usage: {} MACHINE.yaml [IMAGES]\n", argv[0]);
        return 2;
    }
    const hw::LoadResult loaded = hw::load_machine(argv[1]);
    for (const hw::Diagnostic& diagnostic : loaded.diagnostics) {
        fmt::print(stderr, "{}\n", diagnostic.text());
    }
    if (!loaded.ok()) {
        return 2;
    }
    const hw::Machine& machine = loaded.machine;
    const compiler::QuantGraph graph = chain(std::max(1, machine.core_count() - 1), 16, 64);
    const isa::Program program = compiler::compile(graph, machine).program;
    platform::SimulationOptions options;
    options.functional = false;
    options.batch = argc > 2 ? std::atoi(argv[2]) : 4;
    const double kernel = kernel_speed();
    const std::clock_t begin = std::clock();
    const platform::SimulationResult result = platform::simulate(program, machine, options, {});
    const double seconds = seconds_since(begin);
    const std::int64_t operations =
        std::accumulate(result.statistics.operations.begin(), result.statistics.operations.end(), std::int64_t{0});
    fmt::print("{}: {} cores, {} ticks, {} operations in {:.3f} s: {:.2f} M operations/s\n", machine.name, machine.core_count(),
               result.ticks, operations, seconds, static_cast<double>(operations) / seconds * 1e-6);
    fmt::print("the kernel alone on this host: {:.1f} M process activations/s\n", kernel);
    return result.deadlock.empty() ? 0 : 1;
}

// How the time to compile, verify and simulate a network grows with its input: one small CNN (convolutions, pools, a residual join) on maps
// of 32x32 to 256x256. Usage: cimmlc-scaling [MACHINE.yaml ...]; without words machine-h and puma.
//
// Times are those of the processor, in a child process a size. The fit is a line through (log windows, log seconds): an exponent of 1 is
// linear growth.
#include <array>
#include <cmath>
#include <cstring>
#include <ctime>
#include <systemc>

#include <fmt/format.h>
#include <sys/resource.h>

#include "bench/child.h"
#include "bench/networks.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/limits.h"
#include "compiler/error.h"
#include "compiler/prediction/predict.h"
#include "hw_models/spec/load.h"
#include "isa/verifier/verify.h"
#include "platform/loader/simulate.h"

namespace {

using namespace cim;

enum Phase { Compile, Verify, Predict, Time, Data, phases };
constexpr std::array<const char*, phases> phase_names{"compile", "verify", "predict", "simulate timing", "simulate data"};

struct Cost {
    std::int64_t windows = 0;
    std::int64_t cycles = 0;
    std::array<double, phases> seconds{};
    double mb = 0;
};

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <typename Work>
double seconds_of(Work work) {
    const double begin = processor_seconds();
    work();
    return processor_seconds() - begin;
}

compiler::QuantGraph small_cnn(int size) {
    bench::Network network("cnn", {size, size, 3});
    network.conv(3, 16);
    const compiler::TensorId skip = network.last();
    network.conv(3, 16);
    network.add(skip);
    network.max_pool(2);
    network.conv(3, 32);
    network.max_pool(2);
    network.conv(1, 10);
    return network.finish();
}

std::int64_t windows_of(const compiler::QuantGraph& graph) {
    std::int64_t windows = 0;
    for (const compiler::QuantNode& node : graph.nodes) {
        const compiler::Shape3& out = graph.tensors[static_cast<std::size_t>(node.output)].shape;
        windows += static_cast<std::int64_t>(out.h) * out.w;
    }
    return windows;
}

/// Compiles and simulates. With data and without it are two calls, so that each peak of memory is its own.
Cost measure(const hw::Machine& machine, int size, bool functional) {
    const compiler::QuantGraph graph = small_cnn(size);
    Cost cost;
    cost.windows = windows_of(graph);
    isa::Program program;
    cost.seconds[Compile] = seconds_of([&] { program = compiler::compile(graph, machine).program; });
    cost.seconds[Verify] = seconds_of([&] {
        for (const isa::Diagnostic& finding : isa::verify(program, compiler::limits_of(machine), 1)) {
            throw std::runtime_error(finding.message);
        }
    });
    cost.seconds[Predict] = seconds_of([&] { compiler::predict(program, machine, 1); });
    platform::SimulationOptions options;
    options.functional = functional;
    std::vector<std::vector<std::uint8_t>> image;
    if (functional) {
        image.emplace_back(static_cast<std::size_t>(graph.tensors[0].shape.count()), std::uint8_t{100});
    }
    cost.seconds[functional ? Data : Time] =
        seconds_of([&] { cost.cycles = platform::simulate(program, machine, options, image).ticks / machine.chip_clock.ticks_per_cycle; });
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    cost.mb = static_cast<double>(usage.ru_maxrss) / 1024;
    return cost;
}

Cost measure_in_child(const hw::Machine& machine, int size, bool functional) {
    const std::string bytes = bench::run_in_child([&] {
        const Cost cost = measure(machine, size, functional);
        return std::string(reinterpret_cast<const char*>(&cost), sizeof cost);
    });
    Cost cost;
    std::memcpy(&cost, bytes.data(), sizeof cost);
    return cost;
}

/// Exponent and coefficient of determination of seconds = a * windows^exponent.
std::pair<double, double> fit(const std::vector<Cost>& costs, int phase) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    for (const Cost& cost : costs) {
        const double a = std::log(static_cast<double>(cost.windows));
        const double b = std::log(std::max(1e-6, cost.seconds[static_cast<std::size_t>(phase)]));
        n += 1;
        x += a;
        y += b;
        xx += a * a;
        xy += a * b;
        yy += b * b;
    }
    const double covariance = n * xy - x * y;
    return {covariance / (n * xx - x * x), covariance * covariance / ((n * xx - x * x) * (n * yy - y * y))};
}

void print_machine(const std::string& path) {
    const hw::LoadResult loaded = hw::load_machine(path);
    if (!loaded.ok()) {
        throw compiler::InputError(loaded.diagnostics.front().text());
    }
    fmt::print("{}\n{:>8} {:>10} {:>12}", loaded.machine.name, "input", "windows", "cycles");
    for (const char* name : phase_names) {
        fmt::print(" {:>17}", name);
    }
    fmt::print(" {:>8}\n", "MB");
    std::vector<Cost> costs;
    for (const int size : {32, 64, 128, 256}) {
        Cost cost = measure_in_child(loaded.machine, size, false);
        const Cost with_data = measure_in_child(loaded.machine, size, true);
        cost.seconds[Data] = with_data.seconds[Data];
        cost.mb = std::max(cost.mb, with_data.mb);
        fmt::print("{:>8} {:>10} {:>12}", fmt::format("{0}x{0}", size), cost.windows, cost.cycles);
        for (const double seconds : cost.seconds) {
            fmt::print(" {:>15.3f} s", seconds);
        }
        fmt::print(" {:>8.0f}\n", cost.mb);
        costs.push_back(cost);
    }
    fmt::print("{:>8} {:>10} {:>12}", "exponent", "", "");
    for (int phase = 0; phase < phases; ++phase) {
        fmt::print(" {:>17.2f}", fit(costs, phase).first);
    }
    fmt::print("\n{:>8} {:>10} {:>12}", "R^2", "", "");
    for (int phase = 0; phase < phases; ++phase) {
        fmt::print(" {:>17.3f}", fit(costs, phase).second);
    }
    fmt::print("\n\n");
}

}  // namespace

int sc_main(int argc, char** argv) {
    std::vector<std::string> machines(argv + 1, argv + argc);
    if (machines.empty()) {
        machines = {CIM_SOURCE_DIR "/configs/machine-h.yaml", CIM_SOURCE_DIR "/configs/puma.yaml"};
    }
    try {
        for (const std::string& machine : machines) {
            print_machine(machine);
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}

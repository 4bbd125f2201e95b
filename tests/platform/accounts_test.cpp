// Time and energy of compiled networks: every cycle of every engine has a cause, every picojoule an event.

#include <numeric>

#include <catch2/catch.hpp>

#include "compiler/error.h"
#include "compiler/frontend/onnx_import.h"
#include "compiler/io/tensor_file.h"
#include "compiler/prediction/predict.h"
#include "compiler/quantization/codec.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;

namespace {

hw::EventCounts sum_of(const std::vector<hw::EventCounts>& counts) {
    hw::EventCounts total{};
    for (const hw::EventCounts& one : counts) {
        for (std::size_t e = 0; e < hw::event_count; ++e) {
            total[e] += one[e];
        }
    }
    return total;
}

void check_accounts(const Outcome& outcome) {
    for (std::size_t place = 0; place < outcome.engines.size(); ++place) {
        for (std::size_t engine = 0; engine < isa::engine_count; ++engine) {
            const platform::CauseTimes& times = outcome.engines[place][engine].times;
            INFO("place " << place << ", engine " << engine);
            CHECK(std::accumulate(times.begin(), times.end(), Ticks{0}) == outcome.ticks);
            CHECK(*std::min_element(times.begin(), times.end()) >= 0);
        }
    }
    // By operator and by place it is the same.
    std::vector<hw::EventCounts> by_operator;
    for (const platform::OperatorStatistics& op : outcome.operators) {
        by_operator.push_back(op.events);
    }
    CHECK(sum_of(by_operator) == sum_of(outcome.place_events));
    const hw::EventCounts total = sum_of(outcome.place_events);
    const auto count = [&](hw::Event event) { return total[static_cast<std::size_t>(event)]; };
    CHECK(count(hw::Event::CellWrite) == 0);
    const bool reads_crossbars = count(hw::Event::AdcSample) > 0;
    CHECK((outcome.setup_events[static_cast<std::size_t>(hw::Event::CellWrite)] > 0) == reads_crossbars);
    CHECK(count(hw::Event::AdcSample) == count(hw::Event::ShiftAdd));
    CHECK(count(hw::Event::RowRead) == count(hw::Event::DacDrive));
}

double energy_of(const hw::EventCounts& counts, const hw::Machine& machine, std::string_view component = {}) {
    const std::array<double, hw::event_count> prices = hw::event_prices(machine);
    double pj = 0;
    for (std::size_t e = 0; e < hw::event_count; ++e) {
        if (component.empty() || hw::event_info(static_cast<hw::Event>(e)).component == component) {
            pj += static_cast<double>(counts[e]) * prices[e];
        }
    }
    return pj;
}

}  // namespace

TEST_CASE("busy and stalls of every engine add up to the run on a machine in which nothing is ideal") {
    const hw::Machine machine = enlarged_tiny();
    int ran = 0;
    for (std::uint64_t seed = 8000; seed < 8030; ++seed) {
        INFO("seed " << seed);
        const compiler::QuantGraph graph = random_network(seed);
        isa::Program program;
        try {
            program = compile_network(graph, machine);
        } catch (const compiler::InputError&) {
            continue;
        }
        RunOptions options;
        options.batch = 2;
        const Outcome outcome = run(program, machine, options, {random_images(graph, 2, seed)});
        check_accounts(outcome);
        const double profile = std::accumulate(outcome.power.begin(), outcome.power.end(), 0.0);
        CHECK(profile == Approx(energy_of(sum_of(outcome.place_events), machine)).epsilon(1e-9));
        ++ran;
    }
    CHECK(ran > 10);
}

TEST_CASE("a dearer sample costs the converter that much more, and nothing else anything") {
    const hw::Machine machine = enlarged_tiny();
    hw::Machine dear = machine;
    dear.crossbar.adc.sample_pj *= 2;
    const isa::Program program = compile_network(random_network(8002), machine);
    RunOptions options;
    options.functional = false;
    const Outcome before = run(program, machine, options);
    const Outcome after = run(program, dear, options);
    CHECK(after.ticks == before.ticks);
    CHECK(after.place_events == before.place_events);
    const hw::EventCounts counts = sum_of(before.place_events);
    for (std::size_t e = 0; e < hw::event_count; ++e) {
        const std::string_view component = hw::event_info(static_cast<hw::Event>(e)).component;
        const double factor = component == "adc" ? 2 : 1;
        CHECK(energy_of(counts, dear, component) == factor * energy_of(counts, machine, component));
    }
    const double adc = energy_of(counts, machine, "adc");
    CHECK(adc > 0);
    const auto profile = [](const Outcome& o) { return std::accumulate(o.power.begin(), o.power.end(), 0.0); };
    CHECK(profile(after) - profile(before) == Approx(adc).epsilon(1e-9));
}

TEST_CASE("LeNet: the reference's bytes, the same time with and without data, every cycle with a cause") {
    const compiler::Graph network = compiler::import_onnx(CIM_SOURCE_DIR "/networks/lenet.onnx");
    auto samples = compiler::read_samples(CIM_SOURCE_DIR "/networks/fashion_mnist/calibration.npy", {1, 1, 28, 28});
    samples.resize(8);
    const compiler::Ranges ranges = compiler::calibrate(network, samples, compiler::CalibrationMethod::MinMax);
    const auto images = compiler::read_samples(CIM_SOURCE_DIR "/networks/fashion_mnist/images.npy", {1, 1, 28, 28});
    for (const char* name : {"puma", "machine-h", "isaac-baseline"}) {
        INFO(name);
        const hw::Machine machine = machine_of(name);
        const compiler::Compiled compiled = compiler::compile(network, ranges, machine);
        std::vector<std::uint8_t> bytes;
        for (std::size_t i = 0; i < 2; ++i) {
            const auto image =
                compiler::quantise_tensor(images[i], compiled.network.tensors[static_cast<std::size_t>(compiled.network.inputs[0])]);
            bytes.insert(bytes.end(), image.begin(), image.end());
        }
        RunOptions options;
        options.batch = 2;
        const Outcome outcome = run(compiled.program, machine, options, {bytes});
        CHECK(outcome.outputs == reference_outputs(compiled.network, machine, bytes));
        CHECK(all_of(run(compiled.program, machine, options, {bytes})) == all_of(outcome));
        options.functional = false;
        CHECK(timing_of(run(compiled.program, machine, options)) == timing_of(outcome));
        check_accounts(outcome);
        const hw::Machine ideal = without_contention(machine, true);
        const compiler::Prediction prediction = compiler::predict(compiled.program, ideal, 2);
        const Outcome alone = run(compiled.program, ideal, options);
        CHECK(prediction.setup_ticks == alone.setup_ticks);
        CHECK(prediction.ticks == alone.ticks);
        for (std::size_t op = 0; op < alone.operators.size(); ++op) {
            CHECK(prediction.operators[op].start == alone.operators[op].start);
            CHECK(prediction.operators[op].end == alone.operators[op].end);
        }
    }
}

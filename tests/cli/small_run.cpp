// The work on which keys are tried: a network with convolutions, a pool, a join and a fully connected layer; and programs for what the
// compiler does not use, the chip's ALU and single wordlines.

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "cli/report/report.h"
#include "compiler/driver/compile.h"
#include "compiler/driver/limits.h"
#include "compiler/error.h"
#include "hw_models/spec/load.h"
#include "isa/generate/dice.h"
#include "isa/text/parse.h"
#include "isa/text/print.h"
#include "isa/verifier/verify.h"
#include "tests/cli/key_effects.h"

namespace cim::test {

namespace {

using compiler::NodeKind;
using compiler::QuantGraph;
using compiler::QuantNode;
using compiler::Shape3;

class Network {
  public:
    QuantGraph make() {
        graph_.name = "small";
        graph_.inputs = {tensor({6, 6, 2})};
        conv(3, 8);
        pool();
        const compiler::TensorId skip = last();
        conv(3, 8);
        QuantNode sum = node(NodeKind::Add, {last(), skip});
        add(std::move(sum), {3, 3, 8});
        conv(0, 10);
        graph_.outputs = {last()};
        return std::move(graph_);
    }

  private:
    compiler::TensorId last() const { return static_cast<compiler::TensorId>(graph_.tensors.size()) - 1; }

    compiler::TensorId tensor(const Shape3& shape) {
        compiler::QuantTensor t;
        t.name = fmt::format("t{}", graph_.tensors.size());
        t.shape = shape;
        t.onnx_shape = {1, shape.c, shape.h, shape.w};
        t.quant = {0.05F, 0};
        graph_.tensors.push_back(t);
        return last();
    }

    QuantNode node(NodeKind kind, std::vector<compiler::TensorId> inputs) const {
        QuantNode n;
        n.kind = kind;
        n.name = fmt::format("n{}", graph_.nodes.size());
        n.type = "Small";
        n.inputs = std::move(inputs);
        return n;
    }

    void add(QuantNode n, const Shape3& out) {
        n.output = tensor(out);
        graph_.nodes.push_back(std::move(n));
    }

    /// size 0: over the whole map.
    void conv(int size, int channels) {
        const Shape3 in = graph_.tensors.back().shape;
        QuantNode n = node(NodeKind::Conv, {last()});
        n.kernel_h = size > 0 ? size : in.h;
        n.kernel_w = size > 0 ? size : in.w;
        n.pad_top = n.pad_left = n.pad_bottom = n.pad_right = size / 2;
        n.rows = n.kernel_h * n.kernel_w * in.c;
        n.cols = channels;
        for (int i = 0; i < n.rows * n.cols; ++i) {
            n.matrix.push_back(static_cast<std::int8_t>(dice_.roll(-127, 127)));
        }
        n.bias.assign(static_cast<std::size_t>(channels), 900);
        n.scale.assign(static_cast<std::size_t>(channels), 0.002F);
        n.weight_scale.assign(static_cast<std::size_t>(channels), 1.0F);
        add(std::move(n), size > 0 ? Shape3{in.h, in.w, channels} : Shape3{1, 1, channels});
    }

    void pool() {
        const Shape3 in = graph_.tensors.back().shape;
        QuantNode n = node(NodeKind::MaxPool, {last()});
        n.kernel_h = n.kernel_w = n.stride_h = n.stride_w = 2;
        add(std::move(n), {in.h / 2, in.w / 2, in.c});
    }

    isa::Dice dice_{7};
    QuantGraph graph_;
};

constexpr const char* chip_program = R"(mop 1
program "chip"
machine "any" CM
data "chip.data" 0
operator "chip" "Test"
buffer l0 l0 0 64
counter done[1] chip data
template work(done) {
  alu.fill dst=0 n=32 value=3
  alu.sum src=0 dst=32 n=4 count=2 pitch=16
  signal done[0] += 1
}
flow chip.work chip alu op=0 work(@done)
)";

constexpr const char* wordline_program = R"(mop 1
program "wordlines"
machine "any" WLM
data "wordlines.data" 0
operator "wordlines" "Test"
buffer l1 l1[0] 0 64
buffer weights ext 0 8
counter done[1] core[0] data
weight w 4x2 bits=8 ext=0
template write(w) {
  cim.write_xb xb=0 weight=w
}
template work(done) {
  cim.read_row xb=0 row=1 src=0 n=2 dst=8 cols=2 => done[0] += 1
}
setup flow wordlines.write core[0] crossbar op=0 write(@w)
flow wordlines.work core[0] crossbar op=0 work(@done)
)";

isa::Program program_of(const char* text) {
    isa::Program program = isa::parse_text(text, "test.mop");
    for (isa::Weight& weight : program.weights) {
        weight.values.assign(static_cast<std::size_t>(weight.rows) * static_cast<std::size_t>(weight.cols), 1);
    }
    return program;
}

Results run(const isa::Program& program, const hw::Machine& machine, const std::vector<std::vector<std::uint8_t>>& inputs) {
    for (const isa::Diagnostic& finding : isa::verify(program, compiler::limits_of(machine), 1)) {
        throw compiler::InputError(finding.message);
    }
    const compiler::Prediction prediction = compiler::predict(program, machine, 1);
    platform::SimulationOptions options;
    options.functional = true;
    options.batch = 1;
    const platform::SimulationResult result = platform::simulate(program, machine, options, inputs);
    if (!result.deadlock.empty()) {
        throw compiler::InputError(result.deadlock);
    }
    const cli::Json report = cli::make_report({program, machine, result, prediction, 1, true, {}, {}});
    Results results;
    const auto take = [&](const char* name, const cli::Json& value) { results[name] = value.dump(); };
    take("cycles", report["latency_ns"]);
    take("setup cycles", report["setup_cycles"]);
    take("predicted cycles", report["predicted_cycles"]);
    take("energy", report["energy_pj"]);
    take("setup energy", report["setup_energy_pj"]);
    take("area", report["area_mm2"]);
    take("peak power", report["peak_power_mw"]);
    take("wear", cli::Json{report["device"]["endurance"], report["device"]["loads_until_worn"]});
    take("weights kept", report["device"]["keeps_weights"]);
    take("output", cli::Json(result.outputs));
    take("lost conversions", report["verification"]["adc"]["lossy"]);
    std::string text = isa::print_text(program);
    const std::size_t machine_line = text.find("\nmachine ");
    text.erase(machine_line, text.find('\n', machine_line + 1) - machine_line);
    results["program"] = text;
    return results;
}

isa::Program small_program(const hw::Machine& machine) {
    const QuantGraph graph = Network().make();
    compiler::CompileOptions options;
    options.spread = false;  // the search tries hundreds of programs, and there are hundreds of keys
    return compiler::compile(graph, machine, options).program;
}

/// What `work` results in; an exception is a result too.
template <typename Work>
Results results_or_error(Work work) {
    try {
        return work();
    } catch (const std::exception& error) {
        return {{"error", error.what()}};
    }
}

}  // namespace

Results results_on(const MachineText& text) {
    const hw::LoadResult loaded = hw::load_machine_text(text.text(), "machine.yaml");
    if (!loaded.ok()) {
        return {{"error", loaded.diagnostics[0].path + ": " + loaded.diagnostics[0].message}};
    }
    std::vector<std::uint8_t> image;
    isa::Dice dice(3);
    for (int i = 0; i < 6 * 6 * 2; ++i) {
        image.push_back(static_cast<std::uint8_t>(dice.roll(0, 255)));
    }
    Results results = results_or_error([&] { return run(small_program(loaded.machine), loaded.machine, {image}); });
    if (results.count("error") > 0) {
        return results;
    }
    for (const auto& [text_of_program, what] : {std::pair{chip_program, "chip's ALU"}, std::pair{wordline_program, "single wordlines"}}) {
        const Results more = results_or_error([&] { return run(program_of(text_of_program), loaded.machine, {}); });
        for (const char* name : {"cycles", "energy", "error"}) {
            if (more.count(name) > 0) {
                results[fmt::format("{} ({})", name, what)] = more.at(name);
            }
        }
    }
    return results;
}

}  // namespace cim::test

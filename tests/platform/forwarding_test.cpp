// Cores that have their input from each other: whatever kernel, stride, padding and copies, the program has no race, takes as long as
// predicted, and gives the reference's bytes.

#include "compiler/mapping/forwarding.h"

#include <string>

#include <catch2/catch.hpp>

#include "compiler/codegen/generate.h"
#include "compiler/ir/index.h"
#include "hw_models/timing/price.h"
#include "tests/platform/checks.h"
#include "tests/platform/networks.h"
#include "tests/platform/support.h"

using namespace cim;
using namespace cim::test;
using compiler::at;

namespace {

/// Two Convs of many channels, so that a copy has tiles on several cores, by the dice.
compiler::QuantGraph wide_convs(isa::Dice& dice) {
    compiler::QuantGraph graph;
    graph.name = "wide";
    compiler::Shape3 shape{static_cast<int>(dice.roll(6, 10)), static_cast<int>(dice.roll(6, 10)), static_cast<int>(dice.roll(24, 40))};
    for (int i = 0; i < 2; ++i) {
        compiler::QuantNode n;
        n.name = "n" + std::to_string(i);
        n.type = "Conv";
        n.inputs = {i};
        n.output = i + 1;
        n.kernel_h = n.kernel_w = static_cast<int>(dice.roll(1, 3));
        n.stride_h = n.stride_w = static_cast<int>(dice.roll(1, n.kernel_h));
        n.pad_top = static_cast<int>(dice.roll(0, n.kernel_h - 1));
        n.pad_left = static_cast<int>(dice.roll(0, n.kernel_h - 1));
        compiler::QuantTensor t;
        t.name = "t" + std::to_string(i);
        t.shape = shape;
        t.quant.zero = static_cast<int>(dice.roll(0, 9));
        graph.tensors.push_back(t);
        n.rows = n.kernel_h * n.kernel_w * shape.c;
        shape = {(shape.h + 2 * n.pad_top - n.kernel_h) / n.stride_h + 1, (shape.w + 2 * n.pad_left - n.kernel_w) / n.stride_w + 1,
                 static_cast<int>(dice.roll(6, 40))};
        n.cols = shape.c;
        for (int k = 0; k < n.rows * n.cols; ++k) {
            n.matrix.push_back(static_cast<std::int8_t>(dice.roll(-90, 90)));
        }
        n.bias.assign(at(n.cols), 900);
        n.scale.assign(at(n.cols), 0.0007F);
        n.weight_scale.assign(at(n.cols), 1.0F);
        graph.nodes.push_back(std::move(n));
    }
    compiler::QuantTensor last;
    last.name = "t2";
    last.shape = shape;
    graph.tensors.push_back(last);
    graph.inputs = {0};
    graph.outputs = {2};
    return graph;
}

}  // namespace

TEST_CASE("cores pass their input on to each other, and nothing but the order of transfers changes") {
    constexpr std::int64_t batch = 2;
    const hw::Machine machine = enlarged_tiny();
    const hw::PriceList prices(machine);
    int passing = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        INFO("seed " << seed);
        isa::Dice dice(seed);
        const compiler::QuantGraph graph = wide_convs(dice);
        compiler::Schedule schedule;
        try {
            schedule =
                compiler::schedule(graph, machine, {}, {{}, dice.roll(0, 1) == 0 ? compiler::Spread::Tiles : compiler::Spread::None});
        } catch (const compiler::InputError&) {
            continue;  // too wide for the machine
        }
        if (schedule.segments.size() > 1) {
            continue;  // maps that stay in L0 are planned with the memory
        }
        for (compiler::Segment& segment : schedule.segments) {
            for (std::size_t n = 0; n < segment.placement.size(); ++n) {
                segment.placement[n].forwards = compiler::forwards_of(segment.graph, segment.graph.nodes[n], segment.placement[n]);
                passing += segment.placement[n].forwards.empty() ? 0 : 1;
            }
            segment.relays = {};
            segment.relays.resize(segment.graph.inputs.size());
            segment.memory =
                compiler::plan_memory(segment.graph, machine, prices, segment.placement, segment.relays, false, dice.roll(0, 1) == 0);
        }
        check_program_and_prediction(compiler::generate(graph, schedule, machine), graph, machine, batch, seed);
    }
    CHECK(passing > 30);
}

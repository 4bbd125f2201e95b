#include "compiler/scheduling/cg/dependence.h"

#include <algorithm>
#include <optional>

#include "compiler/ir/index.h"
#include "compiler/mapping/load.h"
#include "compiler/mapping/mapped_network.h"
#include "compiler/mapping/reading.h"

namespace cim::compiler {

namespace {

using hw::AluWork;
using hw::Ticks;

/// Rows (or columns) of an input of `size` that some of `outputs` windows touch.
int touched(int size, int outputs, int taps, int stride, int dilation, int pad) {
    std::vector<bool> touched(at(size));
    for (int o = 0; o < outputs; ++o) {
        for (int t = 0; t < taps; ++t) {
            const int i = o * stride + t * dilation - pad;
            if (i >= 0 && i < size) {
                touched[at(i)] = true;
            }
        }
    }
    return static_cast<int>(std::count(touched.begin(), touched.end(), true));
}

struct Touched {
    int rows = 0;
    int cols = 0;
};

Touched touched_by(const Reading& r) {
    return {touched(r.h, r.oh, r.taps_h, r.stride_h, r.dilation_h, r.pad_top),
            touched(r.w, r.ow, r.taps_w, r.stride_w, r.dilation_w, r.pad_left)};
}

/// Whether every window has something of the input, and not padding alone.
bool no_window_is_padding(const Reading& r) {
    return r.pad_top < r.kernel_h && r.pad_left < r.kernel_w && r.bottom_rows() < r.kernel_h && r.right_cols() < r.kernel_w &&
           r.dilation_h == 1 && r.dilation_w == 1;
}

std::int64_t touched_bytes(const Reading& r) {
    const Touched part = touched_by(r);
    return static_cast<std::int64_t>(part.rows) * part.cols * r.c;
}

/// Until the last of `bytes` of an input are on their way out of L0, through which each of them passes twice.
Ticks arrival_ticks(std::int64_t bytes, const hw::Machine& machine) {
    const hw::ChipSpec& chip = machine.chip;
    return std::max(port_ticks(bytes, chip.external_memory.bandwidth, machine.chip_clock),
                    port_ticks(2 * bytes, chip.l0.bandwidth, machine.chip_clock));
}

/// One element, on whichever ALU is faster.
Ticks element_ticks(const hw::PriceList& prices, NodeKind kind) {
    const std::optional<AluWork> work = digital_work(kind);
    return work ? std::min(prices.alu(0, *work, 1, 1, 1, 1).sync_ticks(), prices.alu(-1, *work, 1, 1, 1, 1).sync_ticks()) : 0;
}

}  // namespace

Dependence dependence(const QuantGraph& network, const hw::Machine& machine, const hw::PriceList& prices, const std::vector<Ticks>& read) {
    const bool digital = machine.mode != hw::ComputingMode::CM;  // there, a slice is requantised within its read
    const std::vector<NodeId> producers = producers_of(network);
    const auto count = static_cast<int>(network.nodes.size());
    const auto own = [&](int i) {
        const NodeKind kind = network.nodes[at(i)].kind;
        return kind == NodeKind::Conv && !digital ? 0 : element_ticks(prices, kind);
    };
    std::vector<Ticks> before(network.nodes.size(), 0);  // until the inputs of a first window can be there
    std::vector<Ticks> after(network.nodes.size(), 0);   // from the last output to the end
    for (int i = 0; i < count; ++i) {
        const QuantNode& node = network.nodes[at(i)];
        for (int input = 0; input < static_cast<int>(node.inputs.size()); ++input) {
            const NodeId from = producers[at(node.inputs[at(input)])];
            if (no_window_is_padding(reading_of(network, node, input))) {
                before[at(i)] =
                    std::max(before[at(i)], from < 0 ? prices.fetch(1).sync_ticks() : before[at(from)] + read[at(from)] + own(from));
            }
        }
    }
    for (int i = count - 1; i >= 0; --i) {
        const QuantNode& node = network.nodes[at(i)];
        if (std::find(network.outputs.begin(), network.outputs.end(), node.output) != network.outputs.end()) {
            after[at(i)] = std::max(after[at(i)], prices.flush(1).sync_ticks());
        }
        for (int input = 0; input < static_cast<int>(node.inputs.size()); ++input) {
            const NodeId from = producers[at(node.inputs[at(input)])];
            const Reading r = reading_of(network, node, input);
            const Touched all = touched_by(r);
            if (from >= 0 && all.rows == r.h && all.cols == r.w) {
                after[at(from)] = std::max(after[at(from)], read[at(i)] + own(i) + after[at(i)]);
            }
        }
    }
    Dependence result;
    for (int i = 0; i < count; ++i) {
        const Ticks rest = own(i) + after[at(i)];
        result.apart.push_back(before[at(i)] + rest);
        result.longest = std::max(result.longest, before[at(i)] + read[at(i)] + rest);
        const QuantNode& node = network.nodes[at(i)];
        for (int input = 0; input < static_cast<int>(node.inputs.size()); ++input) {
            if (producers[at(node.inputs[at(input)])] < 0) {
                const Ticks arrival = arrival_ticks(touched_bytes(reading_of(network, node, input)), machine);
                result.longest = std::max(result.longest, arrival + read[at(i)] + rest);
            }
        }
    }
    return result;
}

Ticks port_ticks(std::int64_t bytes, const hw::Limit& bandwidth, const hw::Clock& clock) {
    return bandwidth.ideal ? 0 : bytes * 8 * clock.ticks_per_cycle / bandwidth.value;
}

std::int64_t network_bytes(const QuantGraph& network) {
    std::int64_t bytes = 0;
    for (const TensorId id : network.inputs) {
        std::int64_t needed = 0;
        for (const QuantNode& node : network.nodes) {
            for (int input = 0; input < static_cast<int>(node.inputs.size()); ++input) {
                if (node.inputs[at(input)] == id) {
                    needed = std::max(needed, touched_bytes(reading_of(network, node, input)));
                }
            }
        }
        bytes += needed;
    }
    for (const TensorId id : network.outputs) {
        bytes += network.tensors[at(id)].shape.count();
    }
    return bytes;
}

Ticks alu_interval(const QuantGraph& network, const hw::Machine& machine, const hw::PriceList& prices) {
    const hw::Limit& core = machine.core.alu.rate;
    const hw::Limit& chip = machine.chip.alu.rate;
    if (core.ideal || chip.ideal || machine.mode == hw::ComputingMode::CM) {
        return 0;
    }
    std::int64_t operations = 0;
    for (const QuantNode& node : network.nodes) {
        if (const std::optional<AluWork> work = digital_work(node.kind)) {
            const hw::OpCost cost = prices.alu(-1, *work, network.tensors[at(node.output)].shape.count(), 1, 0, 0);
            for (std::size_t e = 0; e < cost.event_count; ++e) {
                operations += cost.events[e].event == hw::Event::ChipAluOp ? cost.events[e].count : 0;
            }
        }
    }
    const double a_tick = static_cast<double>(core.value) * machine.core_count() / static_cast<double>(machine.core_clock.ticks_per_cycle) +
                          static_cast<double>(chip.value) / static_cast<double>(machine.chip_clock.ticks_per_cycle);
    return static_cast<Ticks>(static_cast<double>(operations) / a_tick);
}

}  // namespace cim::compiler

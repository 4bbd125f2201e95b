#include "compiler/codegen/generate.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"
#include "compiler/error.h"

namespace cim::compiler {

namespace {

constexpr std::int64_t alignment = 64;
constexpr std::int64_t most_images = 1 << 16;

std::int64_t align(std::int64_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace

isa::Program generate(const QuantGraph& graph, const hw::Machine& machine, const std::vector<NodePlacement>& placement,
                      const MemoryPlan& memory) {
    if (machine.mode == hw::ComputingMode::CM) {
        throw InputError(fmt::format("machine '{}' has computing mode CM; code generation needs XBM or WLM", machine.name));
    }
    return Generator(graph, machine, placement, memory).run();
}

Generator::Generator(const QuantGraph& graph, const hw::Machine& machine, const std::vector<NodePlacement>& placement,
                     const MemoryPlan& memory)
    : graph_(graph), machine_(machine), placement_(placement), memory_(memory) {}

isa::Program Generator::run() {
    isa::Program& program = builder_.program;
    program.name = graph_.name;
    program.machine = machine_.name;
    program.machine_hash = machine_.hash;
    program.mode = isa::Mode::XBM;
    add_operators();
    add_weights();
    add_params();
    add_tensors();
    find_transfers();
    add_landings();
    add_outboxes();

    write_flows();
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
        if (memory_.input_landings[i] >= 0) {
            fetch_flow(static_cast<int>(i), memory_.input_landings[i]);
        }
    }
    for (std::size_t l = 0; l < memory_.landings.size(); ++l) {
        const auto landing = static_cast<int>(l);
        if (landings_[l].pad >= 0) {
            pad_flow(landing);
        }
        if (memory_.landings[l].node == network_input || memory_.landings[l].node == network_output) {
            continue;
        }
        const TensorId id = tensor_of(memory_.landings[l]);
        const auto input = std::find(graph_.inputs.begin(), graph_.inputs.end(), id);
        if (input == graph_.inputs.end()) {
            continue;
        }
        const auto number = static_cast<int>(input - graph_.inputs.begin());
        if (memory_.landings[l].place == isa::chip) {
            fetch_flow(number, landing);
        } else {
            const int rows = memory_.input_landings[at(number)];
            int reader = 0;
            for (std::size_t before = 0; before < l; ++before) {
                const Landing& other = memory_.landings[before];
                reader += other.node >= 0 && other.place != isa::chip && tensor_of(other) == id ? 1 : 0;
            }
            load_flow(rows, reader, landing);
        }
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        if (node(static_cast<int>(i)).kind == NodeKind::Conv) {
            conv_flows(static_cast<int>(i));
        } else {
            for (std::size_t part = 0; part < placement_[i].parts.size(); ++part) {
                const bool join = node(static_cast<int>(i)).kind == NodeKind::Add;
                (this->*(join ? &Generator::join_flow : &Generator::part_flow))(static_cast<int>(i), static_cast<int>(part));
            }
        }
        for (const Transfer& transfer : transfers_) {
            if (transfer.node == static_cast<int>(i)) {
                transfer_flow(transfer);
            }
        }
    }
    for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
        flush_flow(static_cast<int>(i));
    }
    return std::move(program);
}

TensorId Generator::tensor_of(const Landing& landing) const {
    if (landing.node == network_output) {
        for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
            if (&memory_.landings[at(memory_.output_landings[i])] == &landing) {
                return graph_.outputs[i];
            }
        }
    }
    return node(landing.node).inputs[at(landing.input)];
}

int Generator::producer_of(TensorId id) const {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        if (graph_.nodes[i].output == id) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

void Generator::add_operators() {
    for (const QuantNode& n : graph_.nodes) {
        builder_.program.operators.push_back({n.name, n.type});
    }
    for (const TensorId id : graph_.inputs) {
        builder_.program.operators.push_back({tensor(id).name, "Input"});
    }
    for (const TensorId id : graph_.outputs) {
        builder_.program.operators.push_back({tensor(id).name, "Output"});
    }
}

void Generator::add_weights() {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        const QuantNode& n = graph_.nodes[i];
        weights_.emplace_back();
        for (const Tile& tile : placement_[i].tiles) {
            isa::Weight weight;
            weight.name = fmt::format("{}.w{}", n.name, weights_.back().size());
            weight.rows = tile.rows;
            weight.cols = tile.cols;
            weight.bits = 8;
            weight.ext_offset = offset;
            weight.values.reserve(at(tile.rows) * at(tile.cols));
            for (int r = tile.row; r < tile.row + tile.rows; ++r) {
                const std::int8_t* row = n.matrix.data() + static_cast<std::ptrdiff_t>(r) * n.cols;
                weight.values.insert(weight.values.end(), row + tile.col, row + tile.col + tile.cols);
            }
            offset += align(static_cast<std::int64_t>(tile.rows) * tile.cols);
            weights_.back().push_back(static_cast<isa::Index>(builder_.program.weights.size()));
            builder_.program.weights.push_back(std::move(weight));
        }
    }
    if (offset > 0) {
        builder_.external("weights", 0, offset);
    }
}

void Generator::add_params() {
    for (const QuantNode& n : graph_.nodes) {
        const QuantTensor& out = tensor(n.output);
        isa::Param param;
        param.name = n.name + ".q";
        param.zero = out.quant.zero;
        param.lo = n.lo;
        param.hi = n.hi;
        switch (n.kind) {
            case NodeKind::Conv:
                param.bias = n.bias;
                param.scale = n.scale;
                break;
            case NodeKind::Add:
                param.bias = {tensor(n.inputs[0]).quant.zero, tensor(n.inputs[1]).quant.zero};
                param.scale = {tensor(n.inputs[0]).quant.scale, tensor(n.inputs[1]).quant.scale, out.quant.scale};
                break;
            case NodeKind::Softmax:
                param.bias = {tensor(n.inputs[0]).quant.zero};
                param.scale = {tensor(n.inputs[0]).quant.scale, out.quant.scale};
                break;
            case NodeKind::Lut:
                param.bias.assign(n.table.begin(), n.table.end());
                param.lo = 0;
                param.hi = 255;
                break;
            case NodeKind::MaxPool:
            case NodeKind::Clip: params_.push_back(-1); continue;
            case NodeKind::AveragePool:
            case NodeKind::Mul:
            case NodeKind::PRelu:
            case NodeKind::Concat: throw InputError(fmt::format("node '{}' ({}): no code is generated for it yet", n.name, n.type));
        }
        params_.push_back(static_cast<isa::Index>(builder_.program.params.size()));
        builder_.program.params.push_back(std::move(param));
    }
}

void Generator::add_tensors() {
    std::int64_t offset = 0;
    for (const isa::Buffer& buffer : builder_.program.buffers) {
        offset = std::max(offset, align(buffer.offset + buffer.size));
    }
    // Each tensor grows with the batch: room for as many images as external memory holds.
    std::int64_t an_image = 0;
    for (const auto* list : {&graph_.outputs, &graph_.inputs}) {
        for (const TensorId id : *list) {
            an_image += tensor(id).shape.count();
        }
    }
    const hw::Limit& size = machine_.chip.external_memory.size;
    const std::int64_t room =
        size.ideal ? most_images * an_image
                   : size.value - offset - alignment * static_cast<std::int64_t>(graph_.inputs.size() + graph_.outputs.size());
    const std::int64_t images = std::min(most_images, room / std::max<std::int64_t>(1, an_image));
    if (images < 1) {
        throw InputError(fmt::format("machine '{}': network '{}' needs {} bytes of external memory, it has {}", machine_.name, graph_.name,
                                     offset + an_image, size.value));
    }
    const auto add = [&](TensorId id, std::vector<isa::Tensor>& table) {
        const QuantTensor& t = tensor(id);
        table.push_back({t.name, t.onnx_shape, t.quant.scale, t.quant.zero, offset, t.shape.count()});
        offset = align(offset + images * t.shape.count());
    };
    for (const TensorId id : graph_.outputs) {
        add(id, builder_.program.outputs);
    }
    for (const TensorId id : graph_.inputs) {
        add(id, builder_.program.inputs);
    }
}

void Generator::find_transfers() {
    landings_.resize(memory_.landings.size());
    outboxes_.resize(graph_.nodes.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        outboxes_[i].resize(placement_[i].parts.size());
    }
    for (std::size_t l = 0; l < memory_.landings.size(); ++l) {
        const Landing& landing = memory_.landings[l];
        const int producer = landing.node == network_input ? -1 : producer_of(tensor_of(landing));
        if (producer < 0) {
            landings_[l].feeders = 1;  // from external memory, or from the input's rows in L0
            continue;
        }
        for (std::size_t p = 0; p < placement_[at(producer)].parts.size(); ++p) {
            const Part& part = placement_[at(producer)].parts[p];
            Transfer transfer;
            transfer.node = producer;
            transfer.part = static_cast<int>(p);
            transfer.landing = static_cast<int>(l);
            transfer.c0 = std::max(part.c0, landing.c0);
            transfer.c1 = std::min(part.c1, landing.c1);
            if (transfer.c0 < transfer.c1) {
                transfer.feeder = landings_[l].feeders++;
                transfer.sender = outboxes_[at(producer)][p].senders++;
                transfers_.push_back(transfer);
            }
        }
    }
}

void Generator::add_landings() {
    for (std::size_t l = 0; l < memory_.landings.size(); ++l) {
        const Landing& landing = memory_.landings[l];
        LandingCode& code = landings_[l];
        int first_feeder = isa::chip;
        for (const Transfer& transfer : transfers_) {
            if (transfer.landing == static_cast<int>(l) && transfer.feeder == 0) {
                first_feeder = placement_[at(transfer.node)].parts[at(transfer.part)].core;
            }
        }
        if (landing.node == network_output) {
            code.name = tensor(tensor_of(landing)).name + ".out";
            code.operator_index = static_cast<int>(graph_.nodes.size() + graph_.inputs.size());
            for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
                code.operator_index += memory_.output_landings[i] == static_cast<int>(l) ? static_cast<int>(i) : 0;
            }
        } else if (landing.node == network_input) {
            const auto input = std::find(memory_.input_landings.begin(), memory_.input_landings.end(), static_cast<int>(l)) -
                               memory_.input_landings.begin();
            code.name = tensor(graph_.inputs[static_cast<std::size_t>(input)]).name + ".in";
            code.operator_index = static_cast<int>(graph_.nodes.size()) + static_cast<int>(input);
        } else {
            code.name = node(landing.node).name + (landing.input > 0 ? ".b" : ".a");
            if (landing.place != isa::chip) {
                code.name += fmt::format(".{}.{}", landing.place, landing.c0);
            }
            code.operator_index = landing.node;
        }
        code.buffer = builder_.buffer(code.name, landing.place, landing.offset, landing.bytes());
        const int waiter = landing.readers.size() == 1 ? landing.readers[0] : landing.place;
        code.ready = builder_.counter(code.name + ".ready", code.feeders, waiter, isa::CounterRole::Data);
        code.freed = builder_.counter(code.name + ".freed", static_cast<std::int64_t>(landing.readers.size()), first_feeder,
                                      isa::CounterRole::Space);
        if (!landing.flat && landing.reading.padded()) {
            code.pad = builder_.counter(code.name + ".pad", 1, landing.place, isa::CounterRole::Data);
        }
    }
}

void Generator::add_outboxes() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        for (std::size_t p = 0; p < placement_[i].parts.size(); ++p) {
            const Part& part = placement_[i].parts[p];
            const Outbox& outbox = memory_.nodes[i].outboxes[p];
            OutboxCode& code = outboxes_[i][p];
            const std::string name = fmt::format("{}.out.{}", graph_.nodes[i].name, part.c0);
            code.buffer = builder_.buffer(name, part.core, outbox.offset,
                                          static_cast<std::int64_t>(outbox.slots) * ((part.c1 - part.c0 + 3) / 4 * 4));
            code.out = builder_.counter(name + ".ready", 1, part.core, isa::CounterRole::Data);
            code.sent = builder_.counter(name + ".sent", std::max(1, code.senders), part.core, isa::CounterRole::Space);
        }
    }
}

// ---- shared -----------------------------------------------------------------------------------------------------------------------

void Generator::await_room(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex row) {
    const Ex freed = f.counter("freed", code.freed);
    const Ex readers = f.number("readers", static_cast<std::int64_t>(landing.readers.size()));
    const Ex old = row - f.number("ring", landing.rows);
    const Ex rows = f.number("rows", landing.reading.padded_rows());
    const Ex oh = f.number("oh", landing.reading.oh);
    const Ex stride = f.number("stride", landing.reading.stride_h);
    f.await(freed, readers, div(old, rows) * oh + min(div(mod(old, rows), stride) + 1, oh));
}

void Generator::await_window(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n, Ex oy, Ex ox,
                             const std::string& which) {
    const Reading& r = landing.reading;
    const Ex ready = f.counter("ready" + which, code.ready);
    const Ex feeders = f.number("feeders" + which, code.feeders);
    if (landing.flat) {
        f.await(ready, feeders, (n + 1) * f.number("positions", landing.positions()));
        return;
    }
    const Ex rows = f.number("rows", r.padded_rows());
    const Ex cols = f.number("cols", r.padded_cols());
    const Ex last_row = oy * f.number("stride", r.stride_h) + f.number("kernel_h", r.kernel_h);
    f.await(ready, feeders, (n * rows + last_row - 1) * cols + ox * f.number("stride_w", r.stride_w) + f.number("kernel_w", r.kernel_w));
    if (code.pad >= 0) {
        const Ex pad = f.counter("pad", code.pad);
        const Ex top = f.number("top", r.pad_top);
        const Ex bottom = f.number("bottom", r.bottom_rows());
        const Ex below = last_row - f.number("data_end", r.pad_top + r.used_rows());
        const Ex none = f.constant(0);
        const Ex filled_below{f, f.pool().binary(isa::ExprOp::Max, below.ref(), none.ref())};
        f.await(pad, f.constant(1), n * (top + bottom) + min(last_row, top) + filled_below + 1);
    }
}

std::vector<FlowBuilder::Field> Generator::ring_window(FlowBuilder& f, const Landing& landing, const LandingCode& code, Ex n, Ex oy, Ex ox,
                                                       int c0, int c1, Ex from, Ex bytes) {
    const Reading& r = landing.reading;
    const int pixel = landing.pixel_bytes();
    std::vector<FlowBuilder::Field> fields{
        {"src", f.buffer("src", code.buffer)},
        {"ring", f.number("ring", landing.rows)},
        {"pitch", f.number("pitch", landing.row_bytes())},
        {"y", n * f.number("rows", r.padded_rows()) + oy * f.number("stride", r.stride_h)},
        {"x", ox * f.number("step_x", static_cast<std::int64_t>(r.stride_w) * pixel)},
        {"taps", f.number("taps", r.taps_w)},
        {"tap", f.number("tap", c1 - c0)},
        {"step", f.number("tap_step", static_cast<std::int64_t>(r.dilation_w) * pixel)},
        {"dy", f.number("dy", r.dilation_h)},
        {"from", from},
        {"n", bytes},
    };
    if (c0 > landing.c0) {
        fields[4].second = fields[4].second + f.number("first", c0 - landing.c0);
    }
    return fields;
}

void Generator::signal_if(FlowBuilder& f, Ex counter, const std::string& name, std::int64_t amount, std::int64_t index) {
    if (amount > 0) {
        f.signal_at(counter, f.number(name + "_index", index), f.number(name, amount));
    }
}

}  // namespace cim::compiler

#include "compiler/codegen/generator.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

namespace cim::compiler {

void Milestones::add(Milestones later) {
    inputs.insert(inputs.end(), later.inputs.begin(), later.inputs.end());
    later.crossbars.merge(crossbars);  // of those that both have, its own
    crossbars = std::move(later.crossbars);
}

std::string Generator::tag(int y0, int x0) {
    return y0 > 0 || x0 > 0 ? fmt::format(".y{}x{}", y0, x0) : "";
}

Generator::Generator(const QuantGraph& network, const Segment& segment, const hw::Machine& machine,
                     const std::vector<ExternalTensor>& external, const std::vector<std::vector<ExternalTarget>>& targets,
                     const std::vector<KeptTensor>& kept, ProgramBuilder& builder, std::int64_t& weight_offset,
                     std::int64_t most_transferred)
    : network_(network),
      segment_(segment),
      machine_(machine),
      graph_(segment.graph),
      node_labels_(labels_of(segment.graph.nodes)),
      tensor_labels_(labels_of(segment.graph.tensors)),
      placement_(segment.placement),
      memory_(segment.memory),
      external_(external),
      targets_(targets),
      kept_(kept),
      builder_(builder),
      weight_offset_(weight_offset),
      most_transferred_(most_transferred) {}

Milestones Generator::run(const Milestones& before) {
    add_weights();
    add_params();
    find_transfers();
    find_holdings();
    add_landings();
    add_outboxes();
    add_stages();
    if (memory_.serial) {
        add_turns();
    }

    early_write_flows(before);
    write_flows(segment_.joined ? before : Milestones{});
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
        if (memory_.input_landings[i] >= 0) {
            input_rows(static_cast<int>(i), memory_.input_landings[i]);
        }
        for (std::size_t relay = 0; relay < memory_.relays[i].size() && memory_.input_landings[i] >= 0; ++relay) {
            relay_flow(static_cast<int>(i), static_cast<int>(relay));
        }
    }
    for (std::size_t l = 0; l < memory_.landings.size(); ++l) {
        const auto landing = static_cast<int>(l);
        if (landings_[l].pad >= 0) {
            pad_flow(landing);
        }
        if (memory_.landings[l].from >= 0) {
            forward_flow(landing);
        } else if (memory_.landings[l].node >= 0) {
            input_flows(landing);
        }
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        const auto index = static_cast<int>(i);
        for (std::size_t input = 0; input < stages_[i].size(); ++input) {
            for (std::size_t reader = 0; reader < stages_[i][input].size(); ++reader) {
                stage_flow(index, static_cast<int>(input), static_cast<int>(reader));
            }
        }
        if (node(index).kind == NodeKind::Conv) {
            conv_flows(index);
        }
        for (std::size_t part = 0; node(index).kind != NodeKind::Conv && part < placement_[i].parts.size(); ++part) {
            digital_flow(index, static_cast<int>(part));
        }
        if (memory_.serial && turns_[i] >= 0) {
            turn_flow(index);
        }
    }
    transfer_flows();
    for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
        if (memory_.output_landings[i] >= 0 && !memory_.landings[at(memory_.output_landings[i])].kept) {
            flush_flow(static_cast<int>(i));
        }
    }
    return std::move(milestones_);
}

TensorId Generator::tensor_of(const Landing& landing) const {
    const auto among = [&](const std::vector<int>& landings, const std::vector<TensorId>& ids) {
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (landings[i] >= 0 && &memory_.landings[at(landings[i])] == &landing) {
                return ids[i];
            }
        }
        return -1;
    };
    switch (landing.node) {
        case network_output: return among(memory_.output_landings, graph_.outputs);
        case network_input: return among(memory_.input_landings, graph_.inputs);
        default: return node(landing.node).inputs[at(landing.input)];
    }
}

int Generator::op_of_input(int input) const {
    const TensorId mapped = segment_.mapped[at(graph_.inputs[at(input)])];
    for (std::size_t i = 0; i < network_.inputs.size(); ++i) {
        if (network_.inputs[i] == mapped) {
            return static_cast<int>(network_.nodes.size() + i);
        }
    }
    // What another segment left belongs to the first who reads it.
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        const std::vector<TensorId>& inputs = graph_.nodes[i].inputs;
        if (std::find(inputs.begin(), inputs.end(), graph_.inputs[at(input)]) != inputs.end()) {
            return op_of(static_cast<int>(i));
        }
    }
    return 0;
}

int Generator::op_of_output(int output) const {
    const TensorId mapped = segment_.mapped[at(graph_.outputs[at(output)])];
    for (std::size_t i = 0; i < network_.outputs.size(); ++i) {
        if (network_.outputs[i] == mapped) {
            return static_cast<int>(network_.nodes.size() + network_.inputs.size() + i);
        }
    }
    return op_of(producers_of(graph_)[at(graph_.outputs[at(output)])]);
}

void Generator::add_weights() {
    // Copies of a Conv share their weights.
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        weights_.emplace_back();
        for (const Tile& tile : placement_[i].tiles) {
            if (tile.copy > 0) {
                break;
            }
            isa::Weight weight;
            weight.name = builder_.name(fmt::format("{}.w{}", node_labels_[i], weights_.back().size()));
            weight.rows = tile.rows;
            weight.cols = tile.cols;
            weight.bits = 8;
            weight.ext_offset = weight_offset_;
            weight_offset_ += align_external(static_cast<std::int64_t>(tile.rows) * tile.cols);
            weights_.back().push_back(static_cast<isa::Index>(builder_.program.weights.size()));
            builder_.program.weights.push_back(std::move(weight));
        }
    }
}

isa::Param Generator::param_of(int index) const {
    const QuantNode& n = node(index);
    const QuantTensor& out = tensor(n.output);
    isa::Param param;
    param.name = builder_.name(label(index) + ".q");
    param.zero = out.quant.zero;
    param.lo = n.lo;
    param.hi = n.hi;
    const QuantParams& in = tensor(n.inputs[0]).quant;
    switch (n.kind) {
        case NodeKind::Conv:
            param.bias = n.bias;
            param.scale = n.scale;
            param.negative_scale = n.negative_scale;
            break;
        case NodeKind::Add:
            param.bias = {in.zero, tensor(n.inputs[1]).quant.zero};
            param.scale = {in.scale, tensor(n.inputs[1]).quant.scale, out.quant.scale};
            break;
        case NodeKind::Mul:
            param.bias = {in.zero, tensor(n.inputs[1]).quant.zero};
            param.scale = n.scale;
            break;
        case NodeKind::AveragePool:
            param.bias = {in.zero};
            param.scale = n.scale;
            if (adds_up_rows(graph_, n)) {
                const std::int32_t pixels = n.kernel_h * n.kernel_w;
                const auto channels = static_cast<std::size_t>(out.shape.c);
                param.bias.assign(channels, -in.zero * pixels);
                param.scale.assign(channels, n.scale[0] / static_cast<float>(pixels));
            }
            break;
        case NodeKind::PRelu:
            param.bias = {in.zero};
            param.scale = n.scale;
            param.negative_scale = n.negative_scale;
            break;
        case NodeKind::Softmax:
            param.bias = {in.zero};
            param.scale = {in.scale, out.quant.scale};
            break;
        case NodeKind::Lut:
            param.bias.assign(n.table.begin(), n.table.end());
            param.lo = 0;
            param.hi = 255;
            break;
        case NodeKind::MaxPool:
        case NodeKind::Clip:
        case NodeKind::Concat: break;
    }
    return param;
}

void Generator::add_params() {
    for (int i = 0; i < static_cast<int>(graph_.nodes.size()); ++i) {
        const QuantNode& n = node(i);
        const bool none = n.kind == NodeKind::MaxPool || n.kind == NodeKind::Clip || n.kind == NodeKind::Concat ||
                          (n.kind == NodeKind::Conv && tensor(n.output).element_bytes > 1);
        params_.push_back(none ? -1 : static_cast<isa::Index>(builder_.program.params.size()));
        if (!none) {
            builder_.program.params.push_back(param_of(i));
        }
    }
}

void Generator::add_landings() {
    std::vector<int> first_feeders(memory_.landings.size(), isa::chip);
    for (const Transfer& transfer : transfers_) {
        if (transfer.feeder == 0) {
            first_feeders[at(transfer.landing)] = part_of(transfer).core;
        }
    }
    for (std::size_t l = 0; l < memory_.landings.size(); ++l) {
        const Landing& landing = memory_.landings[l];
        LandingCode& code = landings_[l];
        first_feeders[l] = landing.from >= 0 ? landing.from : first_feeders[l];
        if (landing.node == network_output) {
            code.name = label_of_tensor(tensor_of(landing)) + ".out";
        } else if (landing.node == network_input) {
            code.name = label_of_tensor(tensor_of(landing)) + ".in";
        } else {
            code.name = label(landing.node) + (landing.input > 0 ? ".b" : ".a");
            if (landing.place != isa::chip) {
                code.name += fmt::format(".{}.{}{}", landing.place, landing.c0, tag_of(landing));
            }
        }
        code.buffer = landing.kept ? kept_of(tensor_of(landing)).map->buffer
                                   : builder_.buffer(code.name, landing.place, landing.offset, landing.bytes());
        const int waiter = landing.readers.size() == 1 ? landing.readers[0] : landing.place;
        code.ready = builder_.counter(code.name + ".ready", code.feeders, waiter, isa::CounterRole::Data);
        code.freed = builder_.counter(code.name + ".freed", static_cast<std::int64_t>(landing.readers.size()), first_feeders[l],
                                      isa::CounterRole::Space);
        if (!landing.flat && landing.reading.padded()) {
            code.pad = builder_.counter(code.name + ".pad", 1, landing.place, isa::CounterRole::Data);
        }
    }
}

std::string Generator::tag_of(const Landing& landing) const {
    if (node(landing.node).kind == NodeKind::Conv) {
        return tag(landing.reading.y0, landing.reading.x0);
    }
    // The vector of a product lies beside each part.
    std::size_t part = 0;
    while (&memory_.landings[at(memory_.nodes[at(landing.node)].landings[at(landing.input)][part])] != &landing) {
        ++part;
    }
    const Grid& grid = placement_[at(landing.node)].parts[part].grid;
    return tag(grid.y0, grid.x0);
}

OutboxCode Generator::outbox_code(const std::string& name, const Outbox& outbox, int senders) {
    OutboxCode code;
    code.senders = senders;
    code.buffer = builder_.buffer(name, outbox.core, outbox.offset, static_cast<std::int64_t>(outbox.slots) * outbox.pitch);
    code.out = builder_.counter(name + ".ready", 1, outbox.core, isa::CounterRole::Data);
    code.sent = builder_.counter(name + ".sent", std::max(1, senders), outbox.core, isa::CounterRole::Space);
    return code;
}

void Generator::add_outboxes() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        for (std::size_t p = 0; p < placement_[i].parts.size(); ++p) {
            const Part& part = placement_[i].parts[p];
            const std::string name = fmt::format("{}.out.{}{}", node_labels_[i], part.c0, tag(part.grid.y0, part.grid.x0));
            outboxes_[i][p] = outbox_code(name, memory_.nodes[i].outboxes[p], outboxes_[i][p].senders);
        }
    }
    for (std::size_t i = 0; i < relays_.size(); ++i) {
        for (std::size_t r = 0; r < relays_[i].size(); ++r) {
            if (memory_.held(static_cast<int>(i))) {
                const KeptCode& kept = *kept_of(graph_.inputs[i]).map;
                relays_[i][r].buffer = kept.shares[r];
                if (kept.taken_in >= 0 && kept.taken_in == builder_.segment) {
                    relays_[i][r].out = kept.ready[r];
                    relays_[i][r].feeders = kept.feeders[r];
                }
                continue;
            }
            const std::string name = fmt::format("{}.relay.{}", label_of_tensor(graph_.inputs[i]), r);
            relays_[i][r] = outbox_code(name, memory_.relays[i][r], relays_[i][r].senders);
        }
    }
}

void Generator::add_stages() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        stages_.emplace_back(memory_.nodes[i].stages.size());
        for (std::size_t input = 0; input < stages_[i].size(); ++input) {
            for (const Stage& stage : memory_.nodes[i].stages[input]) {
                const std::string name = fmt::format("{}{}.stage{}", node_labels_[i], input > 0 ? ".b" : "", stages_[i][input].size());
                StageCode code;
                code.buffer = builder_.buffer(name, stage.core, stage.offset, stage.slots * align4(stage.bytes));
                code.staged = builder_.counter(name + ".staged", 1, stage.core, isa::CounterRole::Data);
                code.free = builder_.counter(name + ".free", 1, stage.core, isa::CounterRole::Space);
                stages_[i][input].push_back(code);
            }
        }
    }
}

void Generator::add_turns() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
        const bool works = graph_.nodes[i].kind != NodeKind::Concat;
        turns_.push_back(works ? builder_.counter(node_labels_[i] + ".given", 1, isa::chip, isa::CounterRole::Data) : -1);
    }
}

}  // namespace cim::compiler

#include "compiler/codegen/generate.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"
#include "compiler/codegen/labels.h"
#include "compiler/codegen/weights.h"
#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/mode.h"
#include "compiler/scheduling/cg/joining.h"

namespace cim::compiler {

namespace {

constexpr std::int64_t most_images_in_memory = 1 << 16;

/// Bytes of all weights in external memory.
std::int64_t weight_bytes(const Schedule& schedule) {
    std::int64_t bytes = 0;
    for (const Segment& segment : schedule.segments) {
        for (const NodePlacement& placement : segment.placement) {
            for (const Tile& tile : placement.tiles) {
                bytes += align_external(static_cast<std::int64_t>(tile.rows) * tile.cols);
            }
        }
    }
    return bytes;
}

/// Gives the tensors in external memory their places behind the weights: outputs, inputs, then those between segments.
class ExternalMemory {
  public:
    ExternalMemory(const QuantGraph& graph, const hw::Machine& machine, std::int64_t first)
        : graph_(graph), offset_(first), external_(graph.tensors.size()) {
        machine_ = &machine;
    }

    void place(isa::Program& program, const std::vector<TensorId>& spills) {
        // Each tensor grows with the batch: room for as many images as external memory holds.
        std::int64_t an_image = 0;
        std::int64_t tensors = 0;
        for (const auto* list : {&graph_.outputs, &graph_.inputs, &spills}) {
            for (const TensorId id : *list) {
                an_image += bytes(id);
                ++tensors;
            }
        }
        const hw::Limit& size = machine_->chip.external_memory.size;
        const std::int64_t room = size.ideal ? most_images_in_memory * an_image : size.value - offset_ - external_alignment * tensors;
        images_ = std::min(most_images_in_memory, room / std::max<std::int64_t>(1, an_image));
        if (images_ < 1) {
            throw InputError(fmt::format("machine '{}': network '{}' needs {} bytes of external memory, it has {}", machine_->name,
                                         graph_.name, offset_ + an_image, size.value));
        }
        add(graph_.outputs, program.outputs);
        add(graph_.inputs, program.inputs);
        add(spills, program.spills);
    }

    const std::vector<ExternalTensor>& tensors() const { return external_; }

  private:
    std::int64_t bytes(TensorId id) const {
        const QuantTensor& t = graph_.tensors[at(id)];
        return t.shape.count() * t.element_bytes;
    }

    void add(const std::vector<TensorId>& list, std::vector<isa::Tensor>& table) {
        for (const TensorId id : list) {
            const QuantTensor& t = graph_.tensors[at(id)];
            std::vector<std::int64_t> shape = t.onnx_shape;
            if (shape.empty()) {
                shape = {1, t.shape.c, t.shape.h, t.shape.w};
            }
            table.push_back({t.name, shape, t.quant.scale, t.quant.zero, offset_, bytes(id)});
            external_[at(id)] = {true, offset_, bytes(id), t.shape.c * t.element_bytes};
            offset_ = align_external(offset_ + images_ * bytes(id));
        }
    }

    const QuantGraph& graph_;
    const hw::Machine* machine_;
    std::int64_t offset_;
    std::int64_t images_ = 0;
    std::vector<ExternalTensor> external_;
};

/// Where the bytes of each tensor go in external memory: to its own place, and into Concats that lie there.
std::vector<std::vector<ExternalTarget>> targets_of(const QuantGraph& graph, const std::vector<ExternalTensor>& external) {
    const std::vector<NodeId> producers = producers_of(graph);
    std::vector<std::vector<ExternalTarget>> targets(graph.tensors.size());
    for (TensorId id = 0; id < static_cast<TensorId>(graph.tensors.size()); ++id) {
        if (external[at(id)].used) {
            for (const ViewPart& part : view_of(graph, producers, id)) {
                targets[at(part.tensor)].push_back({external[at(id)], part.c0});
            }
        }
    }
    return targets;
}

/// The buffers of a map that stays. `numbers`: by segment, which of the program it belongs to.
KeptCode kept_code(const Kept& map, const std::string& label, const std::vector<int>& numbers, ProgramBuilder& builder) {
    KeptCode code;
    code.map = &map;
    const int first = numbers[at(map.first)];
    const int last = numbers[at(map.last)];
    for (std::size_t h = 0; h < map.holders.size(); ++h) {
        const Outbox& rows = map.holders[h].rows;
        code.shares.push_back(builder.kept(fmt::format("{}.held.{}", label, h), rows.core, rows.offset,
                                           static_cast<std::int64_t>(rows.slots) * rows.pitch, first, last));
    }
    code.feeders.assign(code.shares.size(), 0);
    if (map.holders.empty()) {
        code.buffer = builder.kept(label + ".kept", isa::chip, map.offset, map.bytes, first, last);
    }
    return code;
}

/// Gives those maps counters of what has come that a segment takes while another one of the same segment of the program gives them.
void count_feeders(const Schedule& schedule, const std::vector<int>& numbers, const std::vector<KeptTensor>& kept,
                   ProgramBuilder& builder) {
    std::map<KeptCode*, int> given_in;
    std::map<KeptCode*, std::vector<std::int64_t>> feeders;
    for (std::size_t s = 0; s < schedule.segments.size(); ++s) {
        const Segment& segment = schedule.segments[s];
        for (std::size_t n = 0; n < segment.graph.nodes.size(); ++n) {
            const TensorId output = segment.graph.nodes[n].output;
            const KeptTensor& tensor = kept[at(segment.mapped[at(output)])];
            const bool leaves =
                std::find(segment.graph.outputs.begin(), segment.graph.outputs.end(), output) != segment.graph.outputs.end();
            if (tensor.map == nullptr || tensor.map->shares.empty() || !leaves) {
                continue;
            }
            given_in[tensor.map] = numbers[s];
            std::vector<std::int64_t>& of_holders = feeders[tensor.map];
            of_holders.resize(tensor.map->shares.size(), 0);
            for (const Part& part : segment.placement[n].parts) {
                for (std::size_t h = 0; h < of_holders.size(); ++h) {
                    of_holders[h] += HeldShare(part, tensor.c0, tensor.map->map->holders[h].part).any() ? 1 : 0;
                }
            }
        }
        for (const TensorId input : segment.graph.inputs) {
            KeptCode* map = kept[at(segment.mapped[at(input)])].map;
            if (map == nullptr || map->taken_in >= 0 || given_in.count(map) == 0 || given_in[map] != numbers[s]) {
                continue;
            }
            map->taken_in = numbers[s];
            for (std::size_t h = 0; h < map->shares.size(); ++h) {
                const Holder& holder = map->map->holders[h];
                map->ready.push_back(builder.counter(builder.program.buffers[at(map->shares[h])].name + ".ready", feeders[map][h],
                                                     holder.part.core, isa::CounterRole::Data));
            }
        }
    }
}

}  // namespace

isa::Program generate_flows(const QuantGraph& network, const Schedule& schedule, const hw::Machine& machine,
                            std::int64_t most_transferred) {
    ProgramBuilder builder;
    isa::Program& program = builder.program;
    program.name = network.name;
    program.machine = machine.name;
    program.machine_hash = machine.hash;
    program.mode = program_mode(machine.mode);
    program.operators = operators_of(network);
    const std::int64_t weights = weight_bytes(schedule);
    if (weights > 0) {
        builder.external("weights", 0, weights);
    }
    const QuantGraph& mapped = schedule.network.graph;
    const std::vector<std::string> labels = labels_of(mapped.tensors);
    const std::vector<int> numbers = program_segments(schedule);
    std::vector<KeptTensor> kept(mapped.tensors.size());
    std::vector<KeptCode> codes;
    codes.reserve(schedule.kept.size());
    for (const Kept& map : schedule.kept) {
        codes.push_back(kept_code(map, labels[at(map.tensor)], numbers, builder));
        for (const ViewPart& part : map.parts) {
            kept[at(part.tensor)] = {&codes.back(), part.c0};
        }
        kept[at(map.tensor)] = {&codes.back(), 0};
        program.batch_limit = std::min(program.batch_limit.value_or(map.images), map.images);
    }
    count_feeders(schedule, numbers, kept, builder);
    ExternalMemory memory(mapped, machine, weights);
    std::vector<TensorId> spills = passed_on(schedule);
    spills.erase(std::remove_if(spills.begin(), spills.end(), [&](TensorId id) { return kept[at(id)].map != nullptr; }), spills.end());
    memory.place(program, spills);
    const std::vector<std::vector<ExternalTarget>> targets = targets_of(mapped, memory.tensors());
    const bool several = schedule.segments.size() > 1;
    std::int64_t weight_offset = 0;
    Milestones before;
    for (std::size_t i = 0; i < schedule.segments.size(); ++i) {
        if (several) {
            builder.enter_segment(numbers[i], static_cast<int>(i));
        }
        Generator generator(network, schedule.segments[i], machine, memory.tensors(), targets, kept, builder, weight_offset,
                            most_transferred);
        Milestones own = generator.run(before);
        if (schedule.segments[i].joined) {
            before.add(std::move(own));
        } else {
            before = std::move(own);
        }
    }
    return std::move(program);
}

isa::Program generate(const QuantGraph& network, const Schedule& schedule, const hw::Machine& machine) {
    isa::Program program = generate_flows(network, schedule, machine);
    fill_weights(program, network, schedule);
    return program;
}

}  // namespace cim::compiler

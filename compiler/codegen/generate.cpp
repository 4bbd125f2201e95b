#include "compiler/codegen/generate.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/codegen/generator.h"
#include "compiler/codegen/labels.h"
#include "compiler/codegen/weights.h"
#include "compiler/error.h"
#include "compiler/ir/index.h"
#include "compiler/mapping/alignment.h"
#include "compiler/mode.h"

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
    std::vector<isa::Index> kept(mapped.tensors.size(), -1);
    for (const Kept& map : schedule.kept) {
        kept[at(map.tensor)] = builder.kept(labels[at(map.tensor)] + ".kept", map.offset, map.bytes, map.first, map.last);
        for (const TensorId part : map.parts) {
            kept[at(part)] = kept[at(map.tensor)];
        }
    }
    if (!schedule.kept.empty()) {
        program.batch_limit = schedule.kept.front().images;
    }
    ExternalMemory memory(mapped, machine, weights);
    std::vector<TensorId> spills = passed_on(schedule);
    spills.erase(std::remove_if(spills.begin(), spills.end(), [&](TensorId id) { return kept[at(id)] >= 0; }), spills.end());
    memory.place(program, spills);
    const std::vector<std::vector<ExternalTarget>> targets = targets_of(mapped, memory.tensors());
    const bool several = schedule.segments.size() > 1;
    std::int64_t weight_offset = 0;
    Milestones before;
    for (std::size_t i = 0; i < schedule.segments.size(); ++i) {
        if (several) {
            builder.enter_segment(static_cast<isa::Index>(i));
        }
        Generator generator(network, schedule.segments[i], machine, memory.tensors(), targets, kept, builder, weight_offset,
                            most_transferred);
        before = generator.run(before);
    }
    return std::move(program);
}

isa::Program generate(const QuantGraph& network, const Schedule& schedule, const hw::Machine& machine) {
    isa::Program program = generate_flows(network, schedule, machine);
    fill_weights(program, network, schedule);
    return program;
}

}  // namespace cim::compiler

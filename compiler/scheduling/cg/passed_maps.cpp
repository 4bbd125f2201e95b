#include "compiler/scheduling/cg/passed_maps.h"

#include <algorithm>
#include <climits>
#include <utility>

#include "compiler/ir/index.h"
#include "isa/bounds.h"

namespace cim::compiler {

std::vector<bool> may_stay(const QuantGraph& mapped) {
    std::vector<bool> stays(mapped.tensors.size(), true);
    for (const TensorId input : mapped.inputs) {
        stays[at(input)] = false;
    }
    const std::vector<NodeId> producers = producers_of(mapped);
    for (const TensorId output : mapped.outputs) {
        stays[at(output)] = false;
        for (const ViewPart& part : view_of(mapped, producers, output)) {
            stays[at(part.tensor)] = false;
        }
    }
    return stays;
}

std::vector<PassedMap> passed_maps(const Schedule& schedule, std::int64_t batch) {
    const QuantGraph& graph = schedule.network.graph;
    const std::vector<NodeId> producers = producers_of(graph);
    const std::vector<TensorId> passed = passed_on(schedule);
    std::vector<int> wholes(graph.tensors.size(), 0);  // that a part is in, outputs of the network included
    for (const auto* list : {&graph.outputs, &passed}) {
        for (const TensorId id : *list) {
            for (const ViewPart& part : view_of(graph, producers, id)) {
                ++wholes[at(part.tensor)];
            }
        }
    }
    std::vector<PassedMap> maps;
    std::vector<int> map_of(graph.tensors.size(), -1);
    for (const TensorId id : passed) {
        const QuantTensor& tensor = graph.tensors[at(id)];
        PassedMap map{id, {tensor.shape.count() * tensor.element_bytes, INT_MAX, 0, 0}, view_of(graph, producers, id), {}, {}};
        const bool alone = std::all_of(map.parts.begin(), map.parts.end(), [&](const ViewPart& part) {
            return producers[at(part.tensor)] >= 0 && wholes[at(part.tensor)] == 1;
        });
        // A program counts rows of the whole batch.
        if (alone && tensor.shape.h <= isa::max_number / std::max(batch, ample_images)) {
            map_of[at(id)] = static_cast<int>(maps.size());
            maps.push_back(std::move(map));
        }
    }
    std::vector<PassedMap::End> given(graph.tensors.size());
    for (std::size_t s = 0; s < schedule.segments.size(); ++s) {
        const Segment& segment = schedule.segments[s];
        const auto number = static_cast<int>(s);
        for (std::size_t i = 0; i < segment.graph.outputs.size(); ++i) {
            given[at(segment.mapped[at(segment.graph.outputs[i])])] = {number, static_cast<int>(i)};
        }
        for (std::size_t i = 0; i < segment.graph.inputs.size(); ++i) {
            if (const int known = map_of[at(segment.mapped[at(segment.graph.inputs[i])])]; known >= 0) {
                PassedMap& map = maps[at(known)];
                map.life.last = number;
                ++map.life.readers;
                map.readers.push_back({number, static_cast<int>(i)});
            }
        }
    }
    for (PassedMap& map : maps) {
        for (const ViewPart& part : map.parts) {
            map.givers.push_back(given[at(part.tensor)]);
            map.life.first = std::min(map.life.first, map.givers.back().segment);
        }
    }
    return maps;
}

}  // namespace cim::compiler
